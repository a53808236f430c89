package logs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// gate is a writer that blocks until it is opened, as a pager does.
type gate struct {
	entered chan struct{} // closed at the first write
	opened  chan struct{}
	once    sync.Once
	syncBuffer
}

func newGate() *gate {
	return &gate{entered: make(chan struct{}), opened: make(chan struct{})}
}

func (g *gate) Write(p []byte) (int, error) {
	g.once.Do(func() { close(g.entered) })
	<-g.opened
	return g.syncBuffer.Write(p)
}

// copyPipe has s copy a pipe; it returns the end to write to, and what waits for
// the copy to end.
func copyPipe(t *testing.T, s *Stream) (*os.File, func()) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer r.Close()
		if _, err := s.ReadFrom(r); err != nil {
			t.Error(err)
		}
	}()
	return w, func() {
		w.Close()
		<-done
	}
}

// sayNumbered writes numbered lines of many lengths in pieces that end anywhere.
func sayNumbered(w io.Writer, seed uint64, lines int) error {
	rnd := rand.New(rand.NewPCG(seed, 1))
	var b []byte
	for i := range lines {
		b = fmt.Appendf(b, "%d ", i)
		b = append(b, bytes.Repeat([]byte{'x'}, rnd.IntN(200))...)
		b = append(b, " end\n"...)
		if n := rnd.IntN(2000); len(b) > n {
			if _, err := w.Write(b[:n]); err != nil {
				return err
			}
			b = b[:copy(b, b[n:])]
		}
	}
	_, err := w.Write(b)
	return err
}

// numbered checks lines that were made by sayNumbered: none lost, torn or out of
// order.
type numbered map[string]int

func (n numbered) check(line string) error {
	id, text, ok := strings.Cut(line, " | ")
	id = strings.TrimSpace(id)
	number, _, _ := strings.Cut(text, " ")
	i, err := strconv.Atoi(number)
	if !ok || err != nil || i != n[id] || !strings.HasSuffix(text, " end") || strings.Contains(text, "|") {
		return fmt.Errorf("line %d of %s is %q", n[id], id, line)
	}
	n[id]++
	return nil
}

// However many processes write, in whatever pieces, through whatever reader: each
// line comes out whole, once and in order. The processes here do not fall silent;
// on a busy machine it may seem so, hence the hour.
func TestNothingLostTornOrReordered(t *testing.T) {
	const processes, lines = 16, 5000
	for _, hide := range []bool{false, true} {
		var out syncBuffer
		m := New(Options{Out: &out, Err: io.Discard, NoTimestamp: true})
		var all sync.WaitGroup
		for i := range processes {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			var from source
			if hide {
				relay := newSource(struct{ io.Reader }{r}).(*relaySource)
				relay.quiet = time.Hour
				from = relay
			} else {
				from = &deadlineSource{r: r, quiet: time.Hour}
			}
			id := fmt.Sprintf("p.%d", i)
			all.Go(func() {
				defer r.Close()
				if _, err := m.Stream(id, id).copyFrom(from); err != nil {
					t.Error(err)
				}
			})
			all.Go(func() {
				defer w.Close()
				if err := sayNumbered(w, uint64(i), lines); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		m.Flush()
		seen := make(numbered)
		for line := range strings.Lines(out.String()) {
			if err := seen.check(strings.TrimSuffix(line, "\n")); err != nil {
				t.Fatal(err)
			}
		}
		for i := range processes {
			if n := seen[fmt.Sprintf("p.%d", i)]; n != lines {
				t.Errorf("process %d: %d lines, want %d", i, n, lines)
			}
		}
	}
}

// A reader that has stopped holds up the process, so that memory stays flat, and
// gets everything once it goes on.
func TestSlowReaderSlowsTheProcess(t *testing.T) {
	out := newGate()
	m := New(Options{Out: out, Err: io.Discard, NoPrefix: true})
	w, wait := copyPipe(t, m.Stream("a", "a"))
	var said atomic.Int64
	block := bytes.Repeat([]byte("0123456789abcde\n"), 256)
	const blocks = 4096
	go func() {
		for range blocks {
			n, err := w.Write(block)
			said.Add(int64(n))
			if err != nil {
				t.Error(err)
			}
		}
		said.Add(1)
	}()
	<-out.entered
	// What fits into the pipe, the buffers and the queue, and no more.
	waitFor(t, "a blocked process", func() bool {
		before := said.Load()
		time.Sleep(50 * time.Millisecond)
		return said.Load() == before
	})
	if n := said.Load(); n > 2<<20 {
		t.Errorf("%d bytes were taken while nobody read", n)
	}
	close(out.opened)
	waitFor(t, "all said", func() bool { return said.Load() == int64(blocks*len(block))+1 })
	wait()
	m.Flush()
	if got := len(out.String()); got != blocks*len(block) || m.Dropped() != 0 {
		t.Errorf("%d bytes came out, %d lines dropped; want %d bytes", got, m.Dropped(), blocks*len(block))
	}
}

// After Abandon every process can end, also the one whose write is stuck, and
// what was not written is counted.
func TestAbandonWithStuckWrite(t *testing.T) {
	out := newGate()
	var errs syncBuffer
	m := New(Options{Out: out, Err: &errs, NoTimestamp: true})
	const lines = 100000
	text := bytes.Repeat([]byte("0123456789abcde\n"), lines)
	var all sync.WaitGroup
	for _, id := range []string{"a", "b", "c"} {
		w, wait := copyPipe(t, m.Stream(id, id))
		all.Go(func() {
			if _, err := w.Write(text); err != nil {
				t.Error(err)
			}
			wait()
		})
	}
	<-out.entered
	m.Notice("devrun: stopping")
	m.Abandon()
	m.Abandon()
	all.Wait()
	if n := m.Dropped(); n != 3*lines {
		t.Errorf("%d lines dropped, want %d", n, 3*lines)
	}
	m.Notice("devrun: dropped")
	waitFor(t, "both notices", func() bool { return errs.String() == "devrun: stopping\ndevrun: dropped\n" })
	if got := m.Stream("a", "a").Tail(1); len(got) != 1 || got[0] != "0123456789abcde" {
		t.Errorf("Tail after Abandon: %q", got)
	}
	close(out.opened)
	m.Flush()
	written := strings.Count(out.String(), "\n")
	if n := m.Dropped(); n != int64(3*lines-written) {
		t.Errorf("%d lines dropped and %d written, want %d in all", n, written, 3*lines)
	}
}

// Flush does not wait for ever after Abandon.
func TestFlushAfterAbandonGivesUp(t *testing.T) {
	out := newGate()
	m := New(Options{Out: out, Err: io.Discard, Shared: true})
	w, wait := copyPipe(t, m.Stream("a", "a"))
	if _, err := w.WriteString("one\n"); err != nil {
		t.Fatal(err)
	}
	<-out.entered
	flushed := make(chan struct{})
	go func() {
		m.Flush()
		close(flushed)
	}()
	m.Abandon()
	select {
	case <-flushed:
	case <-time.After(20 * time.Second):
		t.Error("Flush still waits")
	}
	close(out.opened)
	wait()
	m.Flush()
}

// When nobody reads any more, Failed says so once and the processes can end.
func TestClosedReader(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	m := New(Options{Out: w, Err: io.Discard, NoTimestamp: true})
	p, wait := copyPipe(t, m.Stream("a", "a"))
	if _, err := p.WriteString("one\n"); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 64)
	if n, err := r.Read(got); err != nil || string(got[:n]) != "a | one\n" {
		t.Fatalf("read %q, %v", got[:n], err)
	}
	select {
	case <-m.Failed():
		t.Fatal("failed too early")
	default:
	}
	r.Close()
	for range 1000 {
		if _, err := p.Write(bytes.Repeat([]byte("more\n"), 1000)); err != nil {
			t.Fatal(err)
		}
	}
	wait()
	m.Flush()
	<-m.Failed()
	if err := m.Err(); !errors.Is(err, os.ErrClosed) && !isClosedPipe(err) {
		t.Errorf("Err: %v", err)
	}
	if n := m.Dropped(); n != 1000000 {
		t.Errorf("%d lines dropped, want 1000000", n)
	}
}

// A line of any length comes out whole, in little memory, and the others wait for
// it.
func TestVeryLongLine(t *testing.T) {
	var out countingWriter
	m := New(Options{Out: &out, Err: io.Discard, NoTimestamp: true})
	w, wait := copyPipe(t, m.Stream("a", "a"))
	other, waitOther := copyPipe(t, m.Stream("b", "b"))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const size = 50 << 20
	block := bytes.Repeat([]byte{'x'}, 1<<20)
	for i := range size / len(block) {
		if _, err := w.Write(block); err != nil {
			t.Fatal(err)
		}
		if i == 10 {
			if _, err := other.WriteString("hello\n"); err != nil {
				t.Fatal(err)
			}
		}
	}
	runtime.ReadMemStats(&after)
	if _, err := w.WriteString("\n"); err != nil {
		t.Fatal(err)
	}
	wait()
	waitOther()
	m.Flush()
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 16<<20 {
		t.Errorf("memory grew by %d MB", grown>>20)
	}
	if n := out.count('x'); n != size {
		t.Errorf("%d bytes of the line came out, want %d", n, size)
	}
	if n := out.count('\n'); n < 2 || n > 3 {
		t.Errorf("%d line ends, want 2, or 3 if the hold was over", n)
	}
}

// countingWriter counts bytes by value.
type countingWriter struct {
	mu sync.Mutex
	n  [256]int
}

func (c *countingWriter) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range p {
		c.n[x]++
	}
	return len(p), nil
}

func (c *countingWriter) count(x byte) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n[x]
}

// The owner of a long line that is all sequences, and so prints nothing, holds up
// nobody.
func TestLongLineOfNothing(t *testing.T) {
	m := New(Options{Out: io.Discard, Err: io.Discard})
	p := pieces{strings.Repeat("\x1b[2J", maxLine)}
	if _, err := m.Stream("a", "a").ReadFrom(&p); err != nil {
		t.Fatal(err)
	}
	p = pieces{"hello\n"}
	if _, err := m.Stream("b", "b").ReadFrom(&p); err != nil {
		t.Fatal(err)
	}
	m.Flush()
}

// A silent stream gives its large buffer back.
func TestSilentStreamIsSmall(t *testing.T) {
	c := &copier{mux: New(Options{Out: io.Discard, Err: io.Discard}), buf: make([]byte, smallBuffer)}
	c.stream = c.mux.Stream("a", "a")
	c.wake = make(chan struct{}, 1)
	for range 8 {
		n := len(c.buf)
		copy(c.buf, strings.Repeat(strings.Repeat("x", 15)+"\n", n/16))
		c.took(n)
	}
	if len(c.buf) != readBuffer {
		t.Errorf("busy: %d bytes, want %d", len(c.buf), readBuffer)
	}
	if !c.wantsQuiet() {
		t.Error("a large buffer does not ask for silence")
	}
	c.quiet()
	if len(c.buf) != smallBuffer || c.wantsQuiet() {
		t.Errorf("silent: %d bytes, want %d", len(c.buf), smallBuffer)
	}
	c.mux.Flush()
}

// A reader's error is said with the process's name; what was read is printed.
func TestReadError(t *testing.T) {
	var out syncBuffer
	m := New(Options{Out: &out, Err: io.Discard, NoTimestamp: true})
	broken := io.MultiReader(strings.NewReader("one\ntwo"), errReader{})
	n, err := m.Stream("a", "a").ReadFrom(broken)
	if n != 7 || err == nil || err.Error() != "cannot read the output of a: broken" {
		t.Errorf("ReadFrom: %d, %v", n, err)
	}
	m.Flush()
	mustEqual(t, "output", out.String(), "a | one\na | two\n")
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) {
	return 0, errors.New("broken")
}
