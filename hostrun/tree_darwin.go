package hostrun

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const (
	getTermios = unix.TIOCGETA
	setTermios = unix.TIOCSETA
	// fionread is FIONREAD of sys/filio.h: _IOR('f', 127, int).
	fionread = 0x4004667f
)

// treePoll is the time between two looks at a tree whose leader has ended:
// without subreapers the end of an orphan is no event.
const treePoll = 100 * time.Millisecond

// The states of a process in sys/proc.h.
const (
	stateStopped = 4 // SSTOP
	stateZombie  = 5 // SZOMB
)

// widen does nothing: the system sizes its pipes itself.
func widen(int) {}

func dup2(from, to int) error { return unix.Dup2(from, to) }

func ownExecutable() (string, error) { return os.Executable() }

// adoptOrphans does nothing: launchd gets every orphan.
func adoptOrphans() error { return nil }

// nameSelf does nothing: the arguments say enough.
func nameSelf(string) {}

// proc is a process as kern.proc shows it.
type proc struct {
	pid, ppid, pgid int
	start           unix.Timeval
	stopped         bool
	zombie          bool
}

func fromKinfo(k unix.KinfoProc) proc {
	return proc{
		pid: int(k.Proc.P_pid), ppid: int(k.Eproc.Ppid), pgid: int(k.Eproc.Pgid),
		start:   k.Proc.P_starttime,
		stopped: k.Proc.P_stat == stateStopped, zombie: k.Proc.P_stat == stateZombie,
	}
}

func stat(pid int) (proc, bool) {
	k, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return proc{}, false
	}
	return fromKinfo(*k), true
}

// signal sends sig to p, unless another process has its number by now.
func (p proc) signal(sig unix.Signal) error {
	if now, ok := stat(p.pid); !ok || now.start != p.start {
		return unix.ESRCH
	}
	return unix.Kill(p.pid, sig)
}

// command is the program that p runs.
func (p proc) command() string {
	b, err := unix.SysctlRaw("kern.procargs2", p.pid)
	if err != nil || len(b) < 4 {
		return "process " + strconv.Itoa(p.pid)
	}
	path, _, _ := bytes.Cut(b[4:], []byte{0})
	return string(path)
}

// carries reports whether a process was started with the marker of run; after
// the arguments kern.procargs2 has the environment.
func carries(pid int, marker string) bool {
	b, err := unix.SysctlRaw("kern.procargs2", pid)
	return err == nil && bytes.Contains(b, []byte("\x00"+marker+"\x00"))
}

func processes() []proc {
	all, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return nil
	}
	procs := make([]proc, len(all))
	for i, k := range all {
		procs[i] = fromKinfo(k)
	}
	return procs
}

// kin finds a guardian's tree: what descends from the guardian, is in the
// leader's group or the guardian's session, or carries the markers of the run
// and the process. What has left all of them and cleared its environment is
// not found.
type kin struct {
	leader  int // of the group that is the tree's; 0: none is
	parent  int // whose children are the tree's; 0: nobody's are
	session int // that is the tree's; 0: none is
	// run and process are the markers; without process, all of the run.
	run, process string
}

func newKin(leader int, s spec) kin {
	k := kin{leader: leader, parent: os.Getpid()}
	if !s.shared {
		k.session = os.Getpid()
	}
	k.run, k.process = markers(s.env)
	return k
}

// markers finds the markers in an environment.
func markers(env []string) (run, process string) {
	for _, kv := range env {
		switch {
		case len(kv) > len(runVar) && kv[:len(runVar)+1] == runVar+"=":
			run = kv
		case len(kv) > len(processVar) && kv[:len(processVar)+1] == processVar+"=":
			process = kv
		}
	}
	return run, process
}

func (k kin) alive() []proc {
	self := os.Getpid()
	all := processes()
	ours := map[int]bool{}
	for _, p := range all {
		if p.pid != self && k.owns(p) {
			ours[p.pid] = true
		}
	}
	// A parent may stand behind its child in the list.
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			if !ours[p.pid] && p.pid != self && ours[p.ppid] {
				ours[p.pid], grown = true, true
			}
		}
	}
	var found []proc
	for _, p := range all {
		if ours[p.pid] && !p.zombie {
			found = append(found, p)
		}
	}
	return found
}

// owns reports whether p belongs to the tree whoever its parent is.
func (k kin) owns(p proc) bool {
	if k.parent != 0 && p.ppid == k.parent {
		return true
	}
	if k.session != 0 {
		if sid, err := unix.Getsid(p.pid); k.leader != 0 && p.pgid == k.leader || err == nil && sid == k.session {
			return true
		}
	}
	return k.run != "" && carries(p.pid, k.run) && (k.process == "" || carries(p.pid, k.process))
}

// gone is asked when no child is left; orphans are launchd's children.
func (k kin) gone() bool { return len(k.alive()) == 0 }

// poll wakes the guardian for another look once the leader has ended.
func (g *guardian) poll() <-chan time.Time {
	if g.leading {
		return nil
	}
	return time.After(treePoll)
}

// clear ends what a guardian that was killed has left, and returns what of it
// is alive after killBound.
func (h *Host) clear(k *keeper, id string) []Left {
	tree := kin{session: k.pid, run: runVar + "=" + h.run, process: processVar + "=" + id}
	_, left := killAll(tree.alive)
	return name(left)
}

// identify names a running process of this boot.
func identify(pid int) (identity, bool) {
	p, ok := stat(pid)
	boot, err := unix.SysctlTimeval("kern.boottime")
	if !ok || p.zombie || err != nil {
		return identity{}, false
	}
	return identity{
		pid:    pid,
		start:  strconv.FormatInt(p.start.Sec, 10) + "." + strconv.Itoa(int(p.start.Usec)),
		system: strconv.FormatInt(boot.Sec, 10),
	}, true
}

// marked lists the processes that belong to the run.
func marked(run string) []proc { return kin{run: runVar + "=" + run}.alive() }
