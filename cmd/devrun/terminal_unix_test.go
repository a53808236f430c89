//go:build unix

package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// terminal is the command that a script runs on a terminal of its own.
type terminal struct {
	screen *os.File // the terminal's other side
	ended  chan error
}

func terminalCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"terminal": cmdTerminal, "types": cmdTypes, "resizes": cmdResizes, "hangup": cmdHangup, "leaves": cmdLeaves,
	}
}

// prepareTerminal makes room for a script's terminal.
func prepareTerminal(env *testscript.Env) {
	env.Values[terminal{}] = &terminal{}
	env.Values[setup{}] = env.Vars
}

// setup is the key of the environment that a script starts with.
type setup struct{}

// The size of a script's terminal: nobody's default.
const (
	terminalRows = 33
	terminalCols = 101
)

// cmdTerminal runs a command on a new terminal and goes on; what appears on it
// goes to a file:
//
//	terminal screen devrun start
func cmdTerminal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: terminal FILE COMMAND [ARG...]")
	}
	path, err := exec.LookPath(args[1])
	ts.Check(err)
	file, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	cmd := exec.Command(path, args[2:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, kv := range ts.Value(setup{}).([]string) { //nolint:errcheck // set up by setupScript
		name, _, _ := strings.Cut(kv, "=")
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	cmd.Env = append(cmd.Env, "TERM=xterm")
	blocking, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: terminalRows, Cols: terminalCols})
	ts.Check(err)
	screen, err := closable(blocking)
	ts.Check(err)
	t := ts.Value(terminal{}).(*terminal)
	*t = terminal{screen, make(chan error, 1)}
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		_, _ = io.Copy(file, screen) // ends with EIO when nobody has the terminal
		_ = file.Close()
	}()
	go func() { t.ended <- cmd.Wait() }()
	ts.Defer(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = screen.Close()
		<-copied
	})
}

// closable reopens a file so that closing it ends a read that waits: pty leaves
// its files in blocking mode.
func closable(f *os.File) (*os.File, error) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), f.Name()), f.Close()
}

// cmdTypes types a text, with Go's escapes, on the terminal:
//
//	types 'hello\n'
func cmdTypes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: types TEXT")
	}
	text, err := strconv.Unquote(`"` + args[0] + `"`)
	ts.Check(err)
	_, err = ts.Value(terminal{}).(*terminal).screen.WriteString(text)
	ts.Check(err)
}

// cmdResizes gives the terminal another size:
//
//	resizes 90 20
func cmdResizes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: resizes COLUMNS ROWS")
	}
	cols, err := strconv.ParseUint(args[0], 10, 16)
	ts.Check(err)
	rows, err := strconv.ParseUint(args[1], 10, 16)
	ts.Check(err)
	ts.Check(pty.Setsize(ts.Value(terminal{}).(*terminal).screen, &pty.Winsize{Rows: uint16(rows), Cols: uint16(cols)}))
}

// cmdHangup closes the terminal, as its window does.
func cmdHangup(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: hangup")
	}
	ts.Check(ts.Value(terminal{}).(*terminal).screen.Close())
}

// cmdLeaves waits for the terminal's command, which must end with a status:
//
//	leaves 130
func cmdLeaves(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: leaves STATUS")
	}
	err := <-ts.Value(terminal{}).(*terminal).ended
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("status %d (%v), want %s", got, err, args[0])
	}
}
