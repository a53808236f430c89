// Package logs joins many outputs into one stream of whole, labelled lines, and
// keeps the last of them.
//
// Each output is copied by its own Stream.ReadFrom. It formats what it read into
// the queue of the Mux, and one goroutine writes the queue out while more is read,
// in as few writes as there can be. Nobody holds the lock over a Write: a reader
// of devrun's output that has stopped reading holds up the processes (the queue is
// bounded, so they wait), but never Notice, Abandon or Dropped.
//
// At any time at most one line is open, that is, printed without its end. The Mux
// knows whose it is: the owner goes on with it, everybody else ends it first.
package logs

import (
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// quietTime is how long a process must be silent before a line without its
	// end is shown.
	quietTime = 100 * time.Millisecond
	// lastWords is how long Flush waits after Abandon.
	lastWords = time.Second
)

// Options says where the lines go and what they look like. The zero value but for
// Out and Err, which are required, gives plain text with the time.
type Options struct {
	// Out gets the lines of the processes, Err the notices. They are written to
	// by one goroutine each, by the same one if Shared.
	Out, Err io.Writer
	// Color colours the labels. What the processes colour stays in any case.
	Color bool
	// JSON makes an object of each line: time, process, line, and "partial":true
	// for a piece whose line goes on in the next object of the process.
	JSON bool
	// NoTimestamp leaves out the time; NoPrefix leaves out the time and the label.
	// Neither changes JSON.
	NoTimestamp, NoPrefix bool
	// Width is the least width of the column of labels.
	Width int
	// Terminal says that Out is a terminal. The label is then repeated after a
	// carriage return, which would let the process write over it.
	Terminal bool
	// Shared says that Out and Err end up in the same place, so that a notice has
	// to end an open line first.
	Shared bool
	// Now is the clock; nil is time.Now. It is called with a lock held and must
	// not call the Mux.
	Now func() time.Time
}

// Mux joins the lines of its streams. All methods may be called from any
// goroutine at any time.
type Mux struct {
	opt     Options
	gone    chan struct{} // closed by Abandon
	deaf    atomic.Bool   // set by Abandon and by a write error: nothing is printed any more
	dropped atomic.Int64

	mu      sync.Mutex // guards what follows and the Streams; never held over a Write
	failure failure
	streams labels
	out     *sink
	err     *sink // the same as out if Shared
	turns   turns
}

// failure is the first write error.
type failure struct {
	is  chan struct{} // closed when there is one
	err error
}

// New returns a Mux that writes to o.Out and o.Err.
func New(o Options) *Mux {
	if o.Now == nil {
		o.Now = time.Now
	}
	m := &Mux{
		opt:     o,
		failure: failure{is: make(chan struct{})},
		gone:    make(chan struct{}),
		streams: labels{byID: make(map[string]*Stream), types: make(map[string]int), width: o.Width},
		out:     &sink{},
	}
	m.err = m.out
	if !o.Shared {
		m.err = &sink{}
	}
	return m
}

// Stream returns the stream of the process with this id, the same one each time:
// a process that is restarted goes on with its label and its Tail. The colour is
// that of the type, and types get theirs in the order in which they first come.
func (m *Mux) Stream(id, typ string) *Stream {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.streams.get(m, id, typ)
}

// Notice prints devrun's own words to Err, as whole lines. It does not wait for
// them to be written; Flush does.
func (m *Mux) Notice(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.opt.Shared {
		m.endOpen(nil)
	}
	b := append([]byte(nil), text...)
	if len(b) == 0 || b[len(b)-1] != '\n' {
		b = append(b, '\n')
	}
	m.err.push(batch{b: b, notice: true})
	m.startWriting(m.err)
}

// Abandon drops what has not been written yet and all that comes. The streams go
// on reading, so that the processes can end, and count the lines. It returns at
// once, also when a write is stuck; the goroutine of that write then stays until
// the write returns. Notices are still written.
func (m *Mux) Abandon() {
	m.mu.Lock()
	defer m.mu.Unlock()
	select {
	case <-m.gone:
		return
	default:
	}
	close(m.gone)
	m.stopPrinting()
}

// Dropped returns how many lines were not written because of Abandon or of a
// write error. A line that is being written while output is abandoned counts
// until it is out.
func (m *Mux) Dropped() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.dropped.Load()
	if m.deaf.Load() {
		n += int64(m.out.underWay)
	}
	return n
}

// Failed is closed at the first error of a write to Out. From then on output is
// read and dropped, as after Abandon.
func (m *Mux) Failed() <-chan struct{} {
	return m.failure.is
}

// Err returns the error that closed Failed, nil before that.
func (m *Mux) Err() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.failure.err
}

// Flush ends an open line and waits until all that was printed has been written.
// After Abandon it waits for no more than a second. It may be called more than
// once; call it before the program exits.
func (m *Mux) Flush() {
	m.mu.Lock()
	m.endOpen(nil)
	m.startWriting(m.out)
	out, err := m.out.idle, m.err.idle
	m.mu.Unlock()
	m.await(out)
	m.await(err)
}

// await waits for a sink's writing to end; idle is nil when nothing is written.
func (m *Mux) await(idle <-chan struct{}) {
	if idle == nil {
		return
	}
	select {
	case <-idle:
		return
	case <-m.gone:
	}
	late := time.NewTimer(lastWords)
	defer late.Stop()
	select {
	case <-idle:
	case <-late.C:
	}
}

// endOpen ends the open line unless c owns it. Caller holds mu.
func (m *Mux) endOpen(c *copier) {
	if m.turns.open == nil || m.turns.open == c {
		return
	}
	b := m.out.tip()
	before := len(b.b)
	b.b = m.turns.open.text.end(b.b)
	b.lines++
	m.out.size += len(b.b) - before
	m.turns.open = nil
}

// stopPrinting drops what is queued and makes every stream drop what it reads.
// Caller holds mu.
func (m *Mux) stopPrinting() {
	m.deaf.Store(true)
	m.dropped.Add(int64(m.out.discard()))
	m.turns.open, m.turns.long = nil, nil
	m.turns.wakeAll()
}

// fail takes note of a write error; lost is what was not written. Caller holds mu.
func (m *Mux) fail(err error, lost []byte) {
	m.dropped.Add(int64(countLines(lost)))
	if m.failure.err == nil {
		m.failure.err = err
		close(m.failure.is)
	}
	m.stopPrinting()
}

// labels hands out the streams.
type labels struct {
	byID  map[string]*Stream
	types map[string]int
	width int
}

func (l *labels) get(m *Mux, id, typ string) *Stream {
	if s := l.byID[id]; s != nil {
		return s
	}
	n, known := l.types[typ]
	if !known {
		n = len(l.types)
		l.types[typ] = n
	}
	l.width = max(l.width, len([]rune(id)))
	s := &Stream{mux: m, id: id}
	if m.opt.Color {
		s.paint, s.unpaint = paint(n)
	}
	l.byID[id] = s
	return s
}

// turns decides who prints next: first come, first served, so that a process with
// much to say cannot starve the others.
type turns struct {
	queue []*copier // waiting, in the order in which they came
	open  *copier   // whose line is open
	long  *copier   // who is in the middle of a line too long to be kept; the others wait
	// formatting is how many format outside the lock.
	formatting int
}

// maxFormatting is how many may: enough for the processors that processes which
// write at full speed leave free, and few enough for the caches.
const maxFormatting = 3

func (t *turns) wakeAll() {
	for _, c := range t.queue {
		c.poke()
	}
}

// turn waits until c may print and returns true with mu held. When output is
// being dropped it returns false without it.
func (m *Mux) turn(c *copier) bool {
	if m.deaf.Load() {
		return false
	}
	m.mu.Lock()
	queued := false
	for !m.deaf.Load() && !m.isNext(c) {
		if !queued {
			m.turns.queue = append(m.turns.queue, c)
			queued = true
		}
		m.mu.Unlock()
		<-c.wake
		m.mu.Lock()
	}
	if queued {
		i := slices.Index(m.turns.queue, c)
		m.turns.queue = slices.Delete(m.turns.queue, i, i+1)
	}
	if m.deaf.Load() {
		m.mu.Unlock()
		return false
	}
	return true
}

// isNext reports whether c may print now. Caller holds mu.
func (m *Mux) isNext(c *copier) bool {
	t := &m.turns
	switch {
	case m.out.size >= maxQueued, t.formatting >= maxFormatting:
		return false
	case t.long != nil:
		return t.long == c
	default:
		return len(t.queue) == 0 || t.queue[0] == c
	}
}

// wakeNext wakes who may print now, if anybody. Caller holds mu.
func (m *Mux) wakeNext() {
	t := &m.turns
	switch {
	case m.out.size >= maxQueued, t.formatting >= maxFormatting:
	case t.long != nil:
		t.long.poke()
	case len(t.queue) > 0:
		t.queue[0].poke()
	}
}

// endTurn has what was printed written, and lets the next one in. It gives mu
// back.
func (m *Mux) endTurn() {
	m.startWriting(m.out)
	m.wakeNext()
	m.mu.Unlock()
}
