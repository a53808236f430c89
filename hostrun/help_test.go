//go:build linux || darwin

package hostrun

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/devrun/devrun/plan"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// slack is what a busy machine may add to a time that the design bounds.
const slack = 3 * time.Second

// sink keeps the output of a process.
type sink struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *sink) ReadFrom(r io.Reader) (int64, error) {
	buf := make([]byte, 64<<10)
	var total int64
	for {
		n, err := r.Read(buf)
		s.mu.Lock()
		s.buf.Write(buf[:n])
		s.mu.Unlock()
		total += int64(n)
		if err != nil {
			return total, err
		}
	}
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

func newHost(t testing.TB, o Options) *Host {
	t.Helper()
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// start starts a command and makes sure that it ends with the test.
func start(t testing.TB, h *Host, tty bool, command string) (*Process, *sink) {
	t.Helper()
	out := &sink{}
	p, err := h.Start(process(t, tty, command), out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(over(t)) })
	return p, out
}

func process(t testing.TB, tty bool, command string) plan.Process {
	t.Helper()
	return plan.Process{ID: tag(t), Command: command, Dir: t.TempDir(), Inherited: os.Environ(), TTY: tty}
}

// over is a patience that is done.
func over(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	cancel()
	return ctx
}

// tag is a word that is in the arguments of all processes of a test and of
// nothing else.
func tag(t testing.TB) string {
	t.Helper()
	return fmt.Sprintf("T%d-%s", os.Getpid(), strings.NewReplacer("/", "-", " ", "-").Replace(t.Name()))
}

// part is a command that plays a part.
func part(t testing.TB, dir, part string) string {
	t.Helper()
	return fmt.Sprintf("'%s' play %s '%s' %s; exit $?", os.Args[0], tag(t), dir, part)
}

// wait waits for done.
func wait(t testing.TB, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("%s: not after %v", what, patience)
	}
}

// until waits for a fact that no channel tells.
func until(t testing.TB, what string, fact func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !fact(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after %v", what, patience)
		}
	}
}

// shown waits until the parts have shown themselves and returns the pid of
// the first.
func shown(t testing.TB, dir string, parts ...string) int {
	t.Helper()
	var first int
	for i, p := range parts {
		until(t, p+" runs", func() bool {
			b, err := os.ReadFile(filepath.Join(dir, p))
			if err != nil {
				return false
			}
			if i == 0 {
				first, _ = strconv.Atoi(string(b))
			}
			return true
		})
	}
	return first
}

// nothing fails if a process of the test is alive within the given time.
func nothing(t testing.TB, tag string, within time.Duration) {
	t.Helper()
	var alive []string
	for deadline := time.Now().Add(within); ; time.Sleep(10 * time.Millisecond) {
		if alive = tagged(t, tag); len(alive) == 0 {
			return
		}
		if time.Now().After(deadline) {
			break
		}
	}
	t.Errorf("left behind:\n%s", strings.Join(alive, "\n"))
	for _, line := range alive {
		pid, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		_ = exec.Command("kill", "-9", pid).Run()
	}
}

// tagged lists the processes with the tag among their arguments.
func tagged(t testing.TB, tag string) []string {
	t.Helper()
	out, err := exec.Command("ps", "-ax", "-ww", "-o", "pid=,stat=,args=").Output()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) > 2 && strings.Contains(line, tag) && !strings.HasPrefix(f[1], "Z") {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

// helper is another program, with what it has said.
type helper struct {
	*exec.Cmd
	said bytes.Buffer
}

// devrun starts a devrun of its own for the test.
func devrun(t *testing.T, how, dir, part, state string) *helper {
	t.Helper()
	h := &helper{Cmd: exec.Command(os.Args[0], "play-devrun", how, tag(t), dir, part, state)}
	h.begin(t)
	return h
}

func (h *helper) begin(t *testing.T) {
	t.Helper()
	h.Stdout, h.WaitDelay = &h.said, patience
	if err := h.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if h.ProcessState == nil {
			_ = h.Process.Kill()
			_ = h.Wait()
		}
	})
}

// output waits for the end of a helper and returns what it has said.
func output(t *testing.T, h *helper) string {
	t.Helper()
	ended := make(chan struct{})
	go func() { defer close(ended); _ = h.Wait() }()
	wait(t, "the helper's end", ended)
	return h.said.String()
}
