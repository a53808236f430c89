//go:build linux || darwin

package hostrun

import (
	"time"

	"golang.org/x/sys/unix"
)

// killPause is the time between two rounds of SIGKILL.
const killPause = 10 * time.Millisecond

// effort is how long SIGKILL is worth repeating: forkBound in all, and
// killBound since the last round that had something new to kill.
type effort struct {
	began, last time.Time
	killed      map[int]bool
}

func newEffort() *effort {
	now := time.Now()
	return &effort{now, now, map[int]bool{}}
}

// spent notes what is to be killed in this round and reports whether there is
// no use in another.
func (e *effort) spent(procs []proc) bool {
	now := time.Now()
	for _, p := range procs {
		if !e.killed[p.pid] {
			e.killed[p.pid], e.last = true, now
		}
	}
	return now.Sub(e.last) > killBound || now.Sub(e.began) > forkBound
}

// killAll kills what list finds, until it has found nothing twice: a list is
// not made in an instant, and a child whose parent dies meanwhile can be
// missing from both places in which it is looked for. It returns how many
// there were, and what could not be ended.
func killAll(list func() []proc) (killed int, left []proc) {
	e := newEffort()
	for empty := 0; empty < 2; time.Sleep(killPause) {
		procs := list()
		if e.spent(procs) {
			return len(e.killed) - len(procs), procs
		}
		for _, p := range procs {
			_ = p.signal(unix.SIGKILL)
		}
		empty++
		if len(procs) > 0 {
			empty = 0
		}
	}
	return len(e.killed), nil
}

// name says what the processes are, for a user who has to end them himself.
func name(procs []proc) []Left {
	var left []Left
	for _, p := range procs {
		left = append(left, Left{p.pid, p.command()})
	}
	return left
}
