package hostrun

import (
	"bytes"
	"os"
	"strconv"
	"strings"
)

// identify names a running process for as long as the record of its run may
// lie about: pids and start times repeat after a boot, and mean other
// processes in another pid namespace.
func identify(pid int) (identity, bool) {
	p, ok := stat(pid)
	if !ok || p.zombie {
		return identity{}, false
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return identity{}, false
	}
	space, _ := os.Readlink("/proc/self/ns/pid")
	return identity{
		pid: pid, start: strconv.FormatUint(p.start, 10),
		system: strings.TrimSpace(string(boot)) + "/" + space,
	}, true
}

// marked lists the processes that belong to the run, and their descendants,
// whose environment may have been cleared.
func marked(run string) []proc {
	var found []proc
	seen := map[int]bool{os.Getpid(): true}
	for _, p := range processes() {
		if p.zombie || !carries(p.pid, run) {
			continue
		}
		for _, q := range append(descendants(p.pid), p) {
			if !seen[q.pid] {
				seen[q.pid] = true
				found = append(found, q)
			}
		}
	}
	return found
}

// carries reports whether a process was started with the marker of run.
func carries(pid int, run string) bool {
	env, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	return err == nil && bytes.Contains(append([]byte{0}, env...), []byte("\x00"+runVar+"="+run+"\x00"))
}
