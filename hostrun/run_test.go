//go:build linux || darwin

package hostrun

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

func oneOffOf(t testing.TB, args ...string) Command {
	t.Helper()
	return Command{Args: args, Dir: t.TempDir(), Env: os.Environ()}
}

// A one-off ends with the command's status.
func TestRunStatus(t *testing.T) {
	h := newHost(t, Options{})
	for _, c := range []struct {
		args    []string
		want    string
		code    int
		missing bool
	}{
		{[]string{"true"}, "<nil>", 0, false},
		{[]string{"sh", "-c", "exit 3"}, "exited with status 3", 3, false},
		{[]string{"sh", "-c", "exit 127"}, "exited with status 127", 127, false},
		{[]string{"sh", "-c", "kill -9 $$"}, "killed by SIGKILL", 137, false},
		{[]string{"no-such-program"}, "cannot run no-such-program: not found", 127, true},
		{[]string{"/no/such/program"}, "cannot run /no/such/program: not found", 127, true},
		{[]string{"/etc/passwd"}, "cannot run /etc/passwd: not executable", 126, true},
		{[]string{"/etc"}, "cannot run /etc: not executable", 126, true},
	} {
		err := h.Run(t.Context(), oneOffOf(t, c.args...))
		if fmt.Sprint(err) != c.want {
			t.Errorf("%q: got %v, want %s", c.args, err, c.want)
		}
		var exit *ExitError
		if errors.As(err, &exit) && (exit.ExitCode() != c.code || exit.Missing() != c.missing) {
			t.Errorf("%q: got %d, missing %v", c.args, exit.ExitCode(), exit.Missing())
		}
	}
}

// The program is looked up on the PATH of the command, which may name folders
// relative to its own; a script without "#!" is run by the shell.
func TestRunLookup(t *testing.T) {
	h := newHost(t, Options{})
	c := oneOffOf(t, "tool", "5")
	if err := os.Mkdir(c.Dir+"/bin", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.Dir+"/bin/tool", []byte("exit $1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	c.Env = []string{"PATH=/none:bin"}
	if err := h.Run(t.Context(), c); fmt.Sprint(err) != "exited with status 5" {
		t.Errorf("got %v", err)
	}
	c.Args[0] = "bin/tool"
	if err := h.Run(t.Context(), c); fmt.Sprint(err) != "exited with status 5" {
		t.Errorf("got %v", err)
	}
}

// When ctx is done the command and all that belongs to it ends, within the
// grace time.
func TestRunCanceled(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	c := oneOffOf(t, os.Args[0], "play", tag(t), dir, "tree")
	c.Grace = 200 * time.Millisecond
	h := newHost(t, Options{})
	go func() { ended <- h.Run(ctx, c) }()
	shown(t, dir, "tree", "child", "deaf", "session", "daemon", "cleared", "forker")
	cancel()
	if err := <-ended; fmt.Sprint(err) != "killed by SIGTERM" {
		t.Errorf("got %v", err)
	}
	nothing(t, tag(t), 0)
}

// A killed devrun leaves nothing of its one-off either; nor does one that got
// SIGTERM, which the command sees too.
func TestRunDevrunEnds(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGHUP} {
		dir := t.TempDir()
		cmd := devrun(t, "run", dir, part(t, dir, "polite-tree"), "")
		shown(t, dir, "polite-tree", "child", "session", "daemon")
		_ = cmd.Process.Signal(sig)
		out := output(t, cmd)
		if want := "devrun: killed by " + unix.SignalName(sig); sig != syscall.SIGKILL && !strings.Contains(out, want) {
			t.Errorf("got %q, want %q", out, want)
		}
		nothing(t, "play "+tag(t)+" ", 2*time.Second+slack)
		nothing(t, GuardArg+" "+tag(t), 0)
	}
}

// What a command that ends by itself has daemonised lives on.
func TestRunLeavesDaemons(t *testing.T) {
	dir := t.TempDir()
	cmd := devrun(t, "run", dir, fmt.Sprintf("'%s' play %s '%s' fork-daemon >/dev/null; exit 3", os.Args[0], tag(t), dir), "")
	if out := output(t, cmd); out != "devrun: exited with status 3\n" {
		t.Errorf("got %q", out)
	}
	daemon := shown(t, dir, "daemon")
	if s, ok := stat(daemon); !ok || s.zombie {
		t.Error("the daemon is gone")
	}
	_ = syscall.Kill(daemon, syscall.SIGKILL)
	nothing(t, "play "+tag(t)+" ", slack)
}

// On a terminal Ctrl-C is the command's affair, and Ctrl-Z stops the command
// and devrun, until they are continued.
func TestRunOnTerminal(t *testing.T) {
	script := `trap 'echo caught' INT; trap 'echo back' CONT; echo ready; read line; echo "got $line"; exit 7`
	cmd := exec.Command(os.Args[0], "play-devrun", "run", tag(t), t.TempDir(), script, "")
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	out := &sink{}
	read := make(chan struct{})
	go func() { defer close(read); _, _ = out.ReadFrom(terminal) }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = terminal.Close()
		<-read
	})
	says := func(what string) {
		t.Helper()
		until(t, what, func() bool { return strings.Contains(out.String(), what) })
	}
	says("ready")
	_, _ = terminal.WriteString("\x03")
	// dash ends its read at a signal; what follows must work with any shell.
	says("caught")
	_, _ = terminal.WriteString("word\n")
	wait(t, "the end", read)
	if got := out.String(); !strings.Contains(got, "devrun: exited with status 7") {
		t.Errorf("got %q", got)
	}
}

// Ctrl-Z stops the command and then devrun, and so does a command that stops
// itself; fg continues both.
func TestRunJobControl(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	shell := exec.Command(bash, "--norc", "-i")
	shell.Env = append(os.Environ(), "PS1=prompt ", "HISTFILE=", "TERM=dumb")
	terminal, err := pty.Start(shell)
	if err != nil {
		t.Fatal(err)
	}
	out := &sink{}
	read := make(chan struct{})
	go func() { defer close(read); _, _ = out.ReadFrom(terminal) }()
	t.Cleanup(func() {
		_ = shell.Process.Kill()
		_ = shell.Wait()
		_ = terminal.Close()
		<-read
	})
	for _, step := range []struct{ typed, shows string }{
		{fmt.Sprintf("'%s' play-devrun run %s '%s' 'echo re''ady; read l; echo \"<$l>\"; kill -STOP $$; echo a''gain; exit 7' ''\n", os.Args[0], tag(t), t.TempDir()), "ready"},
		{"\x1a", "Stopped"},
		{"echo in be''tween\n", "in between"},
		{"fg\n", "fg"},
		{"word\n", "<word>"},
		{"echo; jo''bs\n", "\n[1]+  Stopped"},
		{"fg\n", "again"},
		{"", "devrun: exited with status 7"},
	} {
		_, _ = terminal.WriteString(step.typed)
		until(t, step.shows, func() bool { return bytes.Contains([]byte(out.String()), []byte(step.shows)) })
	}
	_, _ = terminal.WriteString("exit\n")
	wait(t, "the shell's end", read)
}

func BenchmarkRun(b *testing.B) {
	h := newHost(b, Options{})
	c := oneOffOf(b, "true")
	for b.Loop() {
		if err := h.Run(b.Context(), c); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPlain is what BenchmarkRun would cost without a guardian.
func BenchmarkPlain(b *testing.B) {
	for b.Loop() {
		if err := exec.Command("true").Run(); err != nil {
			b.Fatal(err)
		}
	}
}
