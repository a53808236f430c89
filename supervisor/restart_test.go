package supervisor

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/devrun/devrun/plan"
)

// at makes a request at a time of the run.
func (p *play) at(d time.Duration, ask func() error) {
	go func() {
		time.Sleep(d)
		if err := ask(); err != nil {
			p.t.Error(err)
		}
	}()
}

// starts gives the times at which a process was started.
func (p *play) starts(id string) []string {
	var times []string
	for _, l := range p.lines {
		if at, ok := strings.CutSuffix(l, " "+id+" started"); ok {
			times = append(times, at)
		}
	}
	return times
}

// The back-off doubles from 1 s to 60 s, after a clean exit too.
func TestBackOffDoubles(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitRestart, part{runs: time.Second, err: code(1)}, part{runs: time.Second})
		p.run(p.supervisor(), 252500*time.Millisecond, 0)
		var delays []string
		for _, l := range p.lines {
			if _, delay, ok := strings.Cut(l, " restarting in "); ok {
				delays = append(delays, delay)
			}
		}
		want := []string{"1s", "2s", "4s", "8s", "16s", "32s", "1m0s", "1m0s", "1m0s"}
		if !slices.Equal(delays, want) {
			t.Errorf("delays are %q, want %q", delays, want)
		}
		want = []string{"0s", "2s", "5s", "10s", "19s", "36s", "1m9s", "2m10s", "3m11s", "4m12s"}
		if got := p.starts("a.1"); !slices.Equal(got, want) {
			t.Errorf("started at %q, want %q", got, want)
		}
	})
}

// A minute of running resets the back-off, a second less does not.
func TestBackOffResetsAfterAMinute(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitRestart,
			part{runs: time.Second}, part{runs: 59 * time.Second}, part{runs: 60 * time.Second}, part{})
		p.run(p.supervisor(), 3*time.Minute, 0)
		p.want(`
			0s a.1 starting
			0s a.1 started
			1s a.1 exited after 1s; restart
			1s a.1 stopped after 1s
			1s a.1 restarting in 1s
			2s a.1 starting
			2s a.1 started
			1m1s a.1 exited after 59s; restart
			1m1s a.1 stopped after 59s
			1m1s a.1 restarting in 2s
			1m3s a.1 starting
			1m3s a.1 started
			2m3s a.1 exited after 1m0s; restart
			2m3s a.1 stopped after 1m0s
			2m3s a.1 restarting in 1s
			2m4s a.1 starting
			2m4s a.1 started
			3m0s a.1 stopping
			3m0s a.1 stopped after 56s: exit status 143
			3m0s over: code 0, interrupted`)
	})
}

// The delay is counted from when nothing of the process is left: its port is
// free then.
func TestBackOffBeginsWhenNothingIsLeft(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitRestart, part{runs: time.Second, orphan: true, obeys: 3 * time.Second}, part{})
		p.run(p.supervisor(), 10*time.Second, 0)
		p.want(`
			0s a.1 starting
			0s a.1 started
			1s a.1 exited after 1s; restart
			4s a.1 stopped after 4s
			4s a.1 restarting in 1s
			5s a.1 starting
			5s a.1 started
			10s a.1 stopping
			10s a.1 stopped after 5s: exit status 143
			10s over: code 0, interrupted`)
	})
}

// A run that ends while a process is in its back-off does not wait for it.
func TestBackOffIsInterrupted(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitRestart, part{fails: errNoFolder})
		got := p.run(p.supervisor(), 100*time.Second, 0)
		if !got.Interrupted || time.Since(p.begun) != 100*time.Second {
			t.Errorf("got %s after %v, want interrupted after 1m40s", show(got), time.Since(p.begun))
		}
		if last := p.lines[len(p.lines)-2]; last != "1m3s a.1 restarting in 1m0s" {
			t.Errorf("last event is %q, want the back-off of a minute", last)
		}
	})
}

// A request ends a back-off: Stop for good, Restart and Start by a start at
// once, after which the back-off begins anew.
func TestRequestsEndABackOff(t *testing.T) {
	inBubble(t, func(p *play) {
		crash := part{runs: time.Second, err: code(1)}
		for _, id := range []string{"halted.1", "restarted.1", "started.1"} {
			p.add(id, plan.OnExitRestart, crash, crash, crash, part{})
		}
		s := p.supervisor()
		at := 4 * time.Second // in the middle of the second back-off
		p.at(at, func() error { return s.Stop("halted.1") })
		p.at(at, func() error { return s.Restart("restarted.1", Command) })
		p.at(at, func() error { return s.Start("started.1") })
		p.run(s, time.Minute, 0)
		for id, want := range map[string][]string{
			"halted.1":    {"0s", "2s"},
			"restarted.1": {"0s", "2s", "4s", "6s"},
			"started.1":   {"0s", "2s", "4s", "6s"},
		} {
			if got := p.starts(id); !slices.Equal(got, want) {
				t.Errorf("%s was started at %q, want %q", id, got, want)
			}
		}
	})
}

// A requested restart is no end by itself: the run goes on, the grace time is
// kept, and the process comes back when nothing of it is left.
func TestRestartByRequest(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitStop, part{obeys: deaf}, part{obeys: time.Second})
		p.add("b.1", plan.OnExitStop, part{})
		s := p.supervisor()
		p.at(2*time.Second, func() error { return s.Restart("a.1", Command) })
		p.run(s, 20*time.Second, 0)
		p.want(`
			0s a.1 starting
			0s a.1 started
			0s b.1 starting
			0s b.1 started
			2s a.1 restarting (command)
			12s a.1 killing
			12s a.1 stopped after 12s: exit status 137
			12s a.1 starting
			12s a.1 started
			20s a.1 stopping
			20s b.1 stopping
			20s b.1 stopped after 20s: exit status 143
			21s a.1 stopped after 9s: exit status 143
			21s over: code 0, interrupted`)
	})
}

// Requests that come while a restart waits for the old process are met by the
// new one; those that come while the new one is being started, though many,
// cause exactly one more.
func TestRestartsCoalesce(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitStop, part{obeys: 4 * time.Second}, part{slow: 4 * time.Second}, part{})
		s := p.supervisor()
		for _, d := range []int{1, 2, 3, 4, 6, 7, 8} {
			p.at(time.Duration(d)*time.Second, func() error { return s.Restart("a.1", Change) })
		}
		p.run(s, 20*time.Second, 0)
		p.want(`
			0s a.1 starting
			0s a.1 started
			1s a.1 restarting (change)
			5s a.1 stopped after 5s: exit status 143
			5s a.1 starting
			9s a.1 started
			9s a.1 restarting (change)
			9s a.1 stopped after 0s: exit status 143
			9s a.1 starting
			9s a.1 started
			20s a.1 stopping
			20s a.1 stopped after 11s: exit status 143
			20s over: code 0, interrupted`)
	})
}

// A process that is stopped by request stays down until it is asked for, and
// neither ends the run.
func TestStopAndStartByRequest(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitStop, part{})
		s := p.supervisor()
		for d, ask := range map[int]func(string) error{1: s.Start, 2: s.Stop, 3: s.Stop, 100: s.Start} {
			p.at(time.Duration(d)*time.Second, func() error { return ask("a.1") })
		}
		p.run(s, 200*time.Second, 0)
		p.want(`
			0s a.1 starting
			0s a.1 started
			2s a.1 stopping (command)
			2s a.1 stopped after 2s: exit status 143
			1m40s a.1 starting
			1m40s a.1 started
			3m20s a.1 stopping
			3m20s a.1 stopped after 1m40s: exit status 143
			3m20s over: code 0, interrupted`)
	})
}

// A request that comes in the grace time of another is carried out when the
// process is down: the last one counts.
func TestRequestsDuringGrace(t *testing.T) {
	inBubble(t, func(p *play) {
		for _, id := range []string{"back.1", "down.1", "up.1"} {
			p.add(id, plan.OnExitStop, part{obeys: 5 * time.Second}, part{})
		}
		s := p.supervisor()
		p.at(1*time.Second, func() error { return s.Stop("back.1") })
		p.at(2*time.Second, func() error { return s.Restart("back.1", Command) })
		p.at(1*time.Second, func() error { return s.Restart("down.1", Command) })
		p.at(2*time.Second, func() error { return s.Stop("down.1") })
		p.at(1*time.Second, func() error { return s.Stop("up.1") })
		p.at(2*time.Second, func() error { return s.Stop("up.1") })
		p.at(3*time.Second, func() error { return s.Start("up.1") })
		p.run(s, 20*time.Second, 0)
		for id, want := range map[string][]string{"back.1": {"0s", "6s"}, "down.1": {"0s"}, "up.1": {"0s", "6s"}} {
			if got := p.starts(id); !slices.Equal(got, want) {
				t.Errorf("%s was started at %q, want %q", id, got, want)
			}
		}
	})
}

// A run that ends during a restart waits for the rest of its grace time and
// starts nothing.
func TestInterruptedDuringRestart(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitStop, part{obeys: deaf})
		s := p.supervisor()
		p.at(1*time.Second, func() error { return s.Restart("a.1", Change) })
		p.at(3*time.Second, func() error { return s.Restart("a.1", Change) })
		p.run(s, 2*time.Second, 0)
		p.want(`
			0s a.1 starting
			0s a.1 started
			1s a.1 restarting (change)
			11s a.1 killing
			11s a.1 stopped after 11s: exit status 137
			11s over: code 0, interrupted`)
	})
}

// A process that was restarted for a change no longer ends the run: it waits
// for the next request. One that the user restarted still does.
func TestCrashAfterAChangeWaits(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitStop, part{}, part{runs: time.Second, err: code(1)}, part{})
		p.add("b.1", plan.OnExitIgnore, part{}, part{runs: time.Second})
		p.add("c.1", plan.OnExitStop, part{}, part{runs: 5 * time.Second, err: code(3)})
		s := p.supervisor()
		p.at(2*time.Second, func() error { return s.Restart("a.1", Change) })
		p.at(2*time.Second, func() error { return s.Restart("b.1", Change) })
		p.at(2*time.Second, func() error { return s.Restart("c.1", Command) })
		p.at(4*time.Second, func() error { return s.Restart("a.1", Change) })
		p.run(s, 0, 0)
		p.want(`
			0s a.1 starting
			0s a.1 started
			0s b.1 starting
			0s b.1 started
			0s c.1 starting
			0s c.1 started
			2s a.1 restarting (change)
			2s a.1 stopped after 2s: exit status 143
			2s a.1 starting
			2s a.1 started
			2s b.1 restarting (change)
			2s b.1 stopped after 2s: exit status 143
			2s b.1 starting
			2s b.1 started
			2s c.1 restarting (command)
			2s c.1 stopped after 2s: exit status 143
			2s c.1 starting
			2s c.1 started
			3s a.1 exited after 1s: exit status 1; wait
			3s a.1 stopped after 1s: exit status 1
			3s b.1 exited after 1s; wait
			3s b.1 stopped after 1s
			4s a.1 starting
			4s a.1 started
			7s a.1 stopping
			7s a.1 stopped after 3s: exit status 143
			7s c.1 exited after 5s: exit status 3; stop
			7s c.1 stopped after 5s: exit status 3
			7s over: code 3, first c.1 (exit status 3)`)
	})
}

// A change is not forgotten when another request comes on top of it.
func TestChangeSurvivesMerging(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitStop, part{obeys: 3 * time.Second}, part{runs: time.Second, err: code(1)})
		s := p.supervisor()
		p.at(1*time.Second, func() error { return s.Restart("a.1", Command) })
		p.at(2*time.Second, func() error { return s.Restart("a.1", Change) })
		p.at(3*time.Second, func() error { return s.Restart("a.1", Command) })
		got := p.run(s, time.Minute, 0)
		if !got.Interrupted || !slices.Contains(p.lines, "5s a.1 exited after 1s: exit status 1; wait") {
			t.Errorf("got %s and %q, want a process that waits after its crash", show(got), p.lines)
		}
	})
}

// What is asked for before the first start is met by it; a process that is
// stopped beforehand is not started and does not hold up the others.
func TestRequestsBeforeTheStart(t *testing.T) {
	inBubble(t, func(p *play) {
		p.release(part{runs: 2 * time.Second})
		p.add("a.1", plan.OnExitStop, part{})
		p.add("b.1", plan.OnExitStop, part{})
		p.add("c.1", plan.OnExitStop, part{})
		s := p.supervisor()
		if err := s.Restart("a.1", Change); err != nil {
			t.Error(err)
		}
		p.at(1*time.Second, func() error { return s.Stop("b.1") })
		p.at(5*time.Second, func() error { return s.Start("b.1") })
		p.run(s, 10*time.Second, 0)
		for id, want := range map[string][]string{"a.1": {"2s"}, "b.1": {"5s"}, "c.1": {"2s"}} {
			if got := p.starts(id); !slices.Equal(got, want) {
				t.Errorf("%s was started at %q, want %q", id, got, want)
			}
		}
	})
}

// Events may make requests, and a request about an unknown process is an error
// that says which.
func TestRequestsFromEvents(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitWait, part{runs: time.Second}, part{})
		s := p.supervisor()
		p.onEvent = func(e Event) {
			if e.Kind == Stopped && e.Err == nil {
				if err := s.Start(e.Process); err != nil {
					t.Error(err)
				}
			}
		}
		p.run(s, 5*time.Second, 0)
		if got, want := p.starts("a.1"), []string{"0s", "1s"}; !slices.Equal(got, want) {
			t.Errorf("started at %q, want %q", got, want)
		}
		for verb, err := range map[string]error{
			"start": s.Start("b.1"), "stop": s.Stop("b.1"), "restart": s.Restart("b.1", Change),
		} {
			if want := "cannot " + verb + " b.1: no such process"; err == nil || err.Error() != want {
				t.Errorf("got %v, want %q", err, want)
			}
		}
	})
}

// One request stands for two.
func TestRequestThen(t *testing.T) {
	want := map[[2]verb]verb{
		{start, start}: start, {start, halt}: halt, {start, restart}: restart,
		{halt, start}: restart, {halt, halt}: halt, {halt, restart}: restart,
		{restart, start}: restart, {restart, halt}: halt, {restart, restart}: restart,
	}
	for q, w := range want {
		if got := (request{verb: q[0]}).then(request{verb: q[1]}); got.verb != w {
			t.Errorf("%s then %s is %s, want %s", q[0], q[1], got.verb, w)
		}
	}
}
