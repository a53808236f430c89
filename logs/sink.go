package logs

import (
	"bytes"
	"errors"
	"io"
	"syscall"
)

const (
	// maxQueued is how much formatted output may wait for the one writing. More
	// gains nothing: pipes hold 64 to 256 KB.
	maxQueued = 256 << 10
	// maxSpare is the largest buffer that is kept for the next batch.
	maxSpare = 2 * maxQueued
	// maxSpares is how many are: one is written, one waits, and some are filled.
	maxSpares = 6
)

// batch is formatted output for one write.
type batch struct {
	b      []byte
	lines  int // of processes
	notice bool
}

// sink is the queue in front of a writer. Its fields are guarded by the Mux's
// lock. While there is something to write, one goroutine does so; when there is
// nothing there is no goroutine.
type sink struct {
	queue    []batch
	size     int           // bytes in queue
	spare    [][]byte      // memory of written batches
	idle     chan struct{} // not nil while a goroutine writes; closed at its end
	underWay int           // lines in the batch that is being written
}

// tip returns the batch that is being filled. Who adds to it updates size.
func (s *sink) tip() *batch {
	if n := len(s.queue); n > 0 && !s.queue[n-1].notice {
		return &s.queue[n-1]
	}
	s.queue = append(s.queue, batch{b: s.blank()})
	return &s.queue[len(s.queue)-1]
}

// blank returns memory for a batch.
func (s *sink) blank() []byte {
	n := len(s.spare)
	if n == 0 {
		return nil
	}
	b := s.spare[n-1][:0]
	s.spare = s.spare[:n-1]
	return b
}

func (s *sink) push(b batch) {
	s.queue = append(s.queue, b)
	s.size += len(b.b)
}

// take removes the oldest batch from the queue.
func (s *sink) take() batch {
	b := s.queue[0]
	n := copy(s.queue, s.queue[1:])
	s.queue[n] = batch{}
	s.queue = s.queue[:n]
	s.size -= len(b.b)
	s.underWay = b.lines
	return b
}

// discard drops the batches of processes and returns how many lines they had.
func (s *sink) discard() int {
	lines := 0
	kept := s.queue[:0]
	s.size = 0
	for _, b := range s.queue {
		if !b.notice {
			lines += b.lines
			continue
		}
		kept = append(kept, b)
		s.size += len(b.b)
	}
	clear(s.queue[len(kept):])
	s.queue = kept
	return lines
}

// startWriting sees to it that what is queued gets written. Caller holds mu.
func (m *Mux) startWriting(s *sink) {
	if s.idle != nil || len(s.queue) == 0 {
		return
	}
	s.idle = make(chan struct{})
	go m.write(s)
}

// write writes until the queue is empty. Flush waits for it.
func (m *Mux) write(s *sink) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(s.queue) > 0 {
		b := s.take()
		m.wakeNext()
		m.mu.Unlock()
		w := m.opt.Out
		if b.notice {
			w = m.opt.Err
		}
		n, err := writeAll(w, b.b)
		m.mu.Lock()
		s.underWay = 0
		// Nobody can be told that Err is broken.
		if err != nil && !b.notice {
			m.fail(err, b.b[n:])
		}
		if len(s.spare) < maxSpares && cap(b.b) <= maxSpare {
			s.spare = append(s.spare, b.b)
		}
	}
	close(s.idle)
	s.idle = nil
}

// writeAll writes all of b. It waits for a descriptor that somebody else made
// non-blocking: the flag is shared by all processes that have the terminal or the
// pipe open, and a node started from the same shell sets it.
func writeAll(w io.Writer, b []byte) (int, error) {
	done := 0
	for done < len(b) {
		n, err := w.Write(b[done:])
		done += n
		switch {
		case errors.Is(err, syscall.EAGAIN):
			err = waitWritable(w)
		case errors.Is(err, syscall.EINTR):
			err = nil
		case err == nil && n == 0:
			err = io.ErrShortWrite
		}
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

func countLines(b []byte) int {
	return bytes.Count(b, []byte{'\n'})
}
