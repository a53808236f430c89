package runnertest

import (
	"errors"
	"io"
	"strings"
	"sync"
)

// sink keeps what a process writes.
type sink struct {
	mu      sync.Mutex
	data    strings.Builder
	readers int
	more    chan struct{} // closed when data grows
}

func newSink() *sink {
	return &sink{more: make(chan struct{})}
}

// ReadFrom implements io.ReaderFrom.
func (s *sink) ReadFrom(r io.Reader) (int64, error) {
	s.count(1)
	defer s.count(-1)
	var total int64
	buf := make([]byte, 32*1024)
	for {
		n, err := r.Read(buf)
		total += int64(n)
		s.add(buf[:n])
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

func (s *sink) count(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readers += n
}

func (s *sink) add(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data.Write(b)
	close(s.more)
	s.more = make(chan struct{})
}

// reading reports whether a ReadFrom has not returned yet.
func (s *sink) reading() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.readers > 0
}

// text returns all output so far, with "\n" at the ends of lines, and a channel
// that is closed when there is more.
func (s *sink) text() (string, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.ReplaceAll(s.data.String(), "\r\n", "\n"), s.more
}
