//go:build unix

package logs

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func isClosedPipe(err error) bool {
	return errors.Is(err, syscall.EPIPE)
}

// A full disk is a failure like any other.
func TestDiskFull(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	m := New(Options{Out: full, Err: io.Discard})
	p := pieces{"one\ntwo\n", "three"}
	if _, err := m.Stream("a", "a").ReadFrom(&p); err != nil {
		t.Fatal(err)
	}
	<-m.Failed()
	m.Flush()
	if !errors.Is(m.Err(), syscall.ENOSPC) || m.Dropped() != 3 {
		t.Errorf("Err %v, %d lines dropped; want %v, 3", m.Err(), m.Dropped(), syscall.ENOSPC)
	}
}

// Somebody else may make the pipe non-blocking at any time; nothing is lost.
func TestNonBlockingOutput(t *testing.T) {
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		t.Fatal(err)
	}
	// Blocking when os looks at it, as an inherited stdout is.
	r, w := os.NewFile(uintptr(fds[0]), "r"), os.NewFile(uintptr(fds[1]), "w")
	defer r.Close()
	if err := unix.SetNonblock(fds[1], true); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 16<<20)); !errors.Is(err, syscall.EAGAIN) {
		t.Skipf("os deals with it: %v", err)
	}
	out := &triedFile{File: w, tried: make(chan struct{})}
	m := New(Options{Out: out, Err: io.Discard, NoPrefix: true})
	text := strings.Repeat("0123456789abcde\n", 200000)
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		defer w.Close()
		if _, err := m.Stream("a", "a").ReadFrom(strings.NewReader(text)); err != nil {
			t.Error(err)
		}
		m.Flush()
	}()
	<-out.tried
	got, err := io.ReadAll(r)
	<-copied
	if err != nil || m.Err() != nil {
		t.Fatalf("read: %v; Err: %v", err, m.Err())
	}
	if got = bytes.TrimLeft(got, "\x00"); string(got) != text {
		t.Errorf("%d bytes came out, want %d", len(got), len(text))
	}
}

// triedFile is a file that says when a write has returned.
type triedFile struct {
	*os.File
	tried chan struct{}
	once  sync.Once
}

func (f *triedFile) Write(p []byte) (int, error) {
	defer f.once.Do(func() { close(f.tried) })
	return f.File.Write(p)
}

// A pseudo-terminal ends with EIO, and its lines end with CRLF.
func TestEndOfTerminal(t *testing.T) {
	var out syncBuffer
	m := New(Options{Out: &out, Err: io.Discard, NoTimestamp: true})
	if _, err := m.Stream("a", "a").ReadFrom(io.MultiReader(strings.NewReader("one\r\nbye"), eio{})); err != nil {
		t.Errorf("ReadFrom: %v", err)
	}
	m.Flush()
	mustEqual(t, "output", out.String(), "a | one\r\na | bye\n")
}

type eio struct{}

func (eio) Read([]byte) (int, error) {
	return 0, &os.PathError{Op: "read", Path: "/dev/ptmx", Err: syscall.EIO}
}
