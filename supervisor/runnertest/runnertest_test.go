//go:build unix

package runnertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/devrun/devrun/supervisor"
)

// fault is what is wrong with a runner.
type fault string

const (
	none        fault = ""
	asksLeader  fault = "asks the leader only"
	killsLeader fault = "kills the leader only"
	rude        fault = "kills without asking"
	patient     fault = "never kills"
	hurried     fault = "kills the others when the leader has ended"
	cutsOutput  fault = "reads no more when the leader has ended"
	noStatus    fault = "forgets the status"
	noSignal    fault = "has no status for a signal"
	splits      fault = "reads errors from a pipe of their own"
	lateExit    fault = "tells the exit when all has ended"
	forgetful   fault = "leaves leftovers alone"
	early       fault = "is done when the leader has ended"
	wide        fault = "stops all that it has started"
	once        fault = "does nothing at a second stop"
)

// runner is a small runner that knows the process group and nothing more, with
// a fault.
type runner struct {
	fault   fault
	mu      sync.Mutex
	started []*group
}

// group is one process of a runner. It is done when its output ends: all its
// descendants hold that.
type group struct {
	*runner
	cmd          *exec.Cmd
	stopped      atomic.Bool
	exited, done chan struct{}
	err          error
}

type exitError int

func (s exitError) Error() string { return fmt.Sprintf("status %d", int(s)) }
func (s exitError) ExitCode() int { return int(s) }

func (r *runner) start(t *testing.T, command string, out io.ReaderFrom) supervisor.Running {
	t.Helper()
	g := &group{runner: r, exited: make(chan struct{}), done: make(chan struct{})}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if r.fault == splits {
		command = "exec 3>&1; { " + command + "\n} 2>&1 >&3 | { sleep 1; cat; }"
	}
	g.cmd = exec.Command("/bin/sh", "-c", command)
	g.cmd.Stdout, g.cmd.Stderr = write, write
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := g.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = write.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.started = append(r.started, g)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = out.ReadFrom(read)
	}()
	go g.wait(read, ended)
	return g
}

func (g *group) wait(read io.Closer, ended <-chan struct{}) {
	defer close(g.done)
	g.err = g.status(g.cmd.Wait())
	switch g.fault {
	case cutsOutput:
		_ = read.Close()
	case lateExit:
		<-ended
	case hurried:
		_ = syscall.Kill(-g.Pid(), syscall.SIGKILL)
	default:
	}
	close(g.exited)
	if g.fault != early {
		<-ended
	}
}

func (g *group) status(err error) error {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || g.fault == noStatus {
		return nil
	}
	w, ok := exit.Sys().(syscall.WaitStatus)
	if ok && w.Signaled() && g.fault != noSignal {
		return exitError(128 + int(w.Signal()))
	}
	return exitError(exit.ExitCode())
}

func (g *group) Exited() <-chan struct{} { return g.exited }
func (g *group) Done() <-chan struct{}   { return g.done }
func (g *group) Err() error              { return g.err }
func (g *group) Pid() int                { return g.cmd.Process.Pid }

func (g *group) Stop(patience context.Context) {
	switch g.fault {
	case once:
		if !g.stopped.Swap(true) {
			g.stop(patience)
		}
	case wide:
		g.mu.Lock()
		defer g.mu.Unlock()
		for _, other := range g.started {
			other.stop(patience)
		}
	default:
		g.stop(patience)
	}
}

func (g *group) stop(patience context.Context) {
	all, leader := -g.Pid(), g.Pid()
	switch {
	case closed(g.done), closed(g.exited) && g.fault == forgetful:
		return
	case g.fault == asksLeader:
		_ = syscall.Kill(leader, syscall.SIGTERM)
	case g.fault == rude:
		_ = syscall.Kill(all, syscall.SIGKILL)
	default:
		_ = syscall.Kill(all, syscall.SIGTERM)
	}
	select {
	case <-g.done:
	case <-patience.Done():
		switch g.fault {
		case patient:
		case killsLeader:
			_ = syscall.Kill(leader, syscall.SIGKILL)
		default:
			_ = syscall.Kill(all, syscall.SIGKILL)
		}
		<-g.done
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

const sessions = "stop leaves nothing that left its session"

// A runner without a fault keeps every promise, but for the one that a process
// group cannot keep.
func TestGoodRunner(t *testing.T) {
	t.Parallel()
	for _, c := range cases {
		t.Run(c.promise, func(t *testing.T) {
			t.Parallel()
			if c.promise == sessions {
				t.Skip("out of reach of a process group")
			}
			if err := c.check(newTrial(t, new(runner).start, limit)); err != nil {
				t.Error(err)
			}
		})
	}
}

// Every fault is found, by the check of the promise that it breaks. They are
// tried all at once: most of them spend their time waiting.
func TestFaultyRunners(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	defer all.Wait()
	for f, promise := range map[fault]string{
		asksLeader:  "stop gives a child its time",
		killsLeader: "stop leaves nothing",
		rude:        "stop is polite",
		patient:     "stop kills when patience ends",
		hurried:     "stop gives a child its time",
		cutsOutput:  "stop gives leftovers their time",
		noStatus:    "status is the leader's own",
		noSignal:    "status is the leader's own",
		splits:      "output is in order",
		lateExit:    "exit is told while children live on",
		forgetful:   "stop gives leftovers their time",
		early:       "stop gives a child its time",
		wide:        "stop leaves others alone",
		once:        "stop twice",
		none:        sessions,
	} {
		r := &runner{fault: f}
		l := newTrial(t, r.start, 3*time.Second)
		all.Go(func() {
			err := check(promise)(l)
			switch {
			case err == nil:
				t.Errorf("a runner that %q passes %q", f, promise)
			case errors.Is(err, errSkipped):
				t.Log(err)
			default:
				t.Logf("a runner that %q: %v", f, err)
			}
		})
	}
}

func check(promise string) func(*trial) error {
	for _, c := range cases {
		if c.promise == promise {
			return c.check
		}
	}
	return func(*trial) error { return nil }
}
