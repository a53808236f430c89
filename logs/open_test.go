package logs

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// bubble is a Mux with two processes inside a synctest bubble; everything is
// printed as soon as say or pass returns.
type bubble struct {
	t        *testing.T
	mux      *Mux
	out, err syncBuffer
	writers  map[string]*io.PipeWriter
	ended    chan struct{}
}

// inBubble runs a test with fake time, and ends the processes after it.
func inBubble(t *testing.T, o Options, test func(b *bubble)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bubble{t: t, writers: make(map[string]*io.PipeWriter), ended: make(chan struct{}, 2)}
		o.Out, o.Err = &b.out, &b.err
		if o.Shared {
			o.Err = &b.out
		}
		o.NoTimestamp = !o.JSON
		if o.Now == nil {
			o.Now = noon
		}
		b.mux = New(o)
		for _, id := range []string{"a", "b"} {
			s := b.mux.Stream(id, id)
			r, w := io.Pipe()
			b.writers[id] = w
			go func() {
				if _, err := s.ReadFrom(r); err != nil {
					t.Error(err)
				}
				b.ended <- struct{}{}
			}()
		}
		test(b)
		b.end()
	})
}

func (b *bubble) say(id, text string) {
	if _, err := io.WriteString(b.writers[id], text); err != nil {
		b.t.Error(err)
	}
	synctest.Wait()
}

func (b *bubble) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// end closes the pipes and waits for what was printed.
func (b *bubble) end() {
	for id, w := range b.writers {
		w.Close()
		<-b.ended
		delete(b.writers, id)
	}
	b.mux.Flush()
}

// The end of a block of a buffer is no prompt: on a busy machine the rest of the
// line comes late, and must not be torn by others. It is shown in the end.
func TestBlockIsNotTorn(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		first := strings.Repeat("x", block-4) + "\nend"
		b.say("a", first)
		b.pass(10 * quietTime)
		b.say("b", "other\n")
		b.pass(quietTime)
		b.say("a", " of line\n")
		want := "a | " + first[:block-3] + "b | other\na | end of line\n"
		if got := b.out.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	inBubble(t, Options{}, func(b *bubble) {
		b.say("a", strings.Repeat("x", block))
		b.pass((maxPatient+1)*quietTime - 1)
		if got := b.out.String(); got != "" {
			t.Errorf("shown too early: %d bytes", len(got))
		}
		b.pass(1)
		if got := len(b.out.String()); got != len("a | ")+block {
			t.Errorf("%d bytes are shown", got)
		}
	})
}

// A line without its end is shown after 100 ms, not before, and goes on where it
// stands.
func TestOpenLineShowsAfterQuiet(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.say("a", "Password")
		b.pass(quietTime - 1)
		mustEqual(t, "just before", b.out.String(), "")
		b.say("a", ": ")
		b.pass(quietTime - 1)
		mustEqual(t, "just before, after more", b.out.String(), "")
		b.pass(1)
		mustEqual(t, "quiet", b.out.String(), "a | Password: ")
		b.say("a", "ok\nnext\n")
		mustEqual(t, "its end", b.out.String(), "a | Password: ok\na | next\n")
	})
}

// A line that comes in two writes is not torn by the lines of others.
func TestHalfALineWaitsForItsEnd(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.say("a", "par")
		b.pass(quietTime / 2)
		b.say("b", "whole\n")
		b.say("a", "tial\n")
		mustEqual(t, "output", b.out.String(), "b | whole\na | partial\n")
	})
}

// Whoever prints first ends an open line; its rest comes under its label, and a
// colour does not run into the other's line.
func TestOpenLineIsEndedByOthers(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.say("a", "\x1b[32mwork")
		b.pass(quietTime)
		b.say("b", "one\n")
		b.say("b", "two\n")
		b.say("a", "ing\n")
		mustEqual(t, "output", b.out.String(), "a | \x1b[32mwork\x1b[0m\nb | one\nb | two\na | ing\n")
	})
}

// When only the end is left of a line that was ended for it, there is nothing to
// show.
func TestNoEmptyRest(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.say("a", "> ")
		b.pass(quietTime)
		b.say("b", "one\n")
		b.say("a", "\n")
		b.say("a", "\n")
		mustEqual(t, "output", b.out.String(), "a | > \nb | one\na | \n")
	})
}

// An open line that nobody goes on with is ended by the end of its process, and by
// Flush.
func TestOpenLineIsEndedAtTheEnd(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.say("a", "one")
		b.pass(quietTime)
		b.mux.Flush()
		mustEqual(t, "after Flush", b.out.String(), "a | one\n")
		b.say("a", " more")
		b.pass(quietTime)
		b.end()
		mustEqual(t, "after its end", b.out.String(), "a | one\na |  more\n")
	})
}

// The beginning of an escape sequence or of a character waits for the rest, and a
// sequence alone opens no line.
func TestOnlyWholeThingsAreShown(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.say("a", "\x1b[0m")
		b.pass(quietTime)
		mustEqual(t, "a reset alone", b.out.String(), "")
		b.say("a", "wo\xd0")
		b.pass(quietTime)
		mustEqual(t, "half a character", b.out.String(), "a | \x1b[0mwo")
		b.say("a", "\xb9\x1b[2")
		b.pass(quietTime)
		b.say("a", "Jrd\n")
		mustEqual(t, "whole", b.out.String(), "a | \x1b[0mwo\xd0\xb9rd\n")
	})
}

// In JSON every piece is an object, and says that more comes.
func TestOpenLineInJSON(t *testing.T) {
	inBubble(t, Options{JSON: true}, func(b *bubble) {
		b.say("a", "par")
		b.pass(quietTime)
		b.say("b", "x\n")
		b.say("a", "tial\n")
		const head = `{"time":"2024-02-29T12:00:00.000005Z","process":`
		mustEqual(t, "output", b.out.String(), head+`"a","line":"par","partial":true}`+"\n"+
			head+`"b","line":"x"}`+"\n"+head+`"a","line":"tial"}`+"\n")
		b.say("a", "last")
		b.pass(quietTime)
		b.end()
		if !strings.HasSuffix(b.out.String(), `"last","partial":true}`+"\n"+head+`"a","line":""}`+"\n") {
			t.Errorf("the last line has no end: %q", b.out.String())
		}
	})
}

// While a line comes that is too long to be kept the others wait for its end, but
// not for ever, and not for a process that has fallen silent.
func TestLongLineIsNotTorn(t *testing.T) {
	const long = maxLine + readBuffer
	torn := func(b *bubble) bool {
		got := strings.ReplaceAll(b.out.String(), "x", "")
		switch got {
		case "a | \nb | hello\n":
			return false
		case "a | \nb | hello\na | \n":
			return true
		}
		b.t.Errorf("got %q", got)
		return false
	}
	inBubble(t, Options{}, func(b *bubble) {
		b.say("a", strings.Repeat("x", long))
		b.say("b", "hello\n")
		b.say("a", strings.Repeat("x", long))
		b.say("a", "x\n")
		if torn(b) {
			t.Error("the line was torn at once")
		}
	})
	inBubble(t, Options{}, func(b *bubble) {
		b.say("a", strings.Repeat("x", long))
		b.say("b", "hello\n")
		b.pass(quietTime)
		b.say("a", "x\n")
		if !torn(b) {
			t.Error("a silent process held up another")
		}
	})
	clock := noon()
	inBubble(t, Options{Now: func() time.Time { return clock }}, func(b *bubble) {
		b.say("a", strings.Repeat("x", long))
		b.say("b", "hello\n")
		clock = clock.Add(maxHold + 1)
		b.say("a", "x")
		b.say("a", "x\n")
		if !torn(b) {
			t.Error("a line without end held up another")
		}
	})
}

// A notice ends an open line only where both are seen in one place.
func TestNoticeTearsNoLine(t *testing.T) {
	inBubble(t, Options{Shared: true}, func(b *bubble) {
		b.say("a", "half")
		b.mux.Notice("devrun: hello")
		b.pass(quietTime)
		b.mux.Notice("devrun: one\ndevrun: two\n")
		b.say("a", " whole\n")
		b.say("a", "next\n")
		mustEqual(t, "output", b.out.String(), "devrun: hello\na | half\ndevrun: one\ndevrun: two\na |  whole\na | next\n")
	})
	inBubble(t, Options{}, func(b *bubble) {
		b.say("a", "half")
		b.pass(quietTime)
		b.mux.Notice("devrun: hello")
		b.say("a", " whole\n")
		mustEqual(t, "Out", b.out.String(), "a | half whole\n")
		mustEqual(t, "Err", b.err.String(), "devrun: hello\n")
	})
}

// A real pipe has a deadline of its own, and no goroutine is needed.
func TestOpenLineOfPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, ok := newSource(r).(*deadlineSource); !ok {
		t.Error("a pipe is read by a goroutine of its own")
	}
	var out syncBuffer
	m := New(Options{Out: &out, Err: io.Discard, NoTimestamp: true})
	ended := make(chan error)
	go func() {
		_, err := m.Stream("a", "a").ReadFrom(r)
		ended <- err
	}()
	for _, step := range []struct{ say, shown string }{
		{"one", "a | one"}, {" more", "a | one more"}, {"\ntwo", "a | one more\na | two"},
	} {
		if _, err := w.WriteString(step.say); err != nil {
			t.Fatal(err)
		}
		waitFor(t, step.shown, func() bool { return out.String() == step.shown })
	}
	w.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	m.Flush()
	mustEqual(t, "output", out.String(), "a | one more\na | two\n")
}

// It is no silence when the copier was late, having waited for its turn: a file
// whose deadline has passed answers that even if there is more.
func TestLateReadIsNoSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &timedReader{data: make(chan string, 1)}
		s := newSource(r)
		b := make([]byte, 16)
		for _, text := range []string{"par", "tial"} {
			r.data <- text
			if n, err := s.read(b, true); err != nil || string(b[:n]) != text {
				t.Fatalf("got %q, %v, want %q", b[:n], err, text)
			}
			time.Sleep(10 * quietTime)
		}
		// The same when it is late on the way into Read.
		r.data <- "more"
		r.late = 10 * quietTime
		if n, err := s.read(b, true); err != nil || n != 4 {
			t.Errorf("late read: %d, %v", n, err)
		}
		began := time.Now()
		if _, err := s.read(b, true); !errors.Is(err, errQuiet) {
			t.Errorf("silence: got %v", err)
		}
		if waited := time.Since(began); waited < quietTime || waited > quietTime+lastLook {
			t.Errorf("silence after %v", waited)
		}
		go func() {
			time.Sleep(10 * quietTime)
			r.data <- "more"
		}()
		if n, err := s.read(b, false); err != nil || n != 4 {
			t.Errorf("patient read: %d, %v", n, err)
		}
	})
}

// timedReader behaves as an *os.File that can wait with a deadline.
type timedReader struct {
	data chan string
	at   time.Time
	late time.Duration // of the next Read
}

func (r *timedReader) SetReadDeadline(t time.Time) error {
	r.at = t
	return nil
}

func (r *timedReader) Read(p []byte) (int, error) {
	time.Sleep(r.late)
	r.late = 0
	var late <-chan time.Time
	if !r.at.IsZero() {
		left := time.Until(r.at)
		if left <= 0 {
			return 0, os.ErrDeadlineExceeded
		}
		late = time.After(left)
	}
	select {
	case text := <-r.data:
		return copy(p, text), nil
	case <-late:
		return 0, os.ErrDeadlineExceeded
	}
}

// A line that is ended for its owner adds its end to what waits to be written,
// and no more. It used to add the size of the whole batch, which was never taken
// back: with prompts and a slow reader the queue was full for ever in the end.
func TestEndedLineKeepsTheQueueItsSize(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		reader := newGate()
		b.mux.opt.Out = reader
		b.say("a", strings.Repeat("x", 999)+"\n") // is being written
		b.say("a", strings.Repeat("y", 999)+"\n")
		b.say("b", "name? ")
		b.pass(2 * quietTime)
		b.say("a", "end\n")
		want := 0
		for _, waiting := range b.mux.out.queue {
			want += len(waiting.b)
		}
		if got := b.mux.out.size; got != want || want == 0 {
			t.Errorf("the queue takes itself to have %d bytes, and has %d", got, want)
		}
		close(reader.opened)
	})
}
