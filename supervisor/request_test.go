package supervisor

import (
	"slices"
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

// When several things have come together, an exit is told as what it was, and
// the end of the run comes before a request. Here they come to a process that
// waits for an event to be dealt with.
func TestEverythingAtOnce(t *testing.T) {
	busy := func(e Event) {
		if e.Kind == Starting {
			time.Sleep(3 * time.Second)
		}
	}
	for range 20 {
		inBubble(t, func(p *play) {
			p.add("a.1", plan.OnExitWait, part{runs: time.Second, err: code(1)})
			p.onEvent = busy
			p.run(p.supervisor(), 2*time.Second, 0)
			p.want(`
				0s a.1 starting
				3s a.1 started
				3s a.1 exited after 3s: exit status 1; wait
				3s a.1 stopped after 3s: exit status 1
				3s over: code 0, interrupted`)
		})
		inBubble(t, func(p *play) {
			p.add("a.1", plan.OnExitWait, part{})
			p.onEvent = busy
			s := p.supervisor()
			p.at(1*time.Second, func() error { return s.Restart("a.1", Command) })
			p.run(s, 2*time.Second, 0)
			p.want(`
				0s a.1 starting
				3s a.1 started
				3s a.1 stopping
				3s a.1 stopped after 3s: exit status 143
				3s over: code 0, interrupted`)
		})
	}
}

// A process that was restarted for a change no longer ends the run: it waits
// for the next request, also after the user has restarted it. One that only the
// user restarted still ends the run.
func TestCrashAfterAChangeWaits(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitStop, part{}, part{runs: time.Second, err: code(1)})
		p.add("b.1", plan.OnExitIgnore, part{}, part{runs: time.Second})
		p.add("c.1", plan.OnExitStop, part{}, part{runs: 5 * time.Second, err: code(3)})
		s := p.supervisor()
		p.at(2*time.Second, func() error { return s.Restart("a.1", Change) })
		p.at(2*time.Second, func() error { return s.Restart("b.1", Change) })
		p.at(2*time.Second, func() error { return s.Restart("c.1", Command) })
		p.at(4*time.Second, func() error { return s.Restart("a.1", Command) })
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
			5s a.1 exited after 1s: exit status 1; wait
			5s a.1 stopped after 1s: exit status 1
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
