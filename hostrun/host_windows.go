package hostrun

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// Guard has no work on Windows, where a job object keeps the tree.
func Guard([]string) int { return 2 }

// Sweep has nothing to do on Windows: the system ends what is in the job
// object of a devrun that has ended.
func Sweep(string) ([]Swept, error) { return nil, nil }

func writeRecord(string, string) (string, error) { return "", nil }

func ownExecutable() (string, error) { return os.Executable() }

func adoptOrphans() error { return nil }

func signalName(sig syscall.Signal) string { return sig.String() }

// unread is 0: what a closed job leaves in a pipe is read before its end.
func unread(*os.File) int { return 0 }

// Resize does nothing: on Windows a process gets a pipe.
func (p *Process) Resize(uint16, uint16) error { return nil }

// refused turns what the system says of a start into what the user can do.
func refused(dir string, err error) error {
	info, statErr := os.Stat(dir)
	switch {
	case dir == "":
		return err
	case errors.Is(statErr, os.ErrNotExist):
		return fmt.Errorf("its folder %s does not exist", dir)
	case statErr == nil && !info.IsDir():
		return fmt.Errorf("%s is not a folder", dir)
	}
	return err
}

// nul names the part of a process that contains a NUL byte.
func nul(command string, env []string) error {
	if strings.ContainsRune(command, 0) {
		return errors.New("the command contains a NUL byte")
	}
	for _, kv := range env {
		if strings.ContainsRune(kv, 0) {
			name, _, _ := strings.Cut(kv, "=")
			return fmt.Errorf("the variable %q contains a NUL byte", name)
		}
	}
	return nil
}
