//go:build linux || darwin

package hostrun

import (
	"fmt"
	"os"
	"syscall"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// closed is a stream that the guardian does not get; its Go runtime opens
// /dev/null in its place.
const closed = ^uintptr(0)

// streams are the two ends of a process's standard streams.
type streams struct {
	// read is devrun's end; nil when the process has devrun's own streams.
	read *os.File
	// child are the guardian's streams 0 to 2, write is the file behind them.
	child [3]uintptr
	write *os.File
}

// ownStreams are devrun's own.
func ownStreams() streams { return streams{child: [3]uintptr{0, 1, 2}} }

// openStreams opens a pseudo-terminal or a pipe. Both outputs share it, so
// that their order is the real one. The private standard input that goes with
// a pipe is the guardian's affair.
func openStreams(tty bool, size func() (rows, cols uint16)) (streams, error) {
	var st streams
	var err error
	if tty {
		st.read, st.write, err = openTerminal()
	} else {
		st.read, st.write, err = os.Pipe()
	}
	if err != nil {
		return streams{}, fmt.Errorf("cannot open its output: %w", err)
	}
	err = control(st.write, func(fd int) error {
		st.child = [3]uintptr{closed, uintptr(fd), uintptr(fd)}
		if tty {
			st.child[0] = uintptr(fd)
			if err := setQuiet(fd); err != nil {
				return err
			}
		} else {
			widen(fd)
		}
		// The flag belongs to the open file, which the child shares.
		return unix.SetNonblock(fd, false)
	})
	if err == nil && tty {
		rows, cols := size()
		err = setSize(st.read, rows, cols)
	}
	if err != nil {
		st.closeChild()
		st.close()
		return streams{}, fmt.Errorf("cannot prepare its output: %w", err)
	}
	return st, nil
}

// openTerminal opens a pseudo-terminal. The package pty uses Fd, which makes a
// file blocking for good, so devrun's end needs a new one.
func openTerminal() (master, slave *os.File, err error) {
	m, slave, err := pty.Open()
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = m.Close() }()
	fd := -1
	err = control(m, func(old int) (err error) {
		fd, err = unix.FcntlInt(uintptr(old), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			return err
		}
		return unix.SetNonblock(fd, true)
	})
	if err != nil {
		_ = slave.Close()
		return nil, nil, err
	}
	return os.NewFile(uintptr(fd), m.Name()), slave, nil
}

func (s streams) closeChild() {
	if s.write != nil {
		_ = s.write.Close()
	}
}

func (s streams) close() {
	if s.read != nil {
		_ = s.read.Close()
	}
}

// setQuiet takes from the terminal what would change the bytes of the process:
// the carriage return before each newline, and the echo of input.
func setQuiet(fd int) error {
	t, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return err
	}
	t.Oflag &^= unix.ONLCR
	t.Lflag &^= unix.ECHO
	return unix.IoctlSetTermios(fd, setTermios, t)
}

func setSize(f *os.File, rows, cols uint16) error {
	return control(f, func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: cols})
	})
}

// unread is the number of bytes that wait in f.
func unread(f *os.File) int {
	var n int
	err := control(f, func(fd int) (err error) {
		n, err = unix.IoctlGetInt(fd, fionread)
		return err
	})
	if err != nil {
		return 0
	}
	return n
}

// control calls do with the descriptor of f. Fd would make f blocking and take
// its deadlines away.
func control(f *os.File, do func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var done error
	if err := raw.Control(func(fd uintptr) { done = do(int(fd)) }); err != nil {
		return err
	}
	return done
}

// socketpair opens the channel between devrun and a guardian. Darwin has no
// SOCK_CLOEXEC, hence the lock, as in the standard library.
func socketpair() (ours, theirs int, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return 0, 0, err
	}
	unix.CloseOnExec(fds[0])
	unix.CloseOnExec(fds[1])
	if err := unix.SetNonblock(fds[0], true); err != nil {
		_ = unix.Close(fds[0])
		_ = unix.Close(fds[1])
		return 0, 0, err
	}
	return fds[0], fds[1], nil
}
