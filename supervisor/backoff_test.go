package supervisor

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/devrun/devrun/plan"
)

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

// A process that would be restarted is not, and is not said to be, when the run
// has ended while its leftovers were stopped.
func TestNoBackOffAfterTheEnd(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitRestart, part{runs: time.Second, orphan: true, obeys: 5 * time.Second})
		p.run(p.supervisor(), 2*time.Second, 0)
		p.want(`
			0s a.1 starting
			0s a.1 started
			1s a.1 exited after 1s; restart
			6s a.1 stopped after 6s
			6s over: code 0, interrupted`)
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
