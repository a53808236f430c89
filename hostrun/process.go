package hostrun

import (
	"context"
	"os"
	"time"
)

// The bounds on what nobody can hasten.
const (
	// killBound is how long what was sent SIGKILL may take to disappear: time
	// in uninterruptible sleep, or as a zombie of a parent that does not wait.
	killBound = 2 * time.Second
	// forkBound is how long a tree may go on to bring forth what has not been
	// sent SIGKILL yet: a child of sudo that forks would do so for ever.
	forkBound = 10 * time.Second
	// guardBound is how long after the order to kill the guardian may take to
	// report. One that takes longer was stopped, or has more work than it can
	// do; it is killed itself, and devrun goes on in its place.
	guardBound = killBound + time.Second
	// holdBound is how long output may stay open, with nothing in it to read,
	// once the whole tree is gone: a descriptor can be passed to a process
	// outside the tree (tmux hands its client's to the server).
	holdBound = 500 * time.Millisecond
)

// Left is a process that devrun was not able to end.
type Left struct {
	Pid     int
	Command string
}

// Process is one process started by Host.Start, with everything that descends
// from it. Its methods may be called concurrently.
type Process struct {
	id  string
	pid int
	// out is the end of the process's pipe or pseudo-terminal that devrun
	// reads; nil when the process has devrun's own streams.
	out *os.File
	tty bool
	// keeper is what holds the tree: the guardian, or the job object.
	keeper *keeper

	exited chan struct{}
	// gone is closed when the tree has ended; output may still be unread.
	gone chan struct{}
	done chan struct{}
	err  error  // written before exited is closed
	left []Left // written before gone is closed
}

// Pid is the number of the process that devrun started, the leader of its
// group.
func (p *Process) Pid() int { return p.pid }

// Exited is closed when the leader has ended. Others of its group or
// descendants of it may live on; Stop clears them.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Done is closed when nothing of the process is left and its output has been
// read to the end. When something of it could not be ended, Done is closed all
// the same, after a bound, and Unkillable names it. A reader of the output
// that is itself held up delays Done for as long as that takes: nothing the
// process wrote is dropped here.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err is how the leader ended: nil for status 0, else an *ExitError. It is nil
// as long as Exited is open.
func (p *Process) Err() error {
	select {
	case <-p.exited:
		return p.err
	default:
		return nil
	}
}

// Unkillable lists what was still alive after SIGKILL, or was not ours to
// kill (a child of sudo). It is empty until Done is closed.
func (p *Process) Unkillable() []Left {
	select {
	case <-p.done:
		return p.left
	default:
		return nil
	}
}

// Stop ends the process and everything that descends from it, and returns when
// Done is closed. All get SIGTERM at the same time, once; what is left when
// patience is done gets SIGKILL. A patience that is done at once is a kill.
// Stop may be called several times, concurrently, each time with a patience of
// its own, and after the leader has ended: then it clears what the leader
// left.
func (p *Process) Stop(patience context.Context) {
	if patience.Err() == nil {
		p.keeper.terminate()
	}
	select {
	case <-p.gone:
	case <-patience.Done():
		p.kill()
	}
	<-p.done
}

// kill ends all that is left and returns when it is gone.
func (p *Process) kill() {
	p.keeper.kill()
	late := time.NewTimer(guardBound)
	defer late.Stop()
	select {
	case <-p.gone:
	case <-late.C:
		p.keeper.depose()
		<-p.gone
	}
}

// Signal sends sig to the process's group. It returns os.ErrProcessDone when
// the tree has ended.
func (p *Process) Signal(sig os.Signal) error {
	select {
	case <-p.gone:
		return os.ErrProcessDone
	default:
		return p.keeper.signal(sig)
	}
}

// ended notes how the leader ended, unless that is known.
func (p *Process) ended(err error) {
	select {
	case <-p.exited:
	default:
		p.err = err
		close(p.exited)
	}
}

// drain waits until the reader of the output has seen its end, which read
// says. Once the tree is gone that takes only as long as the reader takes,
// unless somebody outside the tree holds the other end: then what there is to
// read is read, and the rest is cut off.
func (p *Process) drain(read <-chan struct{}) {
	wait := time.NewTimer(holdBound)
	defer wait.Stop()
	for {
		select {
		case <-read:
			return
		case <-wait.C:
		}
		if unread(p.out) == 0 {
			_ = p.out.Close()
			<-read
			return
		}
		wait.Reset(holdBound)
	}
}
