package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/devrun/devrun/hostrun"
)

func TestMain(m *testing.M) {
	// A guardian is devrun's own binary again, which is this one here.
	if len(os.Args) > 1 && os.Args[1] == hostrun.GuardArg {
		os.Exit(hostrun.Guard(os.Args[2:]))
	}
	commands := map[string]func(){
		"devrun": main,
		"proc":   func() { os.Exit(proc(os.Args[1:])) },
	}
	if commands[filepath.Base(os.Args[0])] == nil {
		// The scripts mean a devrun that does not ignore SIGHUP, and what is
		// ignored here (nohup, some CI) would be there; what is caught is not.
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	testscript.Main(m, commands)
}

// scriptDeadline is when scripts that hang are ended, so that what they
// printed is shown.
const scriptDeadline = 5 * time.Minute

func TestScript(t *testing.T) {
	commands := map[string]func(*testscript.TestScript, bool, []string){
		"exits":    cmdExits,
		"waitfor":  cmdWaitFor,
		"signal":   cmdSignal,
		"ended":    cmdEnded,
		"nothing":  cmdNothing,
		"freeport": cmdFreePort,
		"addport":  cmdAddPort,
		"count":    cmdCount,
	}
	maps.Copy(commands, terminalCommands())
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("..", "..", "testdata", "script"),
		Deadline:            time.Now().Add(scriptDeadline),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setupScript,
		Cmds:                commands,
		Condition: func(cond string) (bool, error) {
			if cond == "root" {
				return os.Getuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
	})
}

// tagVariable marks every process that a script starts.
const tagVariable = "DEVRUN_TEST_TAG"

// raceOptions keep programs with the race detector from resting for a second
// at each exit, which adds up over hundreds of them.
const raceOptions = "atexit_sleep_ms=0"

func setupScript(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, "home")
	if err := os.MkdirAll(home, 0o755); err != nil {
		return err
	}
	env.Setenv("HOME", home)
	env.Setenv("GORACE", raceOptions)
	env.Values[signalled{}] = &signalled{}
	env.Setenv(tagVariable, env.WorkDir)
	// What the developer's own shell sets must not show in a script.
	for _, name := range []string{"NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "PORT", "VIRTUAL_ENV", "XDG_STATE_HOME", "PYTHONUNBUFFERED"} {
		env.Vars = removeVar(env.Vars, name)
	}
	prepareTerminal(env)
	return nil
}

func removeVar(vars []string, name string) []string {
	var kept []string
	for _, kv := range vars {
		if !strings.HasPrefix(kv, name+"=") {
			kept = append(kept, kv)
		}
	}
	return kept
}

// cmdExits runs a command that must end with a given status:
//
//	exits 3 devrun start
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			ts.Fatalf("killed by %v, want status %d", status.Signal(), want)
		}
	}
	if got != want {
		ts.Fatalf("status %d, want %d", got, want)
	}
}

// patience is how long a script waits for a fact.
const patience = 30 * time.Second

// poll looks every few milliseconds whether a fact has come true.
func poll(fact func() bool) bool {
	deadline := time.Now().Add(patience)
	for !fact() {
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(5 * time.Millisecond)
	}
	return true
}

// cmdWaitFor waits until a file has a line that matches:
//
//	waitfor log.txt 'web.1 .*listening'
func cmdWaitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitfor FILE PATTERN")
	}
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	var data []byte
	if !poll(func() bool {
		data, err = os.ReadFile(ts.MkAbs(args[0]))
		return err == nil && re.Match(data)
	}) {
		ts.Fatalf("%s never matched %q; it has:\n%s", args[0], args[1], data)
	}
}

// signalled is the command of a script that the last signal went to.
type signalled struct{ cmd *exec.Cmd }

// cmdSignal sends a signal to the command that was started last in the
// background:
//
//	signal TERM
func cmdSignal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: signal NAME")
	}
	running := ts.BackgroundCmds()
	if len(running) == 0 {
		ts.Fatalf("nothing runs in the background")
	}
	sig, ok := scriptSignals()[args[0]]
	if !ok {
		ts.Fatalf("unknown signal %s", args[0])
	}
	last := running[len(running)-1]
	ts.Value(signalled{}).(*signalled).cmd = last
	ts.Check(last.Process.Signal(sig))
}

// cmdEnded checks the status of the command that was signalled last, once the
// script has waited for it:
//
//	! exec devrun start &
//	signal INT
//	wait
//	ended 130
func cmdEnded(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ended STATUS")
	}
	cmd := ts.Value(signalled{}).(*signalled).cmd
	if cmd == nil || cmd.ProcessState == nil {
		ts.Fatalf("nothing was signalled, or it was not waited for")
	}
	if got := fmt.Sprint(cmd.ProcessState.ExitCode()); got != args[0] {
		ts.Fatalf("status %s (%v), want %s", got, cmd.ProcessState, args[0])
	}
}

// cmdNothing waits until no process that this script started is left, but for
// those it runs in the background itself.
func cmdNothing(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: nothing")
	}
	tag := []byte(tagVariable + "=" + ts.Getenv("WORK"))
	var left []string
	if !poll(func() bool {
		left = tagged(tag)
		return len(left) == 0
	}) {
		ts.Fatalf("left behind: %s", strings.Join(left, "; "))
	}
}

// tagged lists the processes that have the tag in their environment. Systems
// without /proc list nothing.
func tagged(tag []byte) []string {
	var found []string
	paths, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range paths {
		environ, err := os.ReadFile(path)
		if err != nil || !containsEntry(environ, tag) {
			continue
		}
		cmdline, err := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		if err != nil || len(cmdline) == 0 {
			continue // it has just ended
		}
		found = append(found, filepath.Base(filepath.Dir(path))+" "+strings.ReplaceAll(string(cmdline), "\x00", " "))
	}
	return found
}

func containsEntry(environ, entry []byte) bool {
	for kv := range bytes.SplitSeq(environ, []byte{0}) {
		if bytes.Equal(kv, entry) {
			return true
		}
	}
	return false
}

// cmdFreePort puts a base port, with room above it, into a variable:
//
//	freeport PORT_A
func cmdFreePort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: freeport NAME")
	}
	port, err := freePorts(3)
	ts.Check(err)
	ts.Setenv(args[0], strconv.Itoa(port))
}

// cmdAddPort counts from a port to that of another process:
//
//	addport WORKER $BASE 100
func cmdAddPort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: addport NAME PORT N")
	}
	port, err := strconv.Atoi(args[1])
	ts.Check(err)
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	ts.Setenv(args[0], strconv.Itoa(port+n))
}

// cmdCount counts the lines of a file that match:
//
//	count 500 stdout '^t[0-9]+.1 '
func cmdCount(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: count N FILE PATTERN")
	}
	re, err := regexp.Compile("(?m)" + args[2])
	ts.Check(err)
	if got := len(re.FindAllString(ts.ReadFile(args[1]), -1)); strconv.Itoa(got) != args[0] {
		ts.Fatalf("%d lines of %s match %q, want %s", got, args[1], args[2], args[0])
	}
}
