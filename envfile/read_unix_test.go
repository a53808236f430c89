//go:build unix

package envfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A pipe, as <(...) of a shell makes one, is read to its end.
func TestReadPipe(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	written := make(chan error)
	go func() { written <- os.WriteFile(path, []byte("A=1\nB="+strings.Repeat("b", 100_000)), 0o600) }()
	file, err := Read(path, nil)
	if err != nil || len(file.Vars) != 2 || len(file.Vars[1].Value) != 100_000 {
		t.Errorf("Read: %d variables, %v", len(file.Vars), err)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
}

func TestReadDevices(t *testing.T) {
	t.Parallel()
	if file, err := Read("/dev/null", nil); err != nil || len(file.Vars) != 0 {
		t.Errorf("/dev/null: %v, %v", file, err)
	}
	if _, err := Read("/dev/zero", nil); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("/dev/zero: %v", err)
	}
}
