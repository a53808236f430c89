package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/devrun/devrun/hostrun"
	"github.com/devrun/devrun/plan"
	"github.com/devrun/devrun/supervisor"
)

// lastLines is how much of a crashed process's output is shown again, where
// the lines of others have come between.
const lastLines = 5

// report puts what happens to the processes into words. The supervisor waits
// for it, so it does not block: Notice only queues.
func (r *running) report(e supervisor.Event) {
	switch e.Kind {
	case supervisor.Exited, supervisor.Failed:
		r.reportEnd(e)
	case supervisor.Restarting:
		if e.Cause == "" {
			r.note("%s starts again in %s", e.Process, round(e.Delay))
		}
	case supervisor.Killing:
		why := "did not stop in time"
		if r.forced.Load() {
			why = "had not stopped yet"
		}
		r.note("%s %s: killed", e.Process, why)
	case supervisor.Stopped:
		r.repeatLast(e.Process)
		for _, left := range r.leftOf(e.Process) {
			r.note("%s: cannot stop %s (pid %d): it runs as another user; stop it by hand: sudo kill %d", e.Process, left.Command, left.Pid, left.Pid)
		}
	case supervisor.Starting, supervisor.Started, supervisor.Stopping:
	}
}

func (r *running) note(format string, args ...any) {
	r.mux.Notice("devrun: " + fmt.Sprintf(format, args...))
}

// reportEnd is for a process that ended although nobody asked it to.
func (r *running) reportEnd(e supervisor.Event) {
	if e.Kind == supervisor.Failed {
		r.note("cannot start %s: %v%s", e.Process, e.Err, r.consequence(e))
		return
	}
	if e.Err == nil {
		r.note("%s exited after %s%s", e.Process, round(e.Uptime), r.consequence(e))
		return
	}
	r.note("%s %v after %s%s%s", e.Process, e.Err, round(e.Uptime), r.cause(e), r.consequence(e))
	r.crashed[e.Process] = true
}

// repeatLast shows what a crashed process said last, once all of it has been
// read; alone, it has just been seen.
func (r *running) repeatLast(id string) {
	if !r.crashed[id] || r.single {
		return
	}
	delete(r.crashed, id)
	for _, line := range r.mux.Stream(id, "").Tail(lastLines) {
		r.note("  %s | %s", id, line)
	}
}

// cause explains the statuses with which a shell says that it could not run a
// command.
func (r *running) cause(e supervisor.Event) string {
	var exit *hostrun.ExitError
	if !errors.As(e.Err, &exit) || exit.Signal != 0 {
		return ""
	}
	source := r.sources[e.Process]
	switch exit.Code {
	case 127:
		return fmt.Sprintf(": command not found (%s)", source)
	case 126:
		return fmt.Sprintf(": the command is not executable (%s)", source)
	}
	return ""
}

func (r *running) consequence(e supervisor.Event) string {
	switch {
	case e.Then == plan.OnExitStop && !r.single && !r.stopping:
		r.stopping = true
		return "; stopping the others"
	case e.Then == plan.OnExitWait:
		return "; it stays down"
	}
	return ""
}

// round drops the digits of a duration that nobody reads.
func round(d time.Duration) time.Duration {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond)
	case d < time.Minute:
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Second)
}
