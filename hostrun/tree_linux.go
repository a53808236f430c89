package hostrun

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	getTermios = unix.TCGETS
	setTermios = unix.TCSETS
	fionread   = unix.TIOCINQ
)

// pipeSize holds a burst of output while the reader is elsewhere, and lets it
// read as much at once.
const pipeSize = 256 << 10

// widen gives a pipe pipeSize, if the user's share of pipe memory
// (pipe-user-pages-soft) still has room for it.
func widen(fd int) { _, _ = unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, pipeSize) }

func dup2(from, to int) error { return unix.Dup3(from, to, 0) }

// ownExecutable is the program that runs now, even if its file has since been
// replaced or removed.
func ownExecutable() (string, error) { return "/proc/self/exe", nil }

// adoptOrphans makes this program the parent of every descendant that loses
// its own.
func adoptOrphans() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("cannot become the parent of orphans: %v", err)
	}
	return nil
}

// nameSelf is for ps and top: a program started as /proc/self/exe is called
// "exe" there.
func nameSelf(name string) { _ = os.WriteFile("/proc/self/comm", []byte(name), 0) }

// proc is a process as /proc shows it.
type proc struct {
	pid, ppid, pgid, sid int
	// start is the time it was started at, in ticks since the boot; with the
	// pid it names a process for ever.
	start   uint64
	stopped bool
	zombie  bool
}

// stat reads one process.
func stat(pid int) (proc, bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return proc{}, false
	}
	// The name stands in parentheses and may contain any character.
	_, rest, ok := cutLast(string(b), ") ")
	f := strings.Fields(rest)
	if !ok || len(f) < 20 {
		return proc{}, false
	}
	p := proc{pid: pid, stopped: f[0] == "T", zombie: f[0] == "Z" || f[0] == "X"}
	var errs [4]error
	p.ppid, errs[0] = strconv.Atoi(f[1])
	p.pgid, errs[1] = strconv.Atoi(f[2])
	p.sid, errs[2] = strconv.Atoi(f[3])
	p.start, errs[3] = strconv.ParseUint(f[19], 10, 64)
	return p, errors.Join(errs[:]...) == nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// signal sends sig to p and to no other process that has its number by now.
func (p proc) signal(sig unix.Signal) error {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		// A kernel before 5.3, or a seccomp filter.
		return unix.Kill(p.pid, sig)
	}
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	if now, ok := stat(p.pid); !ok || now.start != p.start {
		return unix.ESRCH
	}
	return unix.PidfdSendSignal(fd, sig, nil, 0)
}

// command is what ps shows for p.
func (p proc) command() string {
	b, _ := os.ReadFile("/proc/" + strconv.Itoa(p.pid) + "/cmdline")
	if line := strings.TrimSpace(strings.ReplaceAll(string(b), "\x00", " ")); line != "" {
		return line
	}
	b, _ = os.ReadFile("/proc/" + strconv.Itoa(p.pid) + "/comm")
	return strings.TrimSpace(string(b))
}

// children lists the children of pid, of all its threads. It is not ok where
// the kernel keeps no such list (CONFIG_PROC_CHILDREN).
func children(pid int) (pids []int, ok bool) {
	tasks := "/proc/" + strconv.Itoa(pid) + "/task"
	d, err := os.Open(tasks)
	if err != nil {
		return nil, true
	}
	threads, _ := d.Readdirnames(-1)
	_ = d.Close()
	for _, tid := range threads {
		b, err := os.ReadFile(tasks + "/" + tid + "/children")
		if errors.Is(err, os.ErrNotExist) && tid == strconv.Itoa(pid) {
			if _, err := os.Stat(tasks + "/" + tid); err == nil {
				return nil, false
			}
		}
		for f := range strings.FieldsSeq(string(b)) {
			if n, err := strconv.Atoi(f); err == nil {
				pids = append(pids, n)
			}
		}
	}
	return pids, true
}

// descendants lists what descends from root and is not a zombie. It is a
// moment's picture of something that moves: who must miss nobody looks again.
func descendants(root int) []proc {
	var found []proc
	seen := map[int]bool{root: true}
	for next := []int{root}; len(next) > 0; {
		pids, ok := children(next[0])
		if !ok {
			return descendantsByParent(root)
		}
		next = next[1:]
		for _, pid := range pids {
			if seen[pid] {
				continue
			}
			seen[pid] = true
			if p, ok := stat(pid); ok && !p.zombie {
				found = append(found, p)
				next = append(next, pid)
			}
		}
	}
	return found
}

// descendantsByParent does the same with a look at every process.
func descendantsByParent(root int) []proc {
	children := map[int][]proc{}
	for _, p := range processes() {
		children[p.ppid] = append(children[p.ppid], p)
	}
	var found []proc
	for next := []int{root}; len(next) > 0; next = next[1:] {
		for _, p := range children[next[0]] {
			if !p.zombie {
				found = append(found, p)
				next = append(next, p.pid)
			}
		}
	}
	return found
}

// processes lists every process.
func processes() []proc {
	d, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	names, _ := d.Readdirnames(-1)
	_ = d.Close()
	var found []proc
	for _, n := range names {
		pid, err := strconv.Atoi(n)
		if err != nil {
			continue
		}
		if p, ok := stat(pid); ok {
			found = append(found, p)
		}
	}
	return found
}

// kin finds a guardian's tree: everything that descends from the guardian.
type kin struct{ leader int }

func newKin(leader int, _ spec) kin { return kin{leader} }

func (kin) alive() []proc { return descendants(os.Getpid()) }

// gone is asked when no child is left. An orphan of the tree would be one.
func (kin) gone() bool { return true }

// poll is for systems on which the end of an orphan is no event.
func (*guardian) poll() <-chan time.Time { return nil }

// clear ends what a guardian that was killed leaves to this program, and
// returns what of it is alive after killBound.
func (h *Host) clear(*keeper, string) []Left {
	h.spawning.Lock()
	defer h.spawning.Unlock()
	_, left := killAll(h.orphans)
	return name(left)
}

// orphans lists the orphans of guardians and all their descendants, and reaps
// those orphans that have ended. It waits for each by its number: any other
// child is somebody else's to wait for.
//
// An orphan is a child that is no guardian and whose session is not ours: what
// this program starts by other means is in our session, and what was in
// another can never have joined it. The orphans of a one-off are in ours, and
// are known by the marker.
func (h *Host) orphans() []proc {
	self := os.Getpid()
	session, err := unix.Getsid(0)
	if err != nil {
		return nil
	}
	pids, ok := children(self)
	if !ok {
		pids = nil
		for _, p := range processes() {
			if p.ppid == self {
				pids = append(pids, p.pid)
			}
		}
	}
	var found []proc
	for _, pid := range pids {
		p, ok := stat(pid)
		switch {
		case !ok || h.guards(pid) || p.sid == session && !carries(pid, h.run):
		case p.zombie:
			_, _ = unix.Wait4(pid, nil, unix.WNOHANG, nil)
		default:
			found = append(append(found, p), descendants(pid)...)
		}
	}
	return found
}
