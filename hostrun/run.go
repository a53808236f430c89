package hostrun

import (
	"fmt"
	"time"
)

// Command is a one-off command for Host.Run.
type Command struct {
	// Args are the program and its arguments. A program without a slash is
	// looked up on the PATH of Env.
	Args []string
	// Dir is where it runs; a relative program is relative to it.
	Dir string
	// Env is the complete environment, as "NAME=value".
	Env []string
	// Grace is the time between the polite signal and the kill; 10 seconds
	// when it is not positive.
	Grace time.Duration
}

// oneOff is the name of a one-off command among processes.
const oneOff = "run.1"

func (c Command) grace() time.Duration {
	if c.Grace > 0 {
		return c.Grace
	}
	return 10 * time.Second
}

// missing is the ExitError of a command that is not there to be run.
func missing(name string, code int) *ExitError {
	what := "not found"
	if code == codeNotExecutable {
		what = "not executable"
	}
	return &ExitError{Code: code, Reason: fmt.Sprintf("cannot run %s: %s", name, what), missing: true}
}

// The codes of a shell for a command that is not there to be run.
const (
	codeNotExecutable = 126
	codeNotFound      = 127
)
