package main

import (
	"context"
	"fmt"

	"github.com/devrun/devrun/hostrun"
	"github.com/devrun/devrun/logs"
	"github.com/devrun/devrun/plan"
	"github.com/devrun/devrun/portcheck"
)

// leftovers are the processes of a run whose devrun and guardians were killed
// together. They are looked for beside the start, which waits for it only
// where one of them may hold a port.
type leftovers struct {
	done  chan struct{}
	swept []hostrun.Swept
	err   error
}

func clearLeft(stateDir string) *leftovers {
	l := &leftovers{done: make(chan struct{})}
	go func() {
		defer close(l.done)
		if stateDir != "" {
			l.swept, l.err = hostrun.Sweep(stateDir)
		}
	}()
	return l
}

// tell says what was found, once it has been.
func (l *leftovers) tell(mux *logs.Mux) {
	<-l.done
	if l.err != nil {
		mux.Notice(fmt.Sprintf("devrun: cannot look for what a killed run left: %v", l.err))
	}
	for _, s := range l.swept {
		if s.Killed > 0 {
			mux.Notice(fmt.Sprintf("devrun: stopped %d processes that a killed devrun had left", s.Killed))
		}
	}
}

// probe tries ports on this machine.
func (l *leftovers) probe(ctx context.Context) *plan.Probe {
	afresh := func(check func(context.Context, int) error) func(int) error {
		return func(port int) error {
			err := check(ctx, port)
			if err != nil {
				<-l.done
				err = check(ctx, port)
			}
			return err
		}
	}
	return &plan.Probe{Try: afresh(portcheck.Try), Explain: afresh(portcheck.Free)}
}
