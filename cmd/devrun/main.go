// Command devrun runs a project on this machine the way its platform runs it
// in production.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/devrun/devrun/hostrun"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == hostrun.GuardArg {
		os.Exit(hostrun.Guard(os.Args[2:]))
	}
	os.Exit(run(os.Args[1:]))
}

// run is one call of devrun: its exit status is the failing process's own, 2
// for a mistake in the call, 130 or 143 after the user stopped a run, 1 for
// anything else that went wrong.
func run(args []string) int {
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ()}
	args, err := translate(args)
	if err == nil {
		root := a.rootCommand()
		root.SetArgs(args)
		err = root.Execute()
	}
	if err == nil {
		return 0
	}
	if status, ok := errors.AsType[*statusError](err); ok {
		if status.message != "" {
			a.say("%s", status.message)
		}
		return status.code
	}
	a.say("%v", err)
	if _, ok := errors.AsType[*usageError](err); ok {
		return 2
	}
	return 1
}

// app is one call of devrun: the streams and the environment it was given.
type app struct {
	in, out, err *os.File
	environ      []string
}

// say is devrun's own voice: whole lines on stderr, so that stdout belongs to
// the processes.
func (a *app) say(format string, args ...any) {
	text := strings.TrimRight(fmt.Sprintf(format, args...), "\n")
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintf(a.err, "devrun: %s\n", line)
	}
}

// usageError is a mistake in how devrun was called.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// statusError ends devrun with a status of its own; an empty message says that
// everything has been said.
type statusError struct {
	code    int
	message string
}

func (e *statusError) Error() string { return e.message }
