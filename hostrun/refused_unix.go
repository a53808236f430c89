//go:build linux || darwin

package hostrun

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// refused turns what the kernel says of a start into what the user can do. The
// kernel does not tell a missing folder from a missing program, hence the look
// at the folder.
func (s spec) refused(err error) error {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return err
	}
	switch errno { //nolint:exhaustive // the rest speaks for itself
	case syscall.EAGAIN:
		return fmt.Errorf("%v: this user may have no more processes (see ulimit -u)", err)
	case syscall.EMFILE:
		return fmt.Errorf("%v: raise the limit on open files (ulimit -n)", err)
	case syscall.ENFILE, syscall.ENOMEM:
		return fmt.Errorf("%v: the system has none left", err)
	case syscall.E2BIG:
		return s.tooLarge()
	}
	if reason := folderProblem(s.dir); reason != nil {
		return reason
	}
	if errno == syscall.ENOENT {
		return fmt.Errorf("%s, or what it needs to run, is missing", s.path)
	}
	return fmt.Errorf("%s: %w", s.path, err)
}

func folderProblem(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("its folder %s does not exist", dir)
	case err != nil:
		return fmt.Errorf("its folder cannot be used: %v", err)
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder", dir)
	case unix.Access(dir, unix.X_OK) != nil:
		return fmt.Errorf("its folder %s may not be entered", dir)
	}
	return nil
}

// tooLarge names what took the room. The limits are the kernel's: 128 KB for
// one string, a quarter of the stack limit for all of them (execve(2)).
func (s spec) tooLarge() error {
	total, largest, who := 0, 0, "the command"
	for _, a := range s.argv {
		total += len(a)
		largest = max(largest, len(a))
	}
	for _, kv := range s.env {
		total += len(kv)
		if len(kv) > largest {
			name, _, _ := strings.Cut(kv, "=")
			largest, who = len(kv), name
		}
	}
	return fmt.Errorf("the environment is too large: %d KB in %d variables, the largest is %s with %d KB; the system takes 128 KB in one and usually 2 MB in all",
		total>>10, len(s.env), who, largest>>10)
}
