//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long anything may take before the benchmark calls it failed.
const patience = 30 * time.Second

// bench makes sessions.
type bench struct {
	dir string // scratch
	gen string // the program that the runners run
}

// session is one run of one tool: the runner, and the connections to the
// processes that it runs.
type session struct {
	project  project
	cmd      *exec.Cmd
	begun    time.Time
	ended    chan struct{} // closed when the runner has ended
	took     time.Duration // from begun to the runner's end; valid after ended
	gate     *net.UnixListener
	children []child
	gen      string
}

// child is one process that the runner runs.
type child struct {
	conn    net.Conn
	lines   *bufio.Reader
	started time.Time
}

// start runs t with n processes, each `gen mode ID rest`, and stdout going to
// out. The caller calls end.
func (b bench) start(t tool, n int, out *os.File, mode string, rest ...string) (*session, error) {
	dir, err := os.MkdirTemp(b.dir, "p")
	if err != nil {
		return nil, err
	}
	s := &session{project: project{dir: dir}, ended: make(chan struct{}), gen: b.gen}
	socket := filepath.Join(dir, "gate")
	s.gate, err = net.ListenUnix("unix", &net.UnixAddr{Name: socket})
	if err != nil {
		return nil, err
	}
	var procfile strings.Builder
	for i := range n {
		words := append([]string{b.gen, socket, mode, strconv.Itoa(i)}, rest...)
		s.project.commands = append(s.project.commands, strings.Join(words, " "))
		fmt.Fprintf(&procfile, "p%d: %s\n", i, strings.Join(words, " "))
	}
	if err := os.WriteFile(s.project.procfile(), []byte(procfile.String()), 0o600); err != nil {
		return nil, err
	}
	voice, err := os.Create(filepath.Join(dir, "stderr"))
	if err != nil {
		return nil, err
	}
	defer voice.Close()

	s.cmd = command(t, dir, t.start(s.project))
	s.cmd.Stdout, s.cmd.Stderr = out, voice
	s.begun = time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		// How it ended is read from its state.
		_ = s.cmd.Wait()
		s.took = time.Since(s.begun)
		close(s.ended)
	}()
	return s, nil
}

// command is a runner in a session of its own, so that it has no terminal and a
// Ctrl-C for the benchmark is not one for it.
func command(t tool, dir string, args []string) *exec.Cmd {
	cmd := exec.Command(t.path, args...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}

// await waits until every process has connected.
func (s *session) await(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = s.gate.SetDeadline(time.Now()) })
	defer stop()
	if err := s.gate.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	for range s.project.commands {
		conn, err := s.gate.Accept()
		if err != nil {
			return fmt.Errorf("only %d of %d processes started: %s", len(s.children), len(s.project.commands), s.voice())
		}
		c := child{conn: conn, lines: bufio.NewReader(conn)}
		hello, err := c.lines.ReadString('\n')
		if err != nil {
			return err
		}
		_, stamp, _ := strings.Cut(strings.TrimSpace(hello), " ")
		nanos, err := strconv.ParseInt(stamp, 10, 64)
		if err != nil {
			return err
		}
		c.started = time.Unix(0, nanos)
		s.children = append(s.children, c)
	}
	return nil
}

// flood lets every process write what it has to and waits until the last one
// has.
func (s *session) flood() error {
	for _, c := range s.children {
		if _, err := c.conn.Write([]byte("!")); err != nil {
			return err
		}
	}
	for _, c := range s.children {
		if err := c.conn.SetReadDeadline(time.Now().Add(4 * patience)); err != nil {
			return err
		}
		if _, err := c.lines.ReadString('\n'); err != nil {
			return fmt.Errorf("a process was ended while it wrote: %s", s.voice())
		}
	}
	return nil
}

// release lets the processes end.
func (s *session) release() {
	for _, c := range s.children {
		_ = c.conn.Close()
	}
	s.children = nil
}

var errStillRunning = errors.New("did not end")

// wait waits for the runner's own end.
func (s *session) wait() error {
	select {
	case <-s.ended:
		return nil
	case <-time.After(patience):
		return errStillRunning
	}
}

// end ends whatever of the run is left and says how many of the processes the
// runner had left behind.
func (s *session) end() (left int) {
	select {
	case <-s.ended:
	default:
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
	for _, p := range tree(os.Getpid()) {
		if p.exe == s.gen {
			left++
		}
	}
	s.release()
	_ = s.gate.Close()
	// This process is a subreaper, so whatever lost its parent is now its child.
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		for _, p := range tree(os.Getpid()) {
			_ = unix.Kill(p.pid, unix.SIGKILL)
		}
		if _, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); err == unix.ECHILD {
			break
		}
	}
	_ = os.RemoveAll(s.project.dir)
	return left
}

// runners are the processes of this run that are the tool's own: neither what it
// was told to run nor the shell that it did so with.
func (s *session) runners() []process {
	return slices.DeleteFunc(tree(os.Getpid()), func(p process) bool {
		return p.exe == s.gen || p.isShell()
	})
}

// cpu is the processor time that the runner has used.
func (s *session) cpu() time.Duration {
	var sum time.Duration
	for _, p := range s.runners() {
		sum += p.cpu()
	}
	return sum
}

// voice is the last thing the runner said.
func (s *session) voice() string {
	text, err := os.ReadFile(filepath.Join(s.project.dir, "stderr"))
	if err != nil {
		return err.Error()
	}
	said := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strconv.Quote(said[len(said)-1])
}
