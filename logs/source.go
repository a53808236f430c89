package logs

import (
	"errors"
	"io"
	"os"
	"time"
)

// errQuiet is a source's answer when nothing came for quietTime.
var errQuiet = errors.New("quiet")

// source reads like an io.Reader; if quiet, it returns errQuiet once nothing has
// come for quietTime.
type source interface {
	read(p []byte, quiet bool) (int, error)
}

type deadliner interface {
	io.Reader
	SetReadDeadline(t time.Time) error
}

// newSource returns the way to read r.
func newSource(r io.Reader) source {
	if d, ok := r.(deadliner); ok && d.SetReadDeadline(time.Time{}) == nil {
		return &deadlineSource{r: d, quiet: quietTime}
	}
	s := &relaySource{
		r: r, quiet: quietTime,
		chunks: make(chan []byte), taken: make(chan struct{}), err: make(chan error, 1),
	}
	go s.relay()
	return s
}

// deadlineSource waits with the reader's own deadline. Setting one costs as much
// as reading a line, so it is left alone while data comes, and moved on when it
// is hit too early: at most every quietTime.
type deadlineSource struct {
	r     deadliner
	quiet time.Duration
	at    time.Time // the deadline that is set, if any
}

// lastLook is the time for one more read after a deadline was hit. A file whose
// deadline has passed gives nothing even if there is something: it may have been
// the copier that was late, not the process.
const lastLook = 5 * time.Millisecond

func (s *deadlineSource) read(p []byte, quiet bool) (int, error) {
	if !quiet {
		return s.readPatiently(p)
	}
	due := time.Now().Add(s.quiet)
	if s.at.IsZero() {
		s.set(due)
	}
	for looked := false; ; {
		n, err := s.r.Read(p)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		switch now := time.Now(); {
		case now.Before(due):
			s.set(due)
		case looked:
			s.set(time.Time{})
			return 0, errQuiet
		default:
			looked = true
			s.set(now.Add(lastLook))
		}
	}
}

func (s *deadlineSource) readPatiently(p []byte) (int, error) {
	for {
		n, err := s.r.Read(p)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		s.set(time.Time{})
	}
}

func (s *deadlineSource) set(t time.Time) {
	s.at = t
	// It worked when the source was made; if the file was closed since, Read
	// says so.
	_ = s.r.SetReadDeadline(t)
}

// relaySource has a goroutine wait in Read, for readers that know no deadline.
type relaySource struct {
	r      io.Reader
	quiet  time.Duration
	chunks chan []byte
	taken  chan struct{} // the last chunk is used up
	err    chan error    // how reading ended
	rest   []byte        // of the last chunk
}

func (s *relaySource) relay() {
	buf := make([]byte, 32<<10)
	for {
		n, err := s.r.Read(buf)
		if n > 0 {
			s.chunks <- buf[:n]
			<-s.taken
		}
		if err != nil {
			s.err <- err
			return
		}
	}
}

func (s *relaySource) read(p []byte, quiet bool) (int, error) {
	if len(s.rest) == 0 {
		var late <-chan time.Time
		if quiet {
			t := time.NewTimer(s.quiet)
			defer t.Stop()
			late = t.C
		}
		select {
		case s.rest = <-s.chunks:
		case err := <-s.err:
			return 0, err
		case <-late:
			return 0, errQuiet
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	if len(s.rest) == 0 {
		s.taken <- struct{}{}
	}
	return n, nil
}
