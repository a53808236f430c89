package runnertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// cases are the promises, each with its check. A check returns what is wrong.
//
// The shell loops that a signal has to get through sleep in the foreground, and
// a shell runs its trap only after that: a signal that reaches the leader alone
// is late, one that reaches everything is not. Some shells say that a sleep was
// terminated, so what signaled processes write is searched, not compared.
//
//nolint:gochecknoglobals // A table that nobody writes to.
var cases = []struct {
	promise string
	check   func(*trial) error
}{
	{"output is complete", complete},
	{"output is in order", ordered},
	{"output survives a stop", flood},
	{"status is the leader's own", status},
	{"exit is told while children live on", exitBeforeChildren},
	{"stop is polite", polite},
	{"stop gives a child its time", childCleansUp},
	{"stop gives leftovers their time", leftoversCleanUp},
	{"stop kills when patience ends", killsLate},
	{"stop without patience kills at once", killsAtOnce},
	{"stop right after the start", stopAtOnce},
	{"stop twice", stopTwice},
	{"stop after the end", stopAfterEnd},
	{"stop leaves nothing", leavesNothing},
	{"stop leaves nothing that left its session", leavesNoSession},
	{"stop leaves others alone", leavesOthers},
}

func complete(l *trial) error {
	s := l.run(`i=0; while [ $i -lt 3000 ]; do echo "line $i of many"; i=$((i+1)); done; printf 'last words'`)
	if err := s.ends(0); err != nil {
		return err
	}
	var want strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&want, "line %d of many\n", i)
	}
	want.WriteString("last words")
	return s.wrote(want.String())
}

func ordered(l *trial) error {
	s := l.run(`i=0; while [ $i -lt 500 ]; do echo "out $i"; echo "err $i" >&2; i=$((i+1)); done`)
	if err := s.ends(0); err != nil {
		return err
	}
	var want strings.Builder
	for i := range 500 {
		fmt.Fprintf(&want, "out %d\nerr %d\n", i, i)
	}
	return s.wrote(want.String())
}

// wrote compares the whole output, and shows where it begins to differ.
func (s *subject) wrote(want string) error {
	got, _ := s.out.text()
	if got == want {
		return nil
	}
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	return fmt.Errorf("output of %d bytes, want %d: it has %.40q where %.40q is wanted",
		len(got), len(want), got[i:], want[i:])
}

func flood(l *trial) error {
	s := l.run(
		`trap 'printf "last words"; exit 6' TERM`,
		`while [ -e "$dir" ]; do echo flood; done`)
	if err := s.says("flood"); err != nil {
		return err
	}
	if err := s.stop(l.t.Context(), 6); err != nil {
		return err
	}
	if got, _ := s.out.text(); !strings.HasSuffix(got, "last words") {
		return fmt.Errorf("output ends with %q, want the last words", got[max(0, len(got)-40):])
	}
	return nil
}

func status(l *trial) error {
	for _, c := range []struct {
		command string
		code    int
	}{
		{"exit 0", 0},
		{"exit 3", 3},
		{"exit 255", 255},
		{"kill -TERM $$; stay", 143},
		{"kill -KILL $$; stay", 137},
		{"kill -ABRT $$; stay", 134},
		{`exec "$dir/no-such-command"`, 127},
		{"trap 'exit 0' TERM; kill -TERM $$; stay", 0},
	} {
		if err := l.run(c.command).ends(c.code); err != nil {
			return fmt.Errorf("after %q: %w", c.command, err)
		}
	}
	return nil
}

func exitBeforeChildren(l *trial) error {
	s := l.run(hold, `stay &`, `exit 4`)
	gone, err := s.holders()
	if err != nil {
		return err
	}
	if err := s.wait(s.Exited(), "Exited"); err != nil {
		return err
	}
	if err := s.status(4); err != nil {
		return err
	}
	if err := s.stop(l.t.Context(), 4); err != nil {
		return err
	}
	return l.wait(gone, "what the child holds")
}

func polite(l *trial) error {
	s := l.run(`trap 'echo bye; exit 5' TERM; echo ready; stay`)
	if err := s.says("ready"); err != nil {
		return err
	}
	if err := s.stop(l.t.Context(), 5); err != nil {
		return err
	}
	return s.says("bye")
}

// The leader, a shell without a trap, dies of the signal at once; its child
// takes a second. Whoever waits for the leader only, and kills then, cuts the
// child short.
func childCleansUp(l *trial) error {
	s := l.run(
		`(trap 'sleep 1; echo cleaned; exit' TERM; echo ready; stay) &`,
		`stay`)
	if err := s.says("ready"); err != nil {
		return err
	}
	if err := s.stop(l.t.Context(), 143); err != nil {
		return err
	}
	return s.says("cleaned")
}

func leftoversCleanUp(l *trial) error {
	s := l.run(
		`(trap 'sleep 1; echo cleaned; exit' TERM; : >"$dir/ready"; stay) &`,
		`until [ -e "$dir/ready" ]; do sleep 1; done; exit 4`)
	if err := s.wait(s.Exited(), "Exited"); err != nil {
		return err
	}
	if err := s.stop(l.t.Context(), 4); err != nil {
		return err
	}
	return s.says("cleaned")
}

func killsLate(l *trial) error {
	s := l.run(`trap 'echo deaf' TERM; echo ready; stay`)
	if err := s.says("ready"); err != nil {
		return err
	}
	patience, cancel := context.WithCancel(l.t.Context())
	defer cancel()
	returned := s.stopping(patience)
	if err := s.says("deaf"); err != nil {
		return err
	}
	select {
	case <-s.Exited():
		return errors.New("ended before the patience did")
	default:
	}
	cancel()
	return s.stopped(returned, 137)
}

func killsAtOnce(l *trial) error {
	s := l.run(`trap '' TERM; echo ready; stay`)
	if err := s.says("ready"); err != nil {
		return err
	}
	return s.stop(l.impatient(), 137)
}

// It does not matter how far the process has got by then, and what status it
// has.
func stopAtOnce(l *trial) error {
	for range 10 {
		select {
		case err := <-l.run("stay").stopping(l.t.Context()):
			if err != nil {
				return err
			}
		case <-time.After(l.limit):
			return fmt.Errorf("no end of Stop after %v", l.limit)
		}
	}
	return nil
}

func stopTwice(l *trial) error {
	s := l.run(`trap 'sleep 1; exit 5' TERM; echo ready; stay`)
	if err := s.says("ready"); err != nil {
		return err
	}
	one, other := s.stopping(l.t.Context()), s.stopping(l.t.Context())
	if err := s.stopped(one, 5); err != nil {
		return err
	}
	if err := s.stopped(other, 5); err != nil {
		return fmt.Errorf("at the second Stop: %w", err)
	}
	if err := s.stop(l.impatient(), 5); err != nil {
		return fmt.Errorf("at the third Stop: %w", err)
	}
	return nil
}

func stopAfterEnd(l *trial) error {
	s := l.run("echo over; exit 3")
	if err := s.ends(3); err != nil {
		return err
	}
	if err := s.stop(l.t.Context(), 3); err != nil {
		return err
	}
	return s.wrote("over\n")
}

func leavesNothing(l *trial) error {
	s := l.run(hold,
		`(echo plain; stay) &`,
		`(trap '' TERM INT HUP; echo deaf; stay) &`,
		`( (echo orphan; stay) & )`,
		`stay`)
	return l.leaves(s, "plain", "deaf", "orphan")
}

// A session of its own is what daemons take, to be out of reach; one of these
// has no environment either by which it could be known.
func leavesNoSession(l *trial) error {
	daemon := `sh -c "trap '' TERM INT HUP; echo \$1; while [ -e \"\$0\" ]; do sleep 1; done" "$dir"`
	s := l.run(
		`command -v setsid >/dev/null || { echo no setsid, nothing made; exit; }`,
		hold,
		`setsid `+daemon+` session &`,
		`(env -i PATH="$PATH" setsid `+daemon+` daemon &)`,
		`stay`)
	if err := s.says("made"); err != nil {
		return err
	}
	if text, _ := s.out.text(); strings.Contains(text, "no setsid") {
		return fmt.Errorf("%w: there is no setsid(1)", errSkipped)
	}
	return l.leaves(s, "session", "daemon")
}

// leaves stops a process whose descendants have all said their word, and kills
// them when the leader has gone.
func (l *trial) leaves(s *subject, words ...string) error {
	gone, err := s.holders()
	if err != nil {
		return err
	}
	for _, w := range words {
		if err := s.says(w); err != nil {
			return err
		}
	}
	patience, cancel := context.WithCancel(l.t.Context())
	defer cancel()
	returned := s.stopping(patience)
	if err := s.wait(s.Exited(), "Exited"); err != nil {
		return err
	}
	cancel()
	if err := s.stopped(returned, 143); err != nil {
		return err
	}
	return l.wait(gone, "what the descendants hold")
}

func leavesOthers(l *trial) error {
	command := `trap 'exit 5' TERM; echo ready; stay`
	one, other := l.run(command), l.run(command)
	for _, s := range []*subject{one, other} {
		if err := s.says("ready"); err != nil {
			return err
		}
	}
	if err := one.stop(l.t.Context(), 5); err != nil {
		return err
	}
	select {
	case <-other.Exited():
		return errors.New("the other process has ended too")
	default:
	}
	return other.stop(l.t.Context(), 5)
}
