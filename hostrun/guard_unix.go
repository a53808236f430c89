//go:build linux || darwin

package hostrun

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// shell is what gets the command of a process.
const shell = "/bin/sh"

// controlFd is the guardian's end of the socket.
const controlFd = 3

// abandonedGrace is how long a tree may take to end by itself once devrun has
// been killed.
const abandonedGrace = time.Second

// guardian is the life of one guardian. One goroutine does everything but
// read: what it has not reaped it may signal, for the number is not reused
// before.
type guardian struct {
	control *os.File
	orders  <-chan frame // closed when devrun has ended
	child   <-chan os.Signal
	spec    spec
	kin     kin
	leading bool // the leader has not been reaped
	asked   bool // the tree has been asked to end
}

// Guard is the life of a guardian; args are what follows GuardArg. It returns
// the status to exit with, 2 when devrun did not start it.
func Guard(args []string) int {
	if _, err := unix.GetsockoptInt(controlFd, unix.SOL_SOCKET, unix.SO_TYPE); err != nil {
		return 2
	}
	unix.CloseOnExec(controlFd)
	if unix.SetNonblock(controlFd, true) != nil {
		return 1
	}
	if len(args) > 0 {
		nameSelf("guard " + args[0])
	}
	child := make(chan os.Signal, 1)
	// Notify also undoes an inherited "ignore", with which the kernel would
	// throw away the status of the leader.
	signal.Notify(child, unix.SIGCHLD) //nolint:forbidigo // a guardian is a program of its own
	outlive()
	if adoptOrphans() != nil {
		return 1
	}
	control := os.NewFile(controlFd, "devrun")
	order, err := receive(control)
	if err != nil || order.op != opSpec {
		return 1
	}
	s, err := unmarshal(order.body)
	if err != nil {
		return 1
	}
	g := &guardian{control: control, child: child, spec: s}
	if err := g.start(); err != nil {
		errno := syscall.EINVAL
		_ = errors.As(err, &errno)
		_ = send(control, opFailed, number(int(errno)))
		return 1
	}
	g.watch()
	return 0
}

// outlive makes the signals that end or stop a program pass the guardian by.
// It catches them: "ignore" would be inherited by the process. What devrun was
// itself started with ignored (nohup) stays so, for the process too.
func outlive() {
	for _, sig := range []os.Signal{
		unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGALRM, unix.SIGUSR1, unix.SIGUSR2,
		unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGVTALRM, unix.SIGPROF, unix.SIGXCPU,
	} {
		if !signal.Ignored(sig) {
			signal.Notify(make(chan os.Signal, 1), sig) //nolint:forbidigo // a guardian is a program of its own
		}
	}
}

// start starts the process and tells devrun, and lets go of the output, so
// that devrun sees its end when the last of the tree has closed it.
func (g *guardian) start() error {
	s := g.spec
	attr := &syscall.ProcAttr{
		Dir: s.dir, Env: s.env, Files: []uintptr{0, 1, 2},
		Sys: &syscall.SysProcAttr{Setpgid: !s.shared, Foreground: s.tty, Ctty: 0},
	}
	if !s.shared && !s.tty {
		// Input that never ends: asset watchers quit at its end
		// (tailwindlabs/tailwindcss#9870).
		input, err := privateInput()
		if err != nil {
			return err
		}
		attr.Files[0] = input
	}
	pid, err := syscall.ForkExec(s.path, s.argv, attr)
	if errors.Is(err, syscall.ENOEXEC) {
		// A script without "#!" is for the shell, as execvp(3) has it.
		pid, err = syscall.ForkExec(shell, append([]string{shell, s.path}, s.argv[1:]...), attr)
	}
	if err != nil {
		return err
	}
	g.leading = true
	g.kin = newKin(pid, s)
	if !s.tty {
		closeStreams()
	}
	_ = send(g.control, opStarted, number(pid))
	return nil
}

// watch carries orders out until the tree is empty.
func (g *guardian) watch() {
	orders := make(chan frame)
	g.orders = orders
	go g.listen(orders)
	for over := false; !over; {
		select {
		case <-g.child:
			over = g.ended()
		case <-g.poll():
			over = g.ended()
		case order, ok := <-orders:
			if !ok {
				g.abandoned()
				return
			}
			over = g.obey(order)
		}
	}
}

// listen passes orders on until devrun has ended. Nobody waits for it: it ends
// with the program.
func (g *guardian) listen(orders chan<- frame) {
	defer close(orders)
	for {
		order, err := receive(g.control)
		if err != nil {
			return
		}
		orders <- order
	}
}

// ended reports, to devrun too, whether nothing of the tree is left.
func (g *guardian) ended() bool {
	if !g.reap() {
		return false
	}
	g.report(opEmpty, nil)
	return true
}

// obey carries one order out and reports whether the guardian's work is done.
func (g *guardian) obey(order frame) bool {
	switch order.op {
	case opTerm:
		g.terminate()
	case opSignal:
		g.signal(g.kin.alive(), syscall.Signal(order.number()))
	case opWake:
		if p, ok := stat(g.kin.leader); g.leading && ok && p.stopped {
			_ = p.signal(unix.SIGCONT)
		}
	case opKill:
		left := g.kill()
		if len(left) == 0 {
			g.report(opEmpty, nil)
		} else {
			g.report(opLeft, marshalLeft(left))
		}
		return true
	case opRelease:
		g.report(opEmpty, nil)
		return true
	}
	return false
}

// report sends the last news, once nothing of the guardian's holds the output
// open, and waits for devrun to have read that output to its end.
func (g *guardian) report(op byte, body []byte) {
	closeStreams()
	_ = send(g.control, op, body)
	for range g.orders {
		// What devrun still asks for has happened.
	}
}

// abandoned clears the tree after devrun has ended.
func (g *guardian) abandoned() {
	g.terminate()
	over := time.NewTimer(abandonedGrace)
	defer over.Stop()
	for {
		select {
		case <-over.C:
			g.kill()
			return
		case <-g.poll():
		case <-g.child:
		}
		if g.reap() {
			return
		}
	}
}

// terminate asks the tree to end, the first time it is called. The tree is
// listed before: what a process starts in order to clean up must not be asked
// to end too.
func (g *guardian) terminate() {
	if g.asked {
		return
	}
	g.asked = true
	procs := g.kin.alive()
	g.signal(procs, unix.SIGTERM)
	for _, p := range procs {
		if p.stopped {
			_ = p.signal(unix.SIGCONT)
		}
	}
}

// kill ends the tree, round by round until it is empty, and returns what could
// not be ended.
func (g *guardian) kill() []Left {
	e := newEffort()
	for {
		procs := g.kin.alive()
		if e.spent(procs) {
			return name(procs)
		}
		g.signal(procs, unix.SIGKILL)
		select {
		case <-g.child:
		case <-time.After(killPause):
		}
		if g.reap() {
			return nil
		}
	}
}

// signal sends sig to the group of the leader, at one stroke, and to those of
// procs that have left it. A one-off shares the group of devrun, which is not
// to be signaled.
func (g *guardian) signal(procs []proc, sig syscall.Signal) {
	leader := g.kin.leader
	// The number of a group stays taken while the group has a member, even
	// when its leader has been reaped.
	member := g.leading
	for _, p := range procs {
		member = member || p.pgid == leader
	}
	grouped := !g.spec.shared && member
	if grouped {
		_ = unix.Kill(-leader, sig)
	}
	for _, p := range procs {
		if !grouped || p.pgid != leader {
			_ = p.signal(sig)
		}
	}
}

// reap takes the status of every child that has ended, and reports whether
// nothing of the tree is left. That a leader was stopped is news only to a
// devrun that shares its terminal.
func (g *guardian) reap() bool {
	how := unix.WNOHANG
	if g.spec.shared {
		how |= unix.WUNTRACED
	}
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, how, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return g.kin.gone()
		case pid == 0:
			return false
		case status.Stopped():
			if pid == g.kin.leader {
				_ = send(g.control, opStopped, nil)
			}
		case pid == g.kin.leader:
			g.leading = false
			_ = send(g.control, opExited, number(int(status)))
		}
	}
}

// privateInput is the end to read of a pipe that nobody writes to. The
// guardian keeps both ends open as long as it lives.
func privateInput() (uintptr, error) {
	var fds [2]int
	if err := unix.Pipe(fds[:]); err != nil {
		return 0, err
	}
	unix.CloseOnExec(fds[0])
	unix.CloseOnExec(fds[1])
	return uintptr(fds[0]), nil
}

// closeStreams puts /dev/null in the place of the guardian's own streams.
func closeStreams() {
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	for fd := range 3 {
		_ = dup2(null, fd)
	}
	_ = unix.Close(null)
}
