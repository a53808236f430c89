package supervisor

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/devrun/devrun/plan"
)

// Event is something that happened to a process.
type Event struct {
	Time    time.Time
	Process string // its ID; the release has one too
	Kind    Kind
	// Pid is set in Started.
	Pid int
	// Err is why the process ended, in Exited, Failed and Stopped; nil for a
	// clean exit.
	Err error
	// Uptime is for how long it ran, in Exited and Stopped.
	Uptime time.Duration
	// Then is what follows an end that nobody asked for, in Exited and Failed.
	// It is the process's own plan.OnExit, but for two cases: a process that
	// was restarted for a Change waits where it would have ended the run, and
	// Then is empty after a release that succeeded. Of several that end at
	// nearly the same moment, the first event with plan.OnExitStop is the one
	// that counts.
	Then plan.OnExit
	// Delay is how long a Restarting process stays down.
	Delay time.Duration
	// Cause is who asked, in Restarting and Stopping; empty when nobody did:
	// for a restart after an end, and for the stop of everything.
	Cause Cause
}

// Kind is what an Event is about.
type Kind string

// The events of one process, in the order in which they come. Every Starting
// is followed by Started or Failed, every Started by one of Exited, Stopping
// and Restarting with a Cause, and each of those by Stopped.
const (
	// Starting says that the process is about to be started.
	Starting Kind = "starting"
	// Started says that it has been.
	Started Kind = "started"
	// Failed says that it could not be.
	Failed Kind = "failed"
	// Exited says that its leader ended without being asked to. What it left
	// behind is now being stopped.
	Exited Kind = "exited"
	// Stopping says that it has been asked to end.
	Stopping Kind = "stopping"
	// Restarting says that it will be started again: at once when it has a
	// Cause, and it has then been asked to end; else after Delay.
	Restarting Kind = "restarting"
	// Killing says that the grace time, or the caller's patience, is over with
	// something of the process still alive, which has now been killed.
	Killing Kind = "killing"
	// Stopped says that nothing of the process is left, and that its output
	// was read to the end.
	Stopped Kind = "stopped"
)

// Cause is who asked for a process to be stopped or started again.
type Cause string

// The causes.
const (
	// Change is a change of the files that the process was made from.
	Change Cause = "change"
	// Command is a request of the user.
	Command Cause = "command"
)

// Code is the exit code that e.Err stands for: 0 for nil, its ExitCode() if it
// has a positive one, 1 otherwise.
func (e Event) Code() int {
	if e.Err == nil {
		return 0
	}
	coder, ok := errors.AsType[interface {
		error
		ExitCode() int
	}](e.Err)
	if ok && coder.ExitCode() > 0 {
		return coder.ExitCode()
	}
	return 1
}

// String gives the event without its time and pid, as in
// "web.1 exited after 2s: exit status 3; stop".
func (e Event) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", e.Process, e.Kind)
	if e.Cause != "" {
		fmt.Fprintf(&b, " (%s)", e.Cause)
	}
	if e.Delay > 0 {
		fmt.Fprintf(&b, " in %v", e.Delay)
	}
	if e.Kind == Exited || e.Kind == Stopped {
		fmt.Fprintf(&b, " after %v", e.Uptime)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	if e.Then != "" {
		fmt.Fprintf(&b, "; %s", e.Then)
	}
	return b.String()
}
