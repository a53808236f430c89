//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// launch is how long after the runner's own start its processes started.
type launch struct {
	first, last time.Duration
}

func (b bench) launch(ctx context.Context, t tool, processes int) (launch, error) {
	s, null, err := b.idle(ctx, t, processes)
	if err != nil {
		return launch{}, err
	}
	defer null.Close()
	defer s.end()
	result := launch{first: s.children[0].started.Sub(s.begun)}
	for _, c := range s.children {
		result.first = min(result.first, c.started.Sub(s.begun))
		result.last = max(result.last, c.started.Sub(s.begun))
	}
	return result, nil
}

// idle runs t with processes that do nothing, and returns when all of them run.
func (b bench) idle(ctx context.Context, t tool, processes int) (*session, *os.File, error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, nil, err
	}
	s, err := b.start(t, processes, null, "idle")
	if err != nil {
		return nil, nil, err
	}
	if err := s.await(ctx); err != nil {
		s.end()
		return nil, nil, err
	}
	return s, null, nil
}

// stop is how a runner has ended after a signal.
type stop struct {
	took time.Duration
	code int
	left int // processes alive when the runner had ended
}

func (b bench) stop(ctx context.Context, t tool, processes int, signal syscall.Signal) (stop, error) {
	s, null, err := b.idle(ctx, t, processes)
	if err != nil {
		return stop{}, err
	}
	defer null.Close()
	begun := time.Now()
	if err := s.cmd.Process.Signal(signal); err != nil {
		return stop{}, err
	}
	if err := s.wait(); err != nil {
		s.end()
		return stop{}, err
	}
	result := stop{took: s.took - begun.Sub(s.begun), code: s.cmd.ProcessState.ExitCode()}
	result.left = s.end()
	return result, nil
}

// rest is what a runner costs while its processes do nothing.
type rest struct {
	processes int
	pssMB     float64
	cpu       time.Duration // in a second
}

func (b bench) rest(ctx context.Context, t tool, processes int, during time.Duration) (rest, error) {
	s, null, err := b.idle(ctx, t, processes)
	if err != nil {
		return rest{}, err
	}
	defer null.Close()
	defer s.end()
	s.drained()
	before := s.cpu()
	select {
	case <-ctx.Done():
		return rest{}, ctx.Err()
	case <-time.After(during):
	}
	result := rest{cpu: time.Duration(float64(s.cpu()-before) / during.Seconds())}
	for _, p := range s.runners() {
		result.processes++
		result.pssMB += float64(p.kilobytes("smaps_rollup", "Pss")) / 1024
	}
	return result, nil
}

// once is how long a command takes from its start to its end.
func (b bench) once(t tool, args []string) (time.Duration, error) {
	dir, err := os.MkdirTemp(b.dir, "p")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	p := project{dir: dir}
	if err := os.WriteFile(p.procfile(), []byte("p0: true\n"), 0o600); err != nil {
		return 0, err
	}
	cmd := command(t, dir, args)
	begun := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("%s %v: %v", t.name, args, err)
	}
	return time.Since(begun), nil
}

func shell() (tool, error) {
	path, err := exec.LookPath("sh")
	return tool{name: "sh -c true", path: path, run: []string{"-c", "true"}}, err
}
