// Package supervisor keeps the processes of a plan running: it starts them in
// order, starts again what has to be started again, stops everything together,
// and knows which process ended first and why.
//
// It carries a plan out and decides nothing that the plan has decided, knows no
// manifest and no way to run a process: whoever calls it hands over a function
// that starts one.
//
// Every process has one goroutine, and the place where that goroutine stands
// (starting, up, being stopped, down) is the state of the process. Run's own
// goroutine takes in what they report, one event at a time; that is the only
// place where the run as a whole is decided.
package supervisor

import (
	"context"
	"fmt"
	"sync"

	"github.com/devrun/devrun/plan"
)

// Running is one started process with everything it has started in turn.
//
// The supervisor calls Err only once Exited is closed, and Stop exactly once;
// an implementation allows more than that, from several goroutines
// (runnertest says what it owes).
type Running interface {
	// Exited is closed when the leader has ended. Others of its tree may live
	// on, and there may be output still to come.
	Exited() <-chan struct{}
	// Done is closed, after Exited, when nothing of the process is left and its
	// output was read to the end.
	Done() <-chan struct{}
	// Err says, once Exited is closed, how the leader ended: nil for a clean
	// exit, else an error, which may have a method ExitCode() int that gives
	// the process's own code, or 128+n when signal n ended it.
	Err() error
	// Stop asks everything of the process to end, all at once, and kills what
	// is left of it when patience is done. It returns when Done is closed. When
	// the leader has ended already, it does the same to what the leader left
	// behind.
	Stop(patience context.Context)
	// Pid is the leader's process id, 0 when it has none here.
	Pid() int
}

// Config is what a Supervisor is made of. Start is required.
type Config struct {
	// Plan is what to run.
	Plan plan.Plan
	// Start starts one process. The first starts come in the order of the plan,
	// AtOnce of them at a time, so Start must not block for long; later ones may
	// come from several goroutines at once. A process keeps its plan.Process
	// over all its starts, and with it its port. An error counts as an end of
	// the process with a failure: with the error's ExitCode() if it has one, 1
	// otherwise.
	Start func(plan.Process) (Running, error)
	// AtOnce is how many of the first starts overlap; less than 2 is one after
	// the other. A start is mostly a wait for a new program to be loaded.
	AtOnce int
	// Events, if not nil, is told everything that happens, by the goroutine
	// that called Run, one event at a time. The processes wait for it: it must
	// not block. It may call Start, Stop and Restart.
	Events func(Event)
}

// Result is how a run ended.
type Result struct {
	// Code is the exit code for the run as a whole: that of First; 0 when the
	// run was interrupted or ended with the last of the ignored processes.
	Code int
	// First is the process whose end ended the run, empty when none did.
	First string
	// Err is how First ended, nil when it exited cleanly.
	Err error
	// Interrupted says that the caller ended the run, not a process. A caller
	// who loses patience with a run that a process had ended does not
	// interrupt it.
	Interrupted bool
}

// Supervisor runs one plan once.
type Supervisor struct {
	config    Config
	processes []*process
	reports   chan report
}

// New returns a Supervisor that runs nothing yet.
func New(c Config) *Supervisor {
	s := &Supervisor{config: c, reports: make(chan report)}
	for _, p := range c.Plan.Processes {
		s.processes = append(s.processes, newProcess(p, c.Start, s.reports))
	}
	return s
}

// Run starts the processes of the plan, the release alone before all others,
// and returns when the run is over and nothing is left of any of them. It can
// be called once.
//
// The run is over when a process with plan.OnExitStop ends by itself, when the
// last of nothing but plan.OnExitIgnore has ended, when the release fails, and
// when ctx is canceled: then all processes are asked to end at the same
// time, and each has its own grace time to do it. When patience is canceled too,
// or first, all that is left is killed.
func (s *Supervisor) Run(ctx, patience context.Context) Result {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	unlink := context.AfterFunc(patience, stop)
	defer unlink()
	go func() {
		defer close(s.reports)
		s.keepAll(ctx, patience)
	}()
	v := verdict{resting: make(map[string]bool), total: len(s.processes)}
	for r := range s.reports {
		if ctx.Err() == nil && v.endsWith(r.Event) {
			stop()
		}
		close(r.taken)
		if s.config.Events != nil {
			s.config.Events(r.Event)
		}
	}
	v.result.Interrupted = !v.reached && ctx.Err() != nil
	return v.result
}

// Start asks for a process that is down to be started now, without waiting for
// it; one that is up is left alone. The error says that there is no such
// process.
func (s *Supervisor) Start(id string) error {
	return s.ask(id, request{verb: start, cause: Command})
}

// Stop asks for a process to be stopped, without waiting for it. It then stays
// down until Start or Restart; the run goes on, whatever its plan.OnExit. The
// error says that there is no such process.
func (s *Supervisor) Stop(id string) error {
	return s.ask(id, request{verb: halt, cause: Command})
}

// Restart asks for a process to be started afresh, without waiting for it; one
// that is down is started. However many requests come before that next start,
// it meets them all; however many come after it has begun, they cause exactly
// one more. Once a process was restarted for a Change, its end no longer ends
// the run: it stays down and waits for the next request. The error says that
// there is no such process.
func (s *Supervisor) Restart(id string, why Cause) error {
	return s.ask(id, request{verb: restart, cause: why})
}

func (s *Supervisor) ask(id string, q request) error {
	for _, p := range s.processes {
		if p.ID == id {
			p.ask(q)
			return nil
		}
	}
	return fmt.Errorf("cannot %s %s: no such process", q.verb, id)
}

// keepAll runs the release and then all processes until the run is over.
//
// The first starts begin in the order of the plan, and none begins once one
// has ended the run.
func (s *Supervisor) keepAll(ctx, patience context.Context) {
	if r := s.config.Plan.Release; r != nil && ctx.Err() == nil {
		p := newProcess(*r, s.config.Start, s.reports)
		p.OnExit = onceBefore
		p.see(ctx, patience, p.start(ctx))
	}
	var all sync.WaitGroup
	defer all.Wait()
	starting := make(chan struct{}, max(s.config.AtOnce, 1))
	for _, p := range s.processes {
		starting <- struct{}{}
		if ctx.Err() != nil {
			return
		}
		all.Go(func() {
			first := p.first(ctx)
			<-starting
			p.keep(ctx, patience, first)
		})
	}
}

// verdict finds out from the events whether the run is over, and why.
type verdict struct {
	result  Result
	reached bool
	resting map[string]bool // ignored processes that have ended
	total   int             // how many processes there are
}

// endsWith reports whether e, which nobody asked for, ends the run.
func (v *verdict) endsWith(e Event) bool {
	switch {
	case e.Kind == Starting:
		delete(v.resting, e.Process)
	case e.Then == plan.OnExitStop:
		v.result = Result{Code: e.Code(), First: e.Process, Err: e.Err}
		v.reached = true
	case e.Then == plan.OnExitIgnore:
		v.resting[e.Process] = true
		v.reached = len(v.resting) == v.total
	}
	return v.reached
}
