package supervisor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/devrun/devrun/plan"
)

// A process that ends by itself under "stop" ends the run with its code; the
// others are stopped and do not count.
func TestFirstEndStopsAllWithItsCode(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("web.1", plan.OnExitStop, part{obeys: 2 * time.Second})
		p.add("worker.1", plan.OnExitStop, part{runs: 1500 * time.Millisecond, err: code(3)})
		p.run(p.supervisor(), 0, 0)
		p.want(`
			0s web.1 starting
			0s web.1 started
			0s worker.1 starting
			0s worker.1 started
			1.5s worker.1 exited after 1.5s: exit status 3; stop
			1.5s worker.1 stopped after 1.5s: exit status 3
			1.5s web.1 stopping
			3.5s web.1 stopped after 3.5s: exit status 143
			3.5s over: code 3, first worker.1 (exit status 3)`)
	})
}

// A clean exit under "stop" ends the run too, with code 0.
func TestCleanExitStopsAll(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("web.1", plan.OnExitStop, part{})
		p.add("job.1", plan.OnExitStop, part{runs: time.Second})
		p.run(p.supervisor(), 0, 0)
		p.want(`
			0s web.1 starting
			0s web.1 started
			0s job.1 starting
			0s job.1 started
			1s job.1 exited after 1s; stop
			1s job.1 stopped after 1s
			1s web.1 stopping
			1s web.1 stopped after 1s: exit status 143
			1s over: code 0, first job.1`)
	})
}

// Of many that end at the same instant, the one whose end was told first gives
// its name, its code and its error, and never one that was only stopped.
func TestFirstOfManySimultaneousEnds(t *testing.T) {
	inBubble(t, func(p *play) {
		for i := range 40 {
			p.add(fmt.Sprintf("p.%d", i), plan.OnExitStop, part{runs: time.Second, err: code(10 + i)})
			p.add(fmt.Sprintf("q.%d", i), plan.OnExitStop, part{})
		}
		got := p.run(p.supervisor(), 0, 0)
		first := slices.IndexFunc(p.order, func(l string) bool { return strings.HasSuffix(l, " exited") })
		want := strings.Fields(p.order[first])[0]
		var n int
		if _, err := fmt.Sscanf(got.First, "p.%d", &n); err != nil || got.First != want {
			t.Fatalf("first is %q, want %q, whose exit was told first", got.First, want)
		}
		if got.Code != 10+n || !errors.Is(got.Err, code(10+n)) || got.Interrupted {
			t.Errorf("got %s, want code and error %d of %s", show(got), 10+n, got.First)
		}
	})
}

// Processes are started one after the other in the order of the plan.
func TestStartsInPlanOrder(t *testing.T) {
	inBubble(t, func(p *play) {
		var want []string
		for i := range 50 {
			id := fmt.Sprintf("web.%d", 50-i)
			p.add(id, plan.OnExitStop, part{slow: time.Millisecond})
			want = append(want, id+" starting", id+" started")
		}
		p.run(p.supervisor(), time.Second, 0)
		if got := p.order[:100]; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if !strings.HasPrefix(p.lines[99], "50ms ") {
			t.Errorf("got %q for the last start, want no wait between starts", p.lines[99])
		}
	})
}

// Canceling ctx asks all at the same moment; the grace time is each process's
// own, and three stubborn processes need one of it, not three.
func TestGraceIsPerProcess(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitStop, part{obeys: deaf})
		p.add("b.1", plan.OnExitStop, part{obeys: deaf})
		p.add("c.1", plan.OnExitStop, part{obeys: deaf}).Grace = 3 * time.Second
		p.add("d.1", plan.OnExitStop, part{obeys: 500 * time.Millisecond})
		p.run(p.supervisor(), 2*time.Second, 0)
		p.want(`
			0s a.1 starting
			0s a.1 started
			0s b.1 starting
			0s b.1 started
			0s c.1 starting
			0s c.1 started
			0s d.1 starting
			0s d.1 started
			2s a.1 stopping
			2s b.1 stopping
			2s c.1 stopping
			2s d.1 stopping
			2.5s d.1 stopped after 2.5s: exit status 143
			5s c.1 killing
			5s c.1 stopped after 5s: exit status 137
			12s a.1 killing
			12s a.1 stopped after 12s: exit status 137
			12s b.1 killing
			12s b.1 stopped after 12s: exit status 137
			12s over: code 0, interrupted`)
	})
}

// The second stage kills at once what has not ended by then.
func TestLostPatienceKills(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitStop, part{obeys: deaf})
		p.add("b.1", plan.OnExitStop, part{})
		p.run(p.supervisor(), 2*time.Second, 3*time.Second)
		p.want(`
			0s a.1 starting
			0s a.1 started
			0s b.1 starting
			0s b.1 started
			2s a.1 stopping
			2s b.1 stopping
			2s b.1 stopped after 2s: exit status 143
			3s a.1 killing
			3s a.1 stopped after 3s: exit status 137
			3s over: code 0, interrupted`)
	})
}

// Signals do not wait for whoever deals with the events, neither the polite ones
// nor the kill.
func TestSignalsDoNotWaitForEvents(t *testing.T) {
	inBubble(t, func(p *play) {
		for i := range 5 {
			p.add(fmt.Sprintf("a.%d", i), plan.OnExitStop, part{obeys: time.Second})
			p.add(fmt.Sprintf("b.%d", i), plan.OnExitStop, part{obeys: deaf})
		}
		p.onEvent = func(e Event) {
			if e.Kind == Stopping {
				time.Sleep(5 * time.Second)
			}
		}
		p.run(p.supervisor(), 2*time.Second, 0)
		for i, f := range p.fakes {
			want := []time.Duration{3 * time.Second, 12 * time.Second}[i%2]
			if got := f.ended.Sub(p.begun); got != want {
				t.Errorf("process %d ended at %v, want %v", i, got, want)
			}
		}
	})
}

// Losing patience without having asked first ends the run all the same.
func TestLostPatienceAloneEndsTheRun(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitWait, part{obeys: deaf})
		p.run(p.supervisor(), 0, 2*time.Second)
		p.want(`
			0s a.1 starting
			0s a.1 started
			2s a.1 stopping
			2s a.1 killing
			2s a.1 stopped after 2s: exit status 137
			2s over: code 0, interrupted`)
	})
}

// A caller who cuts short what a crash has begun does not take the crash's code
// away.
func TestLostPatienceAfterACrashKeepsItsCode(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitStop, part{obeys: deaf})
		p.add("b.1", plan.OnExitStop, part{runs: time.Second, err: code(4)})
		got := p.run(p.supervisor(), 2*time.Second, 3*time.Second)
		if want := (Result{Code: 4, First: "b.1", Err: code(4)}); got != want {
			t.Errorf("got %s, want %s", show(got), show(want))
		}
		if got, want := time.Since(p.begun), 3*time.Second; got != want {
			t.Errorf("over after %v, want %v", got, want)
		}
	})
}

// A context that is canceled beforehand starts nothing, not even the release.
func TestCanceledBeforeTheStart(t *testing.T) {
	inBubble(t, func(p *play) {
		p.release(part{runs: time.Second})
		p.add("a.1", plan.OnExitStop, part{})
		ctx, cancel := context.WithCancel(p.t.Context())
		cancel()
		got := p.supervisor().Run(ctx, p.t.Context())
		if want := (Result{Interrupted: true}); got != want || len(p.lines) > 0 {
			t.Errorf("got %s and %q, want %s and no event", show(got), p.lines, show(want))
		}
	})
}

// A run that is interrupted halfway through the plan starts nothing more.
func TestCanceledBetweenStarts(t *testing.T) {
	inBubble(t, func(p *play) {
		for _, id := range []string{"a.1", "b.1", "c.1"} {
			p.add(id, plan.OnExitStop, part{slow: time.Second})
		}
		p.run(p.supervisor(), 1500*time.Millisecond, 0)
		p.want(`
			0s a.1 starting
			1s a.1 started
			1s b.1 starting
			1.5s a.1 stopping
			1.5s a.1 stopped after 500ms: exit status 143
			2s b.1 started
			2s b.1 stopping
			2s b.1 stopped after 0s: exit status 143
			2s over: code 0, interrupted`)
	})
}

// A plan of nothing is over at once.
func TestNothingToRun(t *testing.T) {
	inBubble(t, func(p *play) {
		p.run(p.supervisor(), 0, 0)
		p.want(`0s over: code 0`)
	})
}

// A process that cannot be started has ended with a failure: those after it are
// not started, and those before it are stopped.
func TestFailedStartStopsAll(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitStop, part{})
		// Slow, so that all is quiet when the news of the failure comes.
		p.add("b.1", plan.OnExitStop, part{slow: time.Second, fails: errNoFolder})
		p.add("c.1", plan.OnExitStop, part{})
		p.run(p.supervisor(), 0, 0)
		p.want(`
			0s a.1 starting
			0s a.1 started
			0s b.1 starting
			1s b.1 failed: no such folder; stop
			1s a.1 stopping
			1s a.1 stopped after 1s: exit status 143
			1s over: code 1, first b.1 (no such folder)`)
	})
}

// The code of an error of Start is its own if it has one.
func TestFailedStartHasItsOwnCode(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitStop, part{fails: fmt.Errorf("cannot start a.1: %w", code(126))})
		p.run(p.supervisor(), 0, 0)
		p.want(`
			0s a.1 starting
			0s a.1 failed: cannot start a.1: exit status 126; stop
			0s over: code 126, first a.1 (cannot start a.1: exit status 126)`)
	})
}

// Under the other policies a failed start is an end like any other.
func TestFailedStartUnderOtherPolicies(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("again.1", plan.OnExitRestart, part{fails: errNoFolder}, part{})
		p.add("ignore.1", plan.OnExitIgnore, part{fails: errNoFolder})
		p.add("wait.1", plan.OnExitWait, part{fails: errNoFolder})
		p.run(p.supervisor(), 5*time.Second, 0)
		p.want(`
			0s again.1 starting
			0s again.1 failed: no such folder; restart
			0s again.1 restarting in 1s
			0s ignore.1 starting
			0s ignore.1 failed: no such folder; ignore
			0s wait.1 starting
			0s wait.1 failed: no such folder; wait
			1s again.1 starting
			1s again.1 started
			5s again.1 stopping
			5s again.1 stopped after 4s: exit status 143
			5s over: code 0, interrupted`)
	})
}
