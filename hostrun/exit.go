package hostrun

import (
	"fmt"
	"syscall"
)

// ExitError says how a process ended that did not end with status 0.
type ExitError struct {
	// Code is the status the process exited with; 0 when a signal ended it.
	Code int
	// Signal is what ended the process; 0 when it exited by itself. A shell
	// that exits with 137 because its child was killed has Code 137, Signal 0.
	Signal syscall.Signal
	// Reason is what Error says in place of code and signal, when there is
	// more to say than they do.
	Reason string

	missing bool
}

// Error reads on from the name of the process: "exited with status 3".
func (e *ExitError) Error() string {
	switch {
	case e.Reason != "":
		return e.Reason
	case e.Signal != 0:
		return "killed by " + signalName(e.Signal)
	}
	return fmt.Sprintf("exited with status %d", e.Code)
}

// ExitCode is what a shell would report: the code, or 128 and the number of
// the signal.
func (e *ExitError) ExitCode() int {
	if e.Signal != 0 {
		return 128 + int(e.Signal)
	}
	return e.Code
}

// Missing reports whether the command of a Host.Run was not there to be run:
// not found (127), or not executable (126). A command that ran and exited with
// such a code was not missing.
func (e *ExitError) Missing() bool { return e.missing }
