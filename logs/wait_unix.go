//go:build unix

package logs

import (
	"errors"
	"fmt"
	"io"
	"syscall"

	"golang.org/x/sys/unix"
)

// waitWritable waits until a write to w would be taken.
func waitWritable(w io.Writer) error {
	conn, ok := w.(syscall.Conn)
	if !ok {
		return syscall.EAGAIN
	}
	// Not File.Fd: it changes the mode of the descriptor.
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var pollErr error
	err = raw.Control(func(fd uintptr) {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
		for {
			_, pollErr = unix.Poll(fds, -1)
			if !errors.Is(pollErr, unix.EINTR) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	if pollErr != nil {
		return fmt.Errorf("cannot wait for the output: %w", pollErr)
	}
	return nil
}
