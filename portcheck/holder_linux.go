package portcheck

import (
	"bytes"
	"context"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// find looks the port's socket up in the kernel's tables, and then for a process
// that has it open.
func find(ctx context.Context, port int) *Holder {
	var all []socket
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		if data, err := os.ReadFile(table); err == nil {
			all = append(all, parseProcNet(data, port)...)
		}
	}
	sockets := slices.DeleteFunc(slices.Clone(all), func(s socket) bool { return !s.listens })
	if len(sockets) == 0 {
		// A connection's own end can be in the way as well.
		sockets = all
	}
	if len(sockets) == 0 {
		return nil
	}
	links := make(map[string]bool)
	for _, s := range sockets {
		links["socket:["+s.inode+"]"] = true
	}
	if pid := owner(ctx, links); pid != 0 {
		return describe(pid)
	}
	if uid := sockets[0].uid; uid != strconv.Itoa(os.Getuid()) {
		if u, err := user.LookupId(uid); err == nil {
			return &Holder{User: u.Username}
		}
		return &Holder{User: uid}
	}
	return nil
}

// owner is the process that has one of the links among its open files; of a
// server and the workers it forked, the server. It is 0 when no process does that
// this user may look into.
func owner(ctx context.Context, links map[string]bool) int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	parents := make(map[int]int)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || ctx.Err() != nil {
			continue
		}
		if opens(pid, links) {
			parents[pid] = parent(pid)
		}
	}
	first := 0
	for pid, ppid := range parents {
		if _, forked := parents[ppid]; !forked && (first == 0 || pid < first) {
			first = pid
		}
	}
	return first
}

func opens(pid int, links map[string]bool) bool {
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	files, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, f := range files {
		if target, err := os.Readlink(filepath.Join(dir, f.Name())); err == nil && links[target] {
			return true
		}
	}
	return false
}

// parent is the fourth field of stat; the second is the command in brackets, and
// may hold anything.
func parent(pid int) int {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 2 {
		return 0
	}
	ppid, _ := strconv.Atoi(string(fields[1]))
	return ppid
}

func describe(pid int) *Holder {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	h := &Holder{Pid: pid}
	if line, err := os.ReadFile(filepath.Join(dir, "cmdline")); err == nil {
		h.Command = tidy(strings.ReplaceAll(string(line), "\x00", " "))
	}
	if h.Command == "" {
		if name, err := os.ReadFile(filepath.Join(dir, "comm")); err == nil {
			h.Command = tidy(string(name))
		}
	}
	h.Dir, _ = os.Readlink(filepath.Join(dir, "cwd"))
	return h
}
