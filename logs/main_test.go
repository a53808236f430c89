package logs

import (
	"bytes"
	"io"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// noon is the time of all golden output.
func noon() time.Time {
	return time.Date(2024, 2, 29, 12, 0, 0, 5000, time.UTC)
}

// pieces is a reader that gives one piece at a time, then what a process that
// ended gives.
type pieces []string

func (p *pieces) Read(b []byte) (int, error) {
	if len(*p) == 0 {
		return 0, io.EOF
	}
	n := copy(b, (*p)[0])
	if (*p)[0] = (*p)[0][n:]; (*p)[0] == "" {
		*p = (*p)[1:]
	}
	return n, nil
}

// syncBuffer is a writer that may be looked into at any time.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// printed returns what one process's output becomes.
func printed(t *testing.T, o Options, output ...string) string {
	t.Helper()
	var out syncBuffer
	o.Out, o.Err = &out, io.Discard
	if o.Now == nil {
		o.Now = noon
	}
	m := New(o)
	p := pieces(output)
	if _, err := m.Stream("web.1", "web").ReadFrom(&p); err != nil {
		t.Errorf("ReadFrom: %v", err)
	}
	m.Flush()
	return out.String()
}

func mustEqual(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// waitFor waits for something that must come true.
func waitFor(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !is() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 20 s", what)
		}
		time.Sleep(time.Millisecond)
	}
}
