//go:build linux || darwin

package hostrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/devrun/devrun/plan"
)

// The raw wait status travels: a shell that exits with 137 was not killed.
func TestHowTheLeaderEnded(t *testing.T) {
	h := newHost(t, Options{})
	for _, c := range []struct {
		command, want string
		code          int
	}{
		{"true", "<nil>", 0},
		{"exit 3", "exited with status 3", 3},
		{"exit 137", "exited with status 137", 137},
		{"kill -9 $$", "killed by SIGKILL", 137},
		{"kill -15 $$", "killed by SIGTERM", 143},
		{"no-such-program-anywhere", "exited with status 127", 127},
	} {
		p, _ := start(t, h, false, c.command)
		wait(t, c.command, p.Done())
		if got := fmt.Sprint(p.Err()); got != c.want {
			t.Errorf("%s: got %q, want %q", c.command, got, c.want)
		}
		var exit *ExitError
		if errors.As(p.Err(), &exit) && exit.ExitCode() != c.code {
			t.Errorf("%s: got code %d, want %d", c.command, exit.ExitCode(), c.code)
		}
	}
}

// The grace time is the group's: a child cleans up after its shell has died
// of the signal, with the help of another program, which does not get it.
func TestGraceIsTheGroups(t *testing.T) {
	for _, tty := range []bool{false, true} {
		dir := t.TempDir()
		p, out := start(t, newHost(t, Options{}), tty, part(t, dir, "cleaner"))
		shown(t, dir, "cleaner")
		p.Stop(t.Context())
		if _, err := os.Stat(dir + "/cleaned"); err != nil {
			t.Errorf("tty %v: it was not given the time to clean up: %v\n%s", tty, err, out)
		}
		if got := fmt.Sprint(p.Err()); got != "killed by SIGTERM" {
			t.Errorf("tty %v: the shell %s", tty, got)
		}
	}
}

// Exited does not wait for what the leader left, Done does, and Stop clears
// it.
func TestLeaderEndsFirst(t *testing.T) {
	dir := t.TempDir()
	p, _ := start(t, newHost(t, Options{}), false, fmt.Sprintf("'%s' play %s '%s' child & exit 4", os.Args[0], tag(t), dir))
	shown(t, dir, "child")
	wait(t, "Exited", p.Exited())
	select {
	case <-p.Done():
		t.Error("Done although the child lives")
	default:
	}
	p.Stop(t.Context())
	if got := fmt.Sprint(p.Err()); got != "exited with status 4" {
		t.Errorf("got %q", got)
	}
	nothing(t, tag(t), 0)
	if err := p.Signal(syscall.SIGUSR1); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("Signal after Done: %v", err)
	}
}

// A stopped process would not see SIGTERM.
func TestStopWakesTheStopped(t *testing.T) {
	p, out := start(t, newHost(t, Options{}), false, `trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done`)
	until(t, "ready", func() bool { return strings.Contains(out.String(), "ready") })
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	until(t, "it is stopped", func() bool { s, ok := stat(p.Pid()); return ok && s.stopped })
	p.Stop(t.Context())
	if p.Err() != nil || !strings.Contains(out.String(), "bye") {
		t.Errorf("got %v, %q", p.Err(), out)
	}
}

// All that a process writes before it ends is read, through a pipe and through
// a terminal, to the last word.
func TestOutputIsWhole(t *testing.T) {
	h := newHost(t, Options{})
	for tty, size := range map[bool]int{false: 50_000_000, true: 5_000_000} {
		p, out := start(t, h, tty, fmt.Sprintf("exec '%s' play %s - bulk %d", os.Args[0], tag(t), size))
		wait(t, "Done", p.Done())
		got := out.String()
		if p.Err() != nil || len(got) != size+len("the end") || !strings.HasSuffix(got, "x\nthe end") {
			t.Errorf("tty %v: %v, %d bytes, want %d", tty, p.Err(), len(got), size+len("the end"))
		}
	}
}

// Both outputs are one stream, in the order they were written in.
func TestOutputOrder(t *testing.T) {
	var want strings.Builder
	for i := range 200 {
		fmt.Fprintf(&want, "out %d\nerr %d\n", i, i)
	}
	for _, tty := range []bool{false, true} {
		p, out := start(t, newHost(t, Options{}), tty, `i=0; while [ $i -lt 200 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done`)
		wait(t, "Done", p.Done())
		if out.String() != want.String() {
			t.Errorf("tty %v: got %q", tty, out)
		}
	}
}

// A terminal has the size it is given, and passes the bytes on as they are.
func TestTerminal(t *testing.T) {
	rows := uint16(31)
	h := newHost(t, Options{Size: func() (uint16, uint16) { return rows, 77 }})
	p, out := start(t, h, true, `trap 'stty size; echo; exit' WINCH; test -t 0 && test -t 1 && test -t 2 && stty size; while :; do sleep 0.05; done`)
	until(t, "the size", func() bool { return out.String() == "31 77\n" })
	rows = 50
	h.Resize()
	wait(t, "Done", p.Done())
	if got := out.String(); got != "31 77\n50 77\n\n" {
		t.Errorf("got %q", got)
	}
	if err := p.Resize(1, 1); err == nil {
		t.Error("Resize after Done is no error")
	}
}

// Standard input never ends, and is not devrun's.
func TestInputNeverEnds(t *testing.T) {
	for _, tty := range []bool{false, true} {
		p, out := start(t, newHost(t, Options{}), tty, `if timeout --foreground 0.3 cat; then echo it ended; else echo $?; fi`)
		wait(t, "Done", p.Done())
		if out.String() != "124\n" {
			t.Errorf("tty %v: got %q", tty, out)
		}
	}
}

// The environment is the plan's and the markers, and arrives byte for byte.
func TestEnvironment(t *testing.T) {
	h := newHost(t, Options{RunID: "a-run"})
	out := &sink{}
	p, err := h.Start(plan.Process{
		ID: "web.1", Command: `printf '%s|' "$A" "$B" "$DEVRUN_RUN" "$DEVRUN_PROCESS"`, Dir: "/",
		Inherited: []string{"A=shell", "DEVRUN_RUN=outer", "PATH=" + os.Getenv("PATH")},
		Env:       []plan.Var{{Name: "A", Value: "plan\n\xff $(x)"}, {Name: "B", Value: ""}},
	}, out)
	if err != nil {
		t.Fatal(err)
	}
	wait(t, "Done", p.Done())
	if want := "plan\n\xff $(x)||a-run|web.1|"; out.String() != want {
		t.Errorf("got %q, want %q", out, want)
	}
}

// A start that is refused says why, and leaves no guardian.
func TestStartRefused(t *testing.T) {
	h := newHost(t, Options{})
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		p    plan.Process
		want string
	}{
		{plan.Process{Dir: "/no/such/folder", Command: "true"}, "its folder /no/such/folder does not exist"},
		{plan.Process{Dir: file, Command: "true"}, file + " is not a folder"},
		{plan.Process{Dir: "/", Command: "true", Env: []plan.Var{{Name: "BIG", Value: strings.Repeat("x", 200<<10)}}}, "the environment is too large: 200 KB in 3 variables, the largest is BIG with 200 KB"},
		{plan.Process{Dir: "/", Command: "true\x00"}, "the command contains a NUL byte"},
		{plan.Process{Dir: "/", Command: "true", Env: []plan.Var{{Name: "A", Value: "\x00"}}}, `the variable "A" contains a NUL byte`},
	} {
		for _, c.p.TTY = range []bool{false, true} {
			c.p.ID = tag(t)
			_, err := h.Start(c.p, &sink{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		}
	}
	nothing(t, tag(t), 0)
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Start(process(t, false, "true"), &sink{}); err == nil {
		t.Error("a closed Host starts processes")
	}
}

// A reader that gives up does not hold the process up.
func TestReaderGivesUp(t *testing.T) {
	p, err := newHost(t, Options{}).Start(process(t, false, "head -c 1000000 /dev/zero; exit 5"), quitter{})
	if err != nil {
		t.Fatal(err)
	}
	wait(t, "Done", p.Done())
	if fmt.Sprint(p.Err()) != "exited with status 5" {
		t.Error(p.Err())
	}
}

// quitter reads nothing.
type quitter struct{}

func (quitter) ReadFrom(io.Reader) (int64, error) { return 0, errors.New("no") }

// Stops, signals and starts of many, all at once, and a Close in the middle.
func TestConcurrency(t *testing.T) {
	h := newHost(t, Options{})
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			p, err := h.Start(process(t, i%2 == 0, "sleep 100 & sleep 100"), &sink{})
			if err != nil {
				if !strings.Contains(err.Error(), "devrun is stopping") {
					t.Error(err)
				}
				return
			}
			if i == 6 {
				_ = h.Close()
			}
			var stops sync.WaitGroup
			for j := range 4 {
				stops.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(j)*time.Millisecond)
					defer cancel()
					_ = p.Signal(syscall.SIGCONT)
					_ = p.Resize(10, 10)
					p.Stop(ctx)
					if p.Err() == nil {
						t.Error("no error after Stop")
					}
				})
			}
			stops.Wait()
		})
	}
	wg.Wait()
	if len(h.guardians) > 0 {
		t.Errorf("guardians left: %v", h.guardians)
	}
}

// Somebody outside the tree who holds the output does not hold up Done, and
// what the tree wrote is read.
func TestOutputHeldOutside(t *testing.T) {
	p, out := start(t, newHost(t, Options{}), false, "echo one; echo two; sleep 100")
	until(t, "the output", func() bool { return strings.HasSuffix(out.String(), "two\n") })
	f, err := os.OpenFile(fmt.Sprintf("/proc/%d/fd/1", p.Pid()), os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	before := time.Now()
	p.Stop(t.Context())
	if took := time.Since(before); took < holdBound || took > holdBound+slack {
		t.Errorf("it took %v", took)
	}
}

// A run's record lives as long as its Host.
func TestRecord(t *testing.T) {
	dir := t.TempDir() + "/deep/down"
	h := newHost(t, Options{RunID: "x", StateDir: dir})
	if _, err := os.Stat(dir + "/run-x"); err != nil {
		t.Error(err)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir + "/run-x"); err == nil {
		t.Error("the record is still there")
	}
	if _, err := New(Options{RunID: "../x", StateDir: dir}); err == nil {
		t.Error("a run may leave its folder")
	}
}

func BenchmarkStart(b *testing.B) {
	h := newHost(b, Options{})
	p := process(b, false, "true")
	for b.Loop() {
		proc, err := h.Start(p, &sink{})
		if err != nil {
			b.Fatal(err)
		}
		<-proc.Done()
	}
}
