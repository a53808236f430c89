//go:build linux || darwin

package hostrun

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/devrun/devrun/plan"
)

// startBound is how long a guardian may take to report a start. It is far
// above what a loaded machine needs, and there so that a program that does not
// call Guard cannot hold devrun up for ever.
const startBound = 30 * time.Second

// keeper is devrun's end of a guardian.
type keeper struct {
	// pid is the guardian's. Only the goroutine that follows the guardian
	// signals and reaps it, so that the number is never a stranger's.
	pid  int
	conn *os.File
	// stopped says, of a one-off, that it has been stopped.
	stopped chan struct{}
}

// Start starts p with one stream for its standard output and error: a
// pseudo-terminal if p.TTY, else a pipe. out.ReadFrom is called once, in a
// goroutine of the Host, with devrun's end of it: an *os.File with working
// deadlines. It must return at the first error other than a deadline; the end
// is io.EOF for a pipe, EIO for a pseudo-terminal, or os.ErrClosed. When it
// returns early, the rest of the output is discarded.
//
// Start returns when the process runs, or has been refused; then nothing of it
// is left. A command that /bin/sh does not find is not an error of Start: the
// process runs, and exits with 127.
func (h *Host) Start(p plan.Process, out io.ReaderFrom) (*Process, error) {
	s := spec{
		id: p.ID, path: shell, argv: []string{shell, "-c", p.Command},
		dir: p.Dir, env: h.mark(p.Environ(), p.ID), tty: p.TTY,
	}
	st, err := openStreams(p.TTY, h.size)
	if err != nil {
		return nil, s.refused(err)
	}
	proc, err := h.launch(s, st)
	if err != nil {
		return nil, err
	}
	h.show(proc)
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = out.ReadFrom(proc.out)
		_ = proc.out.SetReadDeadline(time.Time{})
		_, _ = io.Copy(io.Discard, proc.out)
	}()
	go h.watch(proc, read)
	return proc, nil
}

// launch starts a guardian and through it the process. It closes the child's
// ends of st in any case, and devrun's on failure.
func (h *Host) launch(s spec, st streams) (*Process, error) {
	k, err := h.fork(s, st)
	st.closeChild()
	if err != nil {
		st.close()
		return nil, s.refused(err)
	}
	pid, err := k.order(s)
	if err != nil {
		st.close()
		h.dismiss(k)
		// A guardian that was killed in the middle may have started it.
		h.clear(k, s.id)
		return nil, s.refused(err)
	}
	return &Process{
		id: s.id, pid: pid, out: st.read, tty: s.tty, keeper: k,
		exited: make(chan struct{}), gone: make(chan struct{}), done: make(chan struct{}),
	}, nil
}

// fork starts the guardian. os.StartProcess would hold a pidfd for each, and
// its Wait a thread; a guardian that ends shows on the socket.
func (h *Host) fork(s spec, st streams) (*keeper, error) {
	if what := s.nul(); what != "" {
		return nil, fmt.Errorf("%s contains a NUL byte", what)
	}
	ours, theirs, err := socketpair()
	if err != nil {
		return nil, fmt.Errorf("cannot open a socket: %w", err)
	}
	defer func() { _ = unix.Close(theirs) }()
	conn := os.NewFile(uintptr(ours), "guardian of "+s.id)

	h.spawning.RLock()
	defer h.spawning.RUnlock()
	if !h.open() {
		_ = conn.Close()
		return nil, errors.New("devrun is stopping")
	}
	pid, err := syscall.ForkExec(h.exe, []string{"devrun", GuardArg, s.id}, &syscall.ProcAttr{
		Dir:   "/",
		Env:   append(guardEnv(), runVar+"="+h.run),
		Files: []uintptr{st.child[0], st.child[1], st.child[2], uintptr(theirs)},
		Sys:   &syscall.SysProcAttr{Setsid: !s.shared, Setctty: s.tty},
	})
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("cannot start a guardian: %w", err)
	}
	h.enter(pid)
	return &keeper{pid, conn, make(chan struct{}, 1)}, nil
}

// guardEnv keeps the guardian small: it has next to nothing to do, and a
// periodic collection would be the only thing that wakes it.
func guardEnv() []string {
	return []string{"GOMAXPROCS=1", "GOGC=off", "GOMEMLIMIT=16MiB"}
}

// order tells the guardian what to start and returns the pid of the leader.
func (k *keeper) order(s spec) (int, error) {
	_ = k.conn.SetDeadline(time.Now().Add(startBound))
	sent := send(k.conn, opSpec, s.marshal())
	news, err := receive(k.conn)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return 0, errors.New("its guardian does not answer")
	case err != nil && errors.Is(sent, errTooLarge):
		return 0, syscall.E2BIG
	case err != nil:
		return 0, errors.New("its guardian was killed")
	case news.op == opFailed:
		return 0, syscall.Errno(news.number())
	case news.op != opStarted:
		return 0, errors.New("its guardian gives no sense")
	}
	_ = k.conn.SetDeadline(time.Time{})
	return news.number(), nil
}

// watch follows the guardian of p to the end and says when the tree is gone
// and when all is done.
func (h *Host) watch(p *Process, read <-chan struct{}) {
	left, ok := p.follow()
	if !ok {
		h.dismiss(p.keeper)
		left = h.clear(p.keeper, p.id)
		p.ended(&ExitError{Signal: syscall.SIGKILL, Reason: "killed: its guardian was killed"})
	}
	p.ended(&ExitError{Code: 1, Reason: "could not be killed"})
	p.left = left
	close(p.gone)
	p.drain(read)
	h.hide(p)
	_ = p.out.Close()
	if ok {
		// Not before the output is read: when the leader of a session ends,
		// Linux throws away what its terminal still holds (drivers/tty,
		// tty_ldisc_hangup).
		h.dismiss(p.keeper)
	}
	close(p.done)
}

// follow takes the guardian's news until the tree has ended, and returns what
// could not be. It is not ok when the guardian ended first.
func (p *Process) follow() (left []Left, ok bool) {
	for {
		news, err := receive(p.keeper.conn)
		if err != nil {
			return nil, false
		}
		switch news.op {
		case opExited:
			p.ended(exitError(syscall.WaitStatus(news.number())))
		case opStopped:
			select {
			case p.keeper.stopped <- struct{}{}:
			default:
			}
		case opEmpty:
			return nil, true
		case opLeft:
			return unmarshalLeft(news.body), true
		}
	}
}

// exitError turns a raw wait status into what Err returns.
func exitError(s syscall.WaitStatus) error {
	switch {
	case s.Signaled():
		return &ExitError{Signal: s.Signal()}
	case s.ExitStatus() != 0:
		return &ExitError{Code: s.ExitStatus()}
	}
	return nil
}

// dismiss ends a guardian that has nothing left to guard, and reaps it. After
// that its orphans are this program's children.
func (h *Host) dismiss(k *keeper) {
	_ = k.conn.Close()
	_ = unix.Kill(k.pid, unix.SIGKILL)
	var status unix.WaitStatus
	for {
		if _, err := unix.Wait4(k.pid, &status, 0, nil); !errors.Is(err, unix.EINTR) {
			break
		}
	}
	h.forget(k.pid)
}

// An order that cannot be sent went to a guardian that has ended, which shows
// where its news are read.

func (k *keeper) terminate() { _ = send(k.conn, opTerm, nil) }

func (k *keeper) kill() { _ = send(k.conn, opKill, nil) }

func (k *keeper) wake() { _ = send(k.conn, opWake, nil) }

func (k *keeper) release() { _ = send(k.conn, opRelease, nil) }

func (k *keeper) signal(sig os.Signal) error {
	n, ok := sig.(syscall.Signal)
	if !ok {
		return fmt.Errorf("cannot send %v: not a signal of this system", sig)
	}
	if err := send(k.conn, opSignal, number(int(n))); err != nil {
		return os.ErrProcessDone
	}
	return nil
}

// depose makes the goroutine that follows the guardian take it for dead.
func (k *keeper) depose() { _ = k.conn.SetReadDeadline(time.Unix(1, 0)) }

// Resize tells the process's pseudo-terminal its new size, and the kernel the
// process. Without a pseudo-terminal it does nothing.
func (p *Process) Resize(rows, cols uint16) error {
	if !p.tty {
		return nil
	}
	if err := setSize(p.out, rows, cols); err != nil {
		return fmt.Errorf("cannot resize the terminal of %s: %v", p.id, err)
	}
	return nil
}
