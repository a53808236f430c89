package logs

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// growPipe makes a pipe hold 256 KB, as whoever starts a process would.
func growPipe(w *os.File) {
	raw, err := w.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, fd, unix.F_SETPIPE_SZ, 256<<10)
	})
}
