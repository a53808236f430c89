package supervisor

import (
	"context"
	"time"

	"github.com/devrun/devrun/plan"
)

// The back-off between two starts of a process with plan.OnExitRestart: it
// doubles from the shortest to the longest, and begins anew after the process
// has been up for calm, or has been asked for.
const (
	shortest = time.Second
	longest  = time.Minute
	calm     = time.Minute
)

// forever is a time to stay down that only a request ends.
const forever time.Duration = -1

// onceBefore is the plan.OnExit of the release: a failure ends the run, a
// success nothing.
const onceBefore plan.OnExit = "once before"

// process is one process of the plan. All but ask belongs to its goroutine.
type process struct {
	plan.Process
	launch   func(plan.Process) (Running, error)
	reports  chan<- report
	requests chan request  // holds at most one, see ask
	backoff  time.Duration // the last one
	changed  bool          // was started for a Change
}

// report is an Event on its way to Run.
type report struct {
	Event
	taken chan struct{} // closed by Run when the run has been decided
}

// life is one start of a process. Without a Running it came to nothing, and
// rest is how long the process stays down.
type life struct {
	Running
	begun time.Time
	rest  time.Duration
}

func newProcess(p plan.Process, launch func(plan.Process) (Running, error), reports chan<- report) *process {
	return &process{Process: p, launch: launch, reports: reports, requests: make(chan request, 1)}
}

// first makes the first start, unless somebody has asked for none.
func (p *process) first(ctx context.Context) life {
	if rest := p.pending(0); rest != 0 {
		return life{rest: rest}
	}
	return p.start(ctx)
}

// keep sees the process through its lives until the run is over.
func (p *process) keep(ctx, patience context.Context, l life) {
	for {
		rest := p.see(ctx, patience, l)
		if !p.down(ctx, rest) {
			return
		}
		l = p.start(ctx)
	}
}

func (p *process) start(ctx context.Context) life {
	p.emit(Event{Kind: Starting})
	r, err := p.launch(p.Process)
	if err != nil {
		then := p.then(err)
		p.emit(Event{Kind: Failed, Err: err, Then: then})
		return life{rest: p.after(ctx, then, 0)}
	}
	l := life{Running: r, begun: time.Now()}
	p.emit(Event{Kind: Started, Pid: r.Pid()})
	return l
}

// see watches over one life until nothing is left of it, and returns how long
// the process is to stay down after it.
func (p *process) see(ctx, patience context.Context, l life) time.Duration {
	if l.Running == nil {
		return l.rest
	}
	for {
		select {
		case <-l.Exited():
			return p.exited(ctx, patience, l)
		case q := <-p.requests:
			if q.verb == start || ctx.Err() != nil {
				continue
			}
			e := Event{Kind: Stopping, Cause: q.cause}
			if q.verb == restart {
				e.Kind = Restarting
			}
			p.end(patience, l, e)
			return p.accept(q)
		case <-ctx.Done():
			if closed(l.Exited()) {
				return p.exited(ctx, patience, l)
			}
			p.end(patience, l, Event{Kind: Stopping})
			return forever
		}
	}
}

// exited deals with a leader that has ended by itself.
func (p *process) exited(ctx, patience context.Context, l life) time.Duration {
	e := Event{Kind: Exited, Err: l.Err(), Uptime: time.Since(l.begun), Then: p.then(l.Err())}
	p.end(patience, l, e)
	return p.after(ctx, e.Then, e.Uptime)
}

// end stops what there is of a life, says so with e, and returns when nothing
// is left. Signals do not wait for events: all processes get theirs at the same
// moment, and the kill comes on time, however long the line at Events.
func (p *process) end(patience context.Context, l life, e Event) {
	grace, cancel := context.WithTimeout(patience, p.Grace)
	defer cancel()
	force, kill := context.WithCancel(context.WithoutCancel(patience))
	defer kill()
	// Whether something was alive at the end of the grace time can be told only
	// by the one who then has it killed.
	late := make(chan struct{})
	unlink := context.AfterFunc(grace, func() {
		if !closed(l.Done()) {
			close(late)
		}
		kill()
	})
	defer unlink()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		l.Stop(force)
	}()
	p.emit(e)
	select {
	case <-gone:
	case <-late:
	}
	if closed(late) {
		p.emit(Event{Kind: Killing})
	}
	<-gone
	p.emit(Event{Kind: Stopped, Err: l.Err(), Uptime: time.Since(l.begun)})
}

// then says what follows when the process ended with err by itself.
func (p *process) then(err error) plan.OnExit {
	switch p.OnExit {
	case plan.OnExitRestart, plan.OnExitWait:
		return p.OnExit
	case onceBefore:
		if err == nil {
			return ""
		}
	case plan.OnExitRetry:
		if err != nil {
			return plan.OnExitRestart
		}
		return plan.OnExitIgnore
	case plan.OnExitStop, plan.OnExitIgnore:
		if p.changed {
			return plan.OnExitWait
		}
		return p.OnExit
	}
	return plan.OnExitStop
}

// after returns how long the process stays down after an end by itself.
func (p *process) after(ctx context.Context, then plan.OnExit, uptime time.Duration) time.Duration {
	if then != plan.OnExitRestart || ctx.Err() != nil {
		return forever
	}
	if uptime >= calm {
		p.backoff = 0
	}
	p.backoff = min(max(2*p.backoff, shortest), longest)
	p.emit(Event{Kind: Restarting, Delay: p.backoff})
	return p.backoff
}

// down waits while the process is to stay down, for rest or until a request
// says otherwise. It reports whether to start it now, false when the run is
// over.
func (p *process) down(ctx context.Context, rest time.Duration) bool {
	rest = p.pending(rest)
	for rest != 0 {
		var due <-chan time.Time
		if rest != forever {
			due = time.After(rest)
		}
		select {
		case <-ctx.Done():
			return false
		case q := <-p.requests:
			rest = p.accept(q)
		case <-due:
			rest = 0
		}
	}
	return ctx.Err() == nil
}

// pending takes a request that has come already: the start that is to come
// after rest meets it, or it changes rest.
func (p *process) pending(rest time.Duration) time.Duration {
	select {
	case q := <-p.requests:
		return p.accept(q)
	default:
		return rest
	}
}

// accept takes note of a request and returns how long to stay down for it.
func (p *process) accept(q request) time.Duration {
	p.backoff = 0
	if q.verb == halt {
		return forever
	}
	p.changed = p.changed || q.cause == Change
	return 0
}

// emit returns when Run has decided what e means for the run, so that the next
// step of the process sees that.
func (p *process) emit(e Event) {
	e.Time, e.Process = time.Now(), p.ID
	taken := make(chan struct{})
	p.reports <- report{e, taken}
	<-taken
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
