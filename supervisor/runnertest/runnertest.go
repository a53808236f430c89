// Package runnertest is the test that every runner has to pass: it holds what
// supervisor.Running promises against real processes.
package runnertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/devrun/devrun/supervisor"
)

// Running is what a runner hands over, under a name that a runner's test can
// use without importing the supervisor.
type Running = supervisor.Running

// limit is how long a step that takes a moment may take on a busy machine.
const limit = 20 * time.Second

// errSkipped is returned by a case that this machine cannot run.
var errSkipped = errors.New("skipped")

// Run tests a runner, each promise in a subtest. The function start starts
// command, which is for sh, with its standard output and standard error in one
// stream that out reads to its end, and fails the test if it cannot. A runner
// that gives its processes a terminal may turn "\n" into "\r\n".
//
// The commands use the shell, sleep, mkfifo and setsid (where there is one),
// and a folder below os.TempDir. They all end soon after that has been removed,
// so that a runner that fails leaves nothing for long.
func Run(t *testing.T, start func(t *testing.T, command string, out io.ReaderFrom) supervisor.Running) {
	t.Helper()
	for _, c := range cases {
		t.Run(strings.ReplaceAll(c.promise, " ", "_"), func(t *testing.T) {
			switch err := c.check(newTrial(t, start, limit)); {
			case errors.Is(err, errSkipped):
				t.Skip(err)
			case err != nil:
				t.Errorf("%s: %v", c.promise, err)
			}
		})
	}
}

// trial is one check of one promise.
type trial struct {
	t     *testing.T
	start func(t *testing.T, command string, out io.ReaderFrom) supervisor.Running
	limit time.Duration
	dir   string
	fifo  string // see hold
}

func newTrial(
	t *testing.T, start func(*testing.T, string, io.ReaderFrom) supervisor.Running, limit time.Duration,
) *trial {
	t.Helper()
	dir := t.TempDir()
	return &trial{t: t, start: start, limit: limit, dir: dir, fifo: filepath.Join(dir, "held")}
}

// subject is a process under test.
type subject struct {
	supervisor.Running
	*trial
	out *sink
}

// run starts lines of shell. They find in $dir the trial's folder, and a
// function stay that does nothing for as long as the trial lasts.
func (l *trial) run(lines ...string) *subject {
	quoted := "'" + strings.ReplaceAll(l.dir, "'", `'\''`) + "'"
	command := "dir=" + quoted + "; export dir\n" +
		`stay() { while [ -e "$dir" ]; do sleep 1; done; }` + "\n" +
		strings.Join(lines, "\n")
	out := newSink()
	s := &subject{Running: l.start(l.t, command, out), trial: l, out: out}
	l.t.Cleanup(func() {
		// After a check that went well this finds nothing to do. After
		// another, it may be that only the end of the folder ends them.
		if err := os.RemoveAll(l.dir); err != nil {
			l.t.Error(err)
		}
		patience, cancel := context.WithCancel(context.WithoutCancel(l.t.Context()))
		cancel()
		go s.Stop(patience)
		if err := l.wait(s.Done(), "Done"); err != nil {
			l.t.Logf("after the test: %v", err)
		}
	})
	return s
}

// The line of shell with which a process, and everything it starts from there
// on, begins to hold the trial's FIFO open.
const hold = `mkfifo "$dir/held" && echo made && exec 9>"$dir/held"`

// holders opens the FIFO that the subject holds. The channel is closed when
// nobody holds it any more: that is when the last of them has ended, wherever
// it has gone and whatever its name.
func (s *subject) holders() (<-chan struct{}, error) {
	if err := s.says("made"); err != nil {
		return nil, err
	}
	gone := make(chan struct{})
	opened := make(chan error, 1)
	go func() {
		f, err := os.Open(s.fifo)
		opened <- err
		if err != nil {
			return
		}
		defer close(gone)
		_, _ = io.Copy(io.Discard, f)
		_ = f.Close()
	}()
	select {
	case err := <-opened:
		return gone, err
	case <-time.After(s.limit):
		return nil, errors.New("the process did not open its FIFO")
	}
}

// says waits until the output has text in it.
func (s *subject) says(text string) error {
	expired := time.After(s.limit)
	for {
		got, more := s.out.text()
		if strings.Contains(got, text) {
			return nil
		}
		select {
		case <-more:
		case <-expired:
			return fmt.Errorf("no %q in its output after %v, but %q", text, s.limit, got)
		}
	}
}

// wait waits for a channel to be closed.
func (l *trial) wait(c <-chan struct{}, what string) error {
	select {
	case <-c:
		return nil
	case <-time.After(l.limit):
		return fmt.Errorf("%s is not closed after %v", what, l.limit)
	}
}

// ends waits until all is over, which must come without a Stop, and compares
// the status.
func (s *subject) ends(code int) error {
	if err := s.wait(s.Exited(), "Exited"); err != nil {
		return err
	}
	if err := s.wait(s.Done(), "Done"); err != nil {
		return err
	}
	return s.ended(code)
}

// ended checks what must hold once Done is closed.
func (s *subject) ended(code int) error {
	select {
	case <-s.Exited():
	default:
		return errors.New("closed is Done, but not Exited")
	}
	if s.out.reading() {
		return errors.New("closed is Done, but its output is still being read")
	}
	return s.status(code)
}

// status compares the code of the leader, as a supervisor reads it.
func (s *subject) status(want int) error {
	err := s.Err()
	if got := (supervisor.Event{Err: err}).Code(); got != want {
		return fmt.Errorf("status is %d (%v), want %d", got, err, want)
	}
	if want == 0 && err != nil {
		return fmt.Errorf("error is %v, want none after a clean exit", err)
	}
	return nil
}

// stopping calls Stop and returns a channel that tells what was wrong when it
// returned.
func (s *subject) stopping(patience context.Context) <-chan error {
	returned := make(chan error, 1)
	go func() {
		s.Stop(patience)
		select {
		case <-s.Done():
			returned <- nil
		default:
			returned <- errors.New("back from Stop, but Done is not closed")
		}
	}()
	return returned
}

// stop calls Stop and checks what must hold when it has returned.
func (s *subject) stop(patience context.Context, code int) error {
	return s.stopped(s.stopping(patience), code)
}

func (s *subject) stopped(returned <-chan error, code int) error {
	select {
	case err := <-returned:
		if err != nil {
			return err
		}
	case <-time.After(s.limit):
		return fmt.Errorf("no end of Stop after %v", s.limit)
	}
	return s.ended(code)
}

// impatient is a patience that is done already.
func (l *trial) impatient() context.Context {
	ctx, cancel := context.WithCancel(l.t.Context())
	cancel()
	return ctx
}
