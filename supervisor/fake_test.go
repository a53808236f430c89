package supervisor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/devrun/devrun/plan"
)

// code is the error of a process that ended with it.
type code int

func (c code) Error() string { return fmt.Sprintf("exit status %d", int(c)) }
func (c code) ExitCode() int { return int(c) }

// deaf is how long a process that ignores the polite signal takes to obey it.
const deaf = 1000 * time.Hour

// part is what one start of a fake process does. The zero part runs until it is
// asked to end, and ends at once then.
type part struct {
	runs   time.Duration // it ends by itself after that; 0: never
	err    error         // how it ends by itself
	obeys  time.Duration // from the polite signal to its end
	orphan bool          // its leader leaves someone behind, who has to be asked
	fails  error         // it cannot be started
	slow   time.Duration // how long Start takes
}

// fake is one started part.
type fake struct {
	part
	pid               int
	exited, done      chan struct{}
	asked, killed     chan struct{}
	askOnce, killOnce sync.Once
	result            error
	ended             time.Time
}

func (f *fake) Exited() <-chan struct{} { return f.exited }
func (f *fake) Done() <-chan struct{}   { return f.done }
func (f *fake) Pid() int                { return f.pid }

func (f *fake) Err() error {
	if !closed(f.exited) {
		panic("Err before Exited")
	}
	return f.result
}

func (f *fake) Stop(patience context.Context) {
	f.askOnce.Do(func() { close(f.asked) })
	select {
	case <-f.done:
	case <-patience.Done():
		f.killOnce.Do(func() { close(f.killed) })
		<-f.done
	}
}

func (f *fake) live() {
	defer func() {
		f.ended = time.Now()
		close(f.done)
	}()
	if f.runs > 0 {
		select {
		case <-time.After(f.runs):
			f.result = f.err
			close(f.exited)
			if !f.orphan {
				return
			}
		case <-f.asked:
		}
	}
	<-f.asked
	end := code(143)
	select {
	case <-f.killed:
		end = 137
	case <-time.After(f.obeys):
	}
	if !closed(f.exited) {
		f.result = end
		close(f.exited)
	}
}

// play is a plan whose processes act out their parts, one a start; the last
// part is played again and again.
type play struct {
	t       *testing.T
	plan    plan.Plan
	parts   map[string][]part
	begun   time.Time
	onEvent func(Event)
	mu      sync.Mutex
	pids    int
	fakes   []*fake
	lines   []string // what happened, as "1.5s web started"
	order   []string // process and kind, unsorted
}

// newPlay must be called in a bubble.
func newPlay(t *testing.T) *play {
	t.Helper()
	return &play{t: t, parts: make(map[string][]part), begun: time.Now()}
}

// add gives the play a process with a grace time of 10 s.
func (p *play) add(id string, onExit plan.OnExit, parts ...part) *plan.Process {
	p.plan.Processes = append(p.plan.Processes, plan.Process{ID: id, OnExit: onExit, Grace: 10 * time.Second})
	p.parts[id] = parts
	return &p.plan.Processes[len(p.plan.Processes)-1]
}

func (p *play) release(a part) {
	p.plan.Release = &plan.Process{ID: "release", OnExit: plan.OnExitStop, Grace: 10 * time.Second}
	p.parts["release"] = []part{a}
}

func (p *play) start(q plan.Process) (Running, error) {
	a := p.next(q.ID)
	time.Sleep(a.slow)
	if a.fails != nil {
		return nil, a.fails
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pids++
	f := &fake{
		part: a, pid: p.pids,
		exited: make(chan struct{}), done: make(chan struct{}),
		asked: make(chan struct{}), killed: make(chan struct{}),
	}
	p.fakes = append(p.fakes, f)
	go f.live()
	return f, nil
}

func (p *play) next(id string) part {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.parts[id]
	if len(all) == 0 {
		return part{}
	}
	if len(all) > 1 {
		p.parts[id] = all[1:]
	}
	return all[0]
}

func (p *play) supervisor() *Supervisor {
	return New(Config{Plan: p.plan, Start: p.start, Events: p.note})
}

func (p *play) note(e Event) {
	if got := time.Since(e.Time); got != 0 && p.onEvent == nil {
		p.t.Errorf("event %v has a time that is %v old, want now", e, got)
	}
	p.lines = append(p.lines, fmt.Sprintf("%v %v", time.Since(p.begun), e))
	p.order = append(p.order, e.Process+" "+string(e.Kind))
	if p.onEvent != nil {
		p.onEvent(e)
	}
}

// run runs the play to its end, with two contexts that end when told to, or
// never when told 0. Every process that was started must be gone then.
func (p *play) run(s *Supervisor, interrupt, impatience time.Duration) Result {
	p.t.Helper()
	ctx, cancel := until(p.t, interrupt)
	defer cancel()
	patience, cancel2 := until(p.t, impatience)
	defer cancel2()
	result := s.Run(ctx, patience)
	p.lines = append(p.lines, fmt.Sprintf("%v %s", time.Since(p.begun), show(result)))
	for _, f := range p.fakes {
		if !closed(f.done) {
			p.t.Errorf("Run returned with process %d alive", f.pid)
		}
	}
	return result
}

func until(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	if d == 0 {
		return context.WithCancel(t.Context())
	}
	return context.WithTimeout(t.Context(), d)
}

func show(r Result) string {
	text := fmt.Sprintf("over: code %d", r.Code)
	if r.First != "" {
		text += ", first " + r.First
	}
	if r.Err != nil {
		text += fmt.Sprintf(" (%v)", r.Err)
	}
	if r.Interrupted {
		text += ", interrupted"
	}
	return text
}

// want compares what happened with the lines of a text. What happens to
// different processes at the same instant has no order, so both are sorted by
// process there; the order of one process's lines stays.
func (p *play) want(text string) {
	p.t.Helper()
	want := strings.Split(strings.TrimSpace(text), "\n")
	for i := range want {
		want[i] = strings.TrimSpace(want[i])
	}
	got := strings.Join(settle(p.lines), "\n")
	if w := strings.Join(settle(want), "\n"); got != w {
		p.t.Errorf("got:\n%s\nwant:\n%s", got, w)
	}
}

// settle sorts the lines of each instant by process, a result last.
func settle(lines []string) []string {
	var settled []string
	for len(lines) > 0 {
		n := 1
		for n < len(lines) && word(lines[n], 0) == word(lines[0], 0) {
			n++
		}
		instant := slices.Clone(lines[:n])
		slices.SortStableFunc(instant, func(a, b string) int {
			return strings.Compare(word(a, 1), word(b, 1))
		})
		settled = append(settled, instant...)
		lines = lines[n:]
	}
	return settled
}

func word(line string, n int) string {
	words := strings.Fields(line)
	switch {
	case n >= len(words):
		return ""
	case words[n] == "over:":
		return "~" // after all names
	}
	return words[n]
}

// inBubble runs a test of supervision on fake time.
func inBubble(t *testing.T, test func(p *play)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		t.Helper()
		test(newPlay(t))
	})
}

var errNoFolder = errors.New("no such folder")
