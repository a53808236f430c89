package supervisor

import (
	"fmt"
	"testing"
	"time"

	"github.com/devrun/devrun/plan"
)

// The release runs alone; the processes start when it has succeeded and nothing
// of it is left.
func TestReleaseComesFirst(t *testing.T) {
	inBubble(t, func(p *play) {
		p.release(part{runs: 2 * time.Second, orphan: true, obeys: time.Second})
		p.add("a.1", plan.OnExitStop, part{})
		p.run(p.supervisor(), 5*time.Second, 0)
		p.want(`
			0s release starting
			0s release started
			2s release exited after 2s
			3s release stopped after 3s
			3s a.1 starting
			3s a.1 started
			5s a.1 stopping
			5s a.1 stopped after 2s: exit status 143
			5s over: code 0, interrupted`)
	})
}

// A release that fails ends the run with its code, and nothing is started.
func TestReleaseFails(t *testing.T) {
	inBubble(t, func(p *play) {
		p.release(part{runs: 2 * time.Second, err: code(9)})
		p.add("a.1", plan.OnExitIgnore, part{})
		p.run(p.supervisor(), 0, 0)
		p.want(`
			0s release starting
			0s release started
			2s release exited after 2s: exit status 9; stop
			2s release stopped after 2s: exit status 9
			2s over: code 9, first release (exit status 9)`)
	})
}

// A release that cannot be started is a release that fails.
func TestReleaseCannotStart(t *testing.T) {
	inBubble(t, func(p *play) {
		p.release(part{fails: errNoFolder})
		p.add("a.1", plan.OnExitStop, part{})
		p.run(p.supervisor(), 0, 0)
		p.want(`
			0s release starting
			0s release failed: no such folder; stop
			0s over: code 1, first release (no such folder)`)
	})
}

// A release that is interrupted is stopped, and nothing is started after it,
// even if it ends well.
func TestReleaseInterrupted(t *testing.T) {
	inBubble(t, func(p *play) {
		p.release(part{obeys: deaf})
		p.add("a.1", plan.OnExitStop, part{})
		p.run(p.supervisor(), time.Second, 2*time.Second)
		p.want(`
			0s release starting
			0s release started
			1s release stopping
			2s release killing
			2s release stopped after 2s: exit status 137
			2s over: code 0, interrupted`)
	})
}

// Under "wait" a process stays down and the run goes on, with no process up.
func TestWaitGoesOn(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitWait, part{runs: time.Second, err: code(1)})
		p.add("b.1", plan.OnExitWait, part{runs: 2 * time.Second})
		p.run(p.supervisor(), time.Hour, 0)
		p.want(`
			0s a.1 starting
			0s a.1 started
			0s b.1 starting
			0s b.1 started
			1s a.1 exited after 1s: exit status 1; wait
			1s a.1 stopped after 1s: exit status 1
			2s b.1 exited after 2s; wait
			2s b.1 stopped after 2s
			1h0m0s over: code 0, interrupted`)
	})
}

// Under "ignore" the run ends with the last one, with code 0 whatever theirs.
func TestIgnoreEndsWithTheLast(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitIgnore, part{runs: 3 * time.Second, err: code(1)})
		p.add("b.1", plan.OnExitIgnore, part{runs: time.Second, err: code(2)})
		p.add("c.1", plan.OnExitIgnore, part{fails: errNoFolder})
		p.run(p.supervisor(), 0, 0)
		p.want(`
			0s a.1 starting
			0s a.1 started
			0s b.1 starting
			0s b.1 started
			0s c.1 starting
			0s c.1 failed: no such folder; ignore
			1s b.1 exited after 1s: exit status 2; ignore
			1s b.1 stopped after 1s: exit status 2
			3s a.1 exited after 3s: exit status 1; ignore
			3s a.1 stopped after 3s: exit status 1
			3s over: code 0`)
	})
}

// Under "on-failure" a failure is tried again, and a success is the end of it.
func TestRetryUntilItSucceeds(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitRetry, part{runs: time.Second, err: code(1)}, part{runs: time.Second})
		p.run(p.supervisor(), 0, 0)
		p.want(`
			0s a.1 starting
			0s a.1 started
			1s a.1 exited after 1s: exit status 1; restart
			1s a.1 stopped after 1s: exit status 1
			1s a.1 restarting in 1s
			2s a.1 starting
			2s a.1 started
			3s a.1 exited after 1s; ignore
			3s a.1 stopped after 1s
			3s over: code 0`)
	})
}

// An ignored process that was started again by request counts again.
func TestIgnoredAndStartedAgain(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitIgnore, part{runs: time.Second}, part{runs: 5 * time.Second})
		p.add("b.1", plan.OnExitIgnore, part{runs: 3 * time.Second})
		s := p.supervisor()
		p.at(2*time.Second, func() error { return s.Start("a.1") })
		p.run(s, 0, 0)
		p.want(`
			0s a.1 starting
			0s a.1 started
			0s b.1 starting
			0s b.1 started
			1s a.1 exited after 1s; ignore
			1s a.1 stopped after 1s
			2s a.1 starting
			2s a.1 started
			3s b.1 exited after 3s; ignore
			3s b.1 stopped after 3s
			7s a.1 exited after 5s; ignore
			7s a.1 stopped after 5s
			7s over: code 0`)
	})
}

// One process with "stop" ends the run when it ends, whatever the others'
// policies.
func TestMixedPolicies(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("again.1", plan.OnExitRestart, part{runs: 2500 * time.Millisecond, err: code(5)}, part{})
		p.add("ignore.1", plan.OnExitIgnore, part{runs: time.Second, err: code(6)})
		p.add("stop.1", plan.OnExitStop, part{runs: 3 * time.Second, err: code(7)})
		p.add("wait.1", plan.OnExitWait, part{runs: 2 * time.Second, err: code(8)})
		p.run(p.supervisor(), 0, 0)
		p.want(`
			0s again.1 starting
			0s again.1 started
			0s ignore.1 starting
			0s ignore.1 started
			0s stop.1 starting
			0s stop.1 started
			0s wait.1 starting
			0s wait.1 started
			1s ignore.1 exited after 1s: exit status 6; ignore
			1s ignore.1 stopped after 1s: exit status 6
			2s wait.1 exited after 2s: exit status 8; wait
			2s wait.1 stopped after 2s: exit status 8
			2.5s again.1 exited after 2.5s: exit status 5; restart
			2.5s again.1 stopped after 2.5s: exit status 5
			2.5s again.1 restarting in 1s
			3s stop.1 exited after 3s: exit status 7; stop
			3s stop.1 stopped after 3s: exit status 7
			3s over: code 7, first stop.1 (exit status 7)`)
	})
}

// What a leader leaves behind when it ends by itself gets the grace time; the
// others are stopped when the leader has ended, not later.
func TestLeftoversGetTheGraceTime(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitStop, part{runs: time.Second, err: code(2), orphan: true, obeys: deaf})
		p.add("b.1", plan.OnExitStop, part{obeys: time.Second})
		p.run(p.supervisor(), 0, 0)
		p.want(`
			0s a.1 starting
			0s a.1 started
			0s b.1 starting
			0s b.1 started
			1s a.1 exited after 1s: exit status 2; stop
			1s b.1 stopping
			2s b.1 stopped after 2s: exit status 143
			11s a.1 killing
			11s a.1 stopped after 11s: exit status 2
			11s over: code 2, first a.1 (exit status 2)`)
	})
}

// A process without a grace time is killed at once, and one that has ended by
// then is not said to be.
func TestNoGrace(t *testing.T) {
	inBubble(t, func(p *play) {
		p.add("a.1", plan.OnExitStop, part{obeys: time.Second}).Grace = 0
		p.add("b.1", plan.OnExitStop, part{runs: time.Second}).Grace = 0
		p.run(p.supervisor(), 0, 0)
		p.want(`
			0s a.1 starting
			0s a.1 started
			0s b.1 starting
			0s b.1 started
			1s a.1 stopping
			1s a.1 killing
			1s a.1 stopped after 1s: exit status 137
			1s b.1 exited after 1s; stop
			1s b.1 stopped after 1s
			1s over: code 0, first b.1`)
	})
}

// A code is the error's own if it can be one; every other failure is 1.
func TestEventCode(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{code(3), 3},
		{code(137), 137},
		{fmt.Errorf("cannot start: %w", code(127)), 127},
		{errNoFolder, 1},
		{code(0), 1},
		{code(-1), 1}, // what os.ProcessState says of a signal
	} {
		if got := (Event{Err: c.err}).Code(); got != c.want {
			t.Errorf("code of %v is %d, want %d", c.err, got, c.want)
		}
	}
}
