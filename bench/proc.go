//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// process is one process as /proc shows it.
type process struct {
	pid int
	exe string // empty when it has ended
}

// tree lists the descendants of pid.
func tree(pid int) []process {
	var found []process
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		for word := range strings.FieldsSeq(string(text)) {
			child, err := strconv.Atoi(word)
			if err != nil {
				continue
			}
			exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", child))
			found = append(found, process{pid: child, exe: exe})
			found = append(found, tree(child)...)
		}
	}
	return found
}

// isShell says whether the process is a shell between a runner and what it runs.
func (p process) isShell() bool {
	switch filepath.Base(p.exe) {
	case "sh", "dash", "bash", "busybox":
		return true
	}
	return false
}

// cpu is the time that the process's threads have run for, to the nanosecond,
// where utime and stime have ticks of 10 ms.
func (p process) cpu() time.Duration {
	var sum time.Duration
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.pid))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		first, _, _ := strings.Cut(string(text), " ")
		nanos, err := strconv.ParseInt(first, 10, 64)
		if err == nil {
			sum += time.Duration(nanos)
		}
	}
	return sum
}

// kilobytes reads one field of a file of /proc/PID, as "VmHWM:   1234 kB".
func (p process) kilobytes(file, field string) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.pid, file))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			n, _ := strconv.Atoi(strings.Fields(rest)[0])
			return n
		}
	}
	return 0
}

// becomeSubreaper makes the daemons of a run children of this process, so that
// they are counted and none outlives the run.
func becomeSubreaper() error {
	return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}
