package logs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"syscall"
	"time"
)

const (
	// smallBuffer is what a silent stream holds: there may be 500 of them.
	smallBuffer = 4 << 10
	// readBuffer is what a busy stream reads at once; larger gains nothing.
	readBuffer = 128 << 10
	// maxLine is how much of a line is kept in memory until its end comes. What
	// is longer is printed in pieces.
	maxLine = 1 << 20
	// bulkSize is from how much on it pays to format outside the lock. Less joins
	// what is queued already, so that many single lines take few writes.
	bulkSize = 16 << 10
	// block is what the buffers of programs that do not write line by line are a
	// multiple of (stdio, Go, Python, Java).
	block = 4 << 10
	// maxPatient is how many times quietTime the next block is waited for.
	maxPatient = 20
	// maxHold is how long the others wait for the end of such a line.
	maxHold = time.Second
)

// Stream is the output of one process, over all its restarts.
type Stream struct {
	mux            *Mux
	id             string
	paint, unpaint string // around the label

	// Guarded by mux.mu.
	label  []byte
	second int64 // in which label was made
	width  int   // of the column then
	tail   ring
}

// ReadFrom prints what r gives until its end, and ends the last line if r did
// not. The end of a pseudo-terminal, EIO, is an end like any other. A line without
// its end is shown once r has been silent for 100 ms; for that ReadFrom uses r's
// SetReadDeadline (so leave a pipe or a pty non-blocking: no Fd), or a goroutine
// that reads r and ends with it. It goes on reading when output is dropped.
//
// The outputs of one process may be copied at the same time: each keeps its lines
// whole.
func (s *Stream) ReadFrom(r io.Reader) (int64, error) {
	return s.copyFrom(newSource(r))
}

func (s *Stream) copyFrom(src source) (int64, error) {
	c := &copier{mux: s.mux, stream: s, wake: make(chan struct{}, 1), buf: make([]byte, smallBuffer)}
	var total int64
	for {
		n, err := src.read(c.buf[c.n:], c.wantsQuiet())
		total += int64(n)
		c.took(n)
		switch {
		case err == nil:
		case errors.Is(err, errQuiet):
			c.quiet()
		case errors.Is(err, io.EOF), errors.Is(err, syscall.EIO):
			c.finish()
			return total, nil
		default:
			c.finish()
			return total, fmt.Errorf("cannot read the output of %s: %w", s.id, err)
		}
	}
}

// Tail returns the last n lines, oldest first, as plain text: without escape
// sequences, and of a line that was written over (a progress bar) what it said
// last. About 8 KB are kept; a line that was cut off by that is not returned.
func (s *Stream) Tail(n int) []string {
	s.mux.mu.Lock()
	b := s.tail.bytes()
	s.mux.mu.Unlock()
	b = bytes.TrimSuffix(b, []byte{'\n'})
	if len(b) == 0 || n <= 0 {
		return nil
	}
	lines := bytes.Split(b, []byte{'\n'})
	lines = lines[max(0, len(lines)-n):]
	plain := make([]string, 0, len(lines))
	for _, line := range lines {
		line = bytes.TrimRight(line, "\r")
		line = line[bytes.LastIndexByte(line, '\r')+1:]
		f := filter{bare: true}
		out, _ := f.append(nil, line, true)
		plain = append(plain, string(out))
	}
	return plain
}

// copier copies one output of a stream.
type copier struct {
	mux     *Mux
	stream  *Stream
	wake    chan struct{} // holds a token when it may be c's turn
	buf     []byte
	n       int  // buf[:n] has been read and not printed
	fresh   bool // something was read since the last silence
	total   int64
	patient int // how many silences the end of a block has been waited for
	text    openLine
	scratch []byte    // text on its way into an object
	label   []byte    // a copy of the stream's, for use without the lock
	since   time.Time // when the others began to wait for the end of a long line
}

func (c *copier) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// wantsQuiet reports whether there is something to do when r falls silent: text
// to show, or memory to give back.
func (c *copier) wantsQuiet() bool {
	return c.fresh && (c.n > 0 || c.text.long || len(c.buf) > smallBuffer)
}

// took prints the whole lines among what has been read; the last n bytes are new.
func (c *copier) took(n int) {
	if n == 0 {
		return
	}
	c.fresh, c.patient = true, 0
	c.total += int64(n)
	full := c.n+n == len(c.buf)
	end := c.n + bytes.LastIndexByte(c.buf[c.n:c.n+n], '\n') + 1
	c.n += n
	if end > c.n-n {
		c.lines(c.buf[:end])
		c.n = copy(c.buf, c.buf[end:c.n])
	}
	switch {
	case c.text.long:
		c.piece(true)
	case c.n == len(c.buf) && c.n >= maxLine:
		c.piece(true)
	case c.n == len(c.buf):
		c.resize(2 * c.n)
	case full && len(c.buf) < readBuffer:
		c.resize(min(4*len(c.buf), readBuffer))
	}
}

func (c *copier) resize(size int) {
	b := make([]byte, size)
	copy(b, c.buf[:c.n])
	c.buf = b
}

// quiet shows what there is of a line, and gives back what a burst needed.
func (c *copier) quiet() {
	if c.inBlock() && c.patient < maxPatient {
		c.patient++
		return
	}
	c.fresh = false
	if c.text.mid || showsText(c.buf[:c.n], false) {
		c.piece(false)
	}
	if len(c.buf) > smallBuffer && c.n <= smallBuffer/2 {
		c.resize(smallBuffer)
	}
}

// inBlock reports whether what has been read looks like the work of a program
// that writes whole blocks of a buffer: then the line goes on in the next block,
// and the program has only been kept from writing it. On a busy machine that
// lasts longer than quietTime, and to show the line would tear it.
func (c *copier) inBlock() bool {
	return c.n > 0 && c.total%block == 0 && !c.text.mid
}

// showsText reports whether anything of a line would be seen; end says that it ends
// with b. Otherwise a label alone would be shown for the reset that many programs
// write after the newline.
func showsText(b []byte, end bool) bool {
	f := filter{bare: true}
	seen, _ := f.append(nil, b, end)
	return len(bytes.Trim(seen, "\r")) > 0
}

// finish ends the last line.
func (c *copier) finish() {
	if c.text.mid || showsText(c.buf[:c.n], true) {
		c.lines(append(c.buf[:c.n], '\n'))
		c.n = 0
	}
}

// lines prints b, which is whole lines.
func (c *copier) lines(b []byte) {
	if c.mux.deaf.Load() {
		c.drop(b)
		return
	}
	if len(b) >= bulkSize && !c.text.mid && !c.mux.opt.JSON {
		c.bulk(b)
		return
	}
	plain := c.mux.isPlain(b)
	for len(b) > 0 {
		if !c.mux.turn(c) {
			c.drop(b)
			return
		}
		n := c.mux.printLines(c, b, plain)
		c.stream.tail.write(b[:n])
		c.mux.endTurn()
		b = b[n:]
	}
}

// bulk prints b, which is many whole lines. They are formatted outside the lock,
// so that two streams can do so at once; the lock is held to queue them.
func (c *copier) bulk(b []byte) {
	m, t := c.mux, &c.mux.turns
	if !m.turn(c) {
		c.drop(b)
		return
	}
	c.label = append(c.label[:0], c.labelAt(m.opt.Now())...)
	out := batch{b: m.out.blank()}
	t.formatting++
	m.wakeNext()
	m.mu.Unlock()

	c.format(&out, b)

	m.mu.Lock()
	t.formatting--
	if t.long != nil && !m.deaf.Load() {
		// Meanwhile somebody has begun a line that the others wait for.
		m.wakeNext()
		m.mu.Unlock()
		if !m.turn(c) {
			c.drop(b)
			return
		}
	}
	if m.deaf.Load() {
		m.mu.Unlock()
		c.drop(b)
		return
	}
	m.endOpen(c)
	m.out.push(out)
	c.stream.tail.write(b)
	m.endTurn()
}

// format appends the lines of b with their labels.
func (c *copier) format(out *batch, b []byte) {
	label, dst := c.label, slices.Grow(out.b, len(b)+len(b)/4)
	for len(b) > 0 {
		n, plain := c.mux.nextLine(b)
		dst = append(dst, label...)
		if plain {
			dst = append(dst, b[:n]...)
		} else {
			dst, _ = c.text.append(dst, b[:n-1], true)
			dst = c.text.end(dst)
		}
		out.lines++
		b = b[n:]
	}
	out.b = dst
}

// piece prints what has been read of a line, but for the beginning of an escape
// sequence or of a character. A long line's owner keeps the others waiting, for a
// while.
func (c *copier) piece(long bool) {
	if !c.mux.turn(c) {
		c.text = openLine{mid: true}
		c.n = 0
		return
	}
	now := c.mux.opt.Now()
	n := c.mux.printPiece(c, c.buf[:c.n], now)
	c.stream.tail.write(c.buf[:n])
	c.hold(long, now)
	c.mux.endTurn()
	c.n = copy(c.buf, c.buf[n:c.n])
}

// hold makes the others wait for the end of c's line, or no longer. Caller holds
// the Mux's lock.
func (c *copier) hold(long bool, now time.Time) {
	t := &c.mux.turns
	long = long && c.text.mid
	c.text.long = long
	switch {
	case !long && t.long == c:
		t.long = nil
	case long && t.long == nil:
		t.long = c
		c.since = now
	case long && len(t.queue) > 0 && now.Sub(c.since) > maxHold:
		t.long = nil
	}
}

// drop counts lines that are not printed.
func (c *copier) drop(b []byte) {
	c.mux.dropped.Add(int64(countLines(b)))
	c.text = openLine{}
	c.mux.mu.Lock()
	c.stream.tail.write(b)
	c.mux.mu.Unlock()
}

// ring keeps the last bytes written to it.
type ring struct {
	b     []byte
	pos   int  // where the next byte goes once b is full
	wraps bool // older bytes were overwritten
}

// ringSize bounds the memory of a ring.
const ringSize = 8 << 10

func (r *ring) write(b []byte) {
	if len(b) > ringSize {
		b = b[len(b)-ringSize:]
		r.wraps = true
	}
	if room := ringSize - len(r.b); room > 0 {
		n := min(room, len(b))
		r.b = append(r.b, b[:n]...)
		b = b[n:]
	}
	for len(b) > 0 {
		r.wraps = true
		n := copy(r.b[r.pos:], b)
		r.pos = (r.pos + n) % ringSize
		b = b[n:]
	}
}

// bytes returns a copy of what is kept, without a line whose beginning is lost.
func (r *ring) bytes() []byte {
	b := slices.Concat(r.b[r.pos:], r.b[:r.pos])
	if !r.wraps {
		return b
	}
	_, rest, found := bytes.Cut(b, []byte{'\n'})
	if !found || len(rest) == 0 {
		return b
	}
	return rest
}
