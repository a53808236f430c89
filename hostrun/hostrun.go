// Package hostrun runs one process on this machine and leaves none of it
// behind.
//
// Every process has a guardian: a second copy of the devrun binary that leads
// a session of its own, starts the process in a group of its own inside that
// session, and stays until nothing that descends from the process is alive.
// One socket connects the two. It carries orders one way and news the other,
// and it is the lifeline: when devrun ends, by whatever means, the socket ends
// and the guardian clears its tree.
//
// On Linux the guardian is a child subreaper, so every orphan of the tree,
// daemonised or not, becomes its child: when wait4 says ECHILD, the tree is
// empty. devrun is a subreaper too and inherits the tree of a guardian that
// was killed. What devrun and a guardian that die together leave behind
// carries a marker in its environment; Sweep finds it at the next start.
//
// macOS has no subreaper; there the guardian finds what left its group by
// parent, by session and by marker. On Windows a job object does the work of
// the guardian.
package hostrun

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// GuardArg is the first argument of a devrun that is to be a guardian. main,
// and the TestMain of every test binary that uses a Host, must call Guard and
// exit with its result when os.Args[1] is GuardArg, before they do anything
// else.
const GuardArg = "guard:"

// The variables that every process of a run has in its environment. They are
// how Sweep recognises it, and how a program can tell that devrun runs it.
const (
	runVar     = "DEVRUN_RUN"
	processVar = "DEVRUN_PROCESS"
)

// Options configure a Host. The zero value works.
type Options struct {
	// RunID names the run; it becomes part of a file name. Random when empty.
	RunID string
	// Exe is the program that is started as guardian; the running one when
	// empty. It must call Guard as GuardArg says.
	Exe string
	// StateDir is where the run records itself, so that Sweep can clear it
	// after devrun and a guardian were killed together. Empty: no record.
	StateDir string
	// Size is asked for the size of a new pseudo-terminal, from the goroutine
	// that calls Start. Nil means 24 by 80.
	Size func() (rows, cols uint16)
}

// Host is what all processes of one devrun share. Its methods may be called
// concurrently.
//
// On Linux, New makes the calling program a child subreaper for good. While a
// Host is in use, nothing else in the program may start children in sessions
// of their own: they would pass for orphans of a guardian that was killed.
type Host struct {
	run    string
	exe    string
	record string
	size   func() (rows, cols uint16)

	// spawning is held for reading while a guardian is forked and entered in
	// guardians, and for writing while orphans are looked for: a guardian that
	// is not entered yet would pass for one.
	spawning sync.RWMutex

	mu        sync.Mutex
	guardians map[int]bool
	terminals map[*Process]bool
	closed    bool
}

// New prepares this program for running processes. The caller closes the Host
// when all of them are done.
func New(o Options) (*Host, error) {
	h := &Host{run: o.RunID, exe: o.Exe, size: o.Size, guardians: map[int]bool{}, terminals: map[*Process]bool{}}
	if h.run == "" {
		h.run = strings.ToLower(rand.Text())
	}
	if h.run != filepath.Base(h.run) || strings.ContainsRune(h.run, 0) {
		return nil, fmt.Errorf("cannot use %q as the name of a run", h.run)
	}
	if h.exe == "" {
		exe, err := ownExecutable()
		if err != nil {
			return nil, fmt.Errorf("cannot find devrun's own program: %v", err)
		}
		h.exe = exe
	}
	if h.size == nil {
		h.size = func() (uint16, uint16) { return 24, 80 }
	}
	if err := adoptOrphans(); err != nil {
		return nil, err
	}
	if o.StateDir == "" {
		return h, nil
	}
	record, err := writeRecord(o.StateDir, h.run)
	if err != nil {
		return nil, fmt.Errorf("cannot record this run: %v", err)
	}
	h.record = record
	return h, nil
}

// Close removes the run's record, and from then on Start and Run refuse. It
// does not stop processes: what still runs is cleared by its guardian when
// this program ends.
func (h *Host) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil
	}
	h.closed = true
	if h.record == "" {
		return nil
	}
	if err := os.Remove(h.record); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("cannot remove the record of this run: %v", err)
	}
	return nil
}

// Resize gives every process's pseudo-terminal the size that Options.Size now
// says, and the kernel tells the processes.
func (h *Host) Resize() {
	rows, cols := h.size()
	h.mu.Lock()
	defer h.mu.Unlock()
	for p := range h.terminals {
		// One that ended in the meantime needs no size.
		_ = p.Resize(rows, cols)
	}
}

// show notes a process that has a pseudo-terminal, until hide.
func (h *Host) show(p *Process) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p.tty {
		h.terminals[p] = true
	}
}

func (h *Host) hide(p *Process) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.terminals, p)
}

// enter notes a new guardian.
func (h *Host) enter(pid int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.guardians[pid] = true
}

// forget strikes a guardian out, before its number may be reused.
func (h *Host) forget(pid int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.guardians, pid)
}

// guards reports whether pid is a guardian of this Host.
func (h *Host) guards(pid int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.guardians[pid]
}

// open reports whether the Host takes new processes.
func (h *Host) open() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.closed
}

// mark puts the markers of the run into an environment.
func (h *Host) mark(env []string, id string) []string {
	marked := make([]string, 0, len(env)+2)
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		if name != runVar && name != processVar {
			marked = append(marked, kv)
		}
	}
	return append(marked, runVar+"="+h.run, processVar+"="+id)
}

// Swept is what Sweep did about one run.
type Swept struct {
	RunID string
	// Killed is the number of processes that were ended.
	Killed int
	// Left are those that could not be.
	Left []Left
}
