//go:build unix && !linux

package portcheck

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"time"
)

// find asks lsof and ps, which come with macOS. lsof can hang on a dead network
// file system, hence the limit.
func find(ctx context.Context, port int) *Holder {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	out, _ := exec.CommandContext(ctx, "lsof", "-nP", fmt.Sprintf("-iTCP:%d", port), "-sTCP:LISTEN", "-Fpcn").Output()
	pid, command, _ := parseLsof(out)
	if pid == 0 {
		return nil
	}
	h := &Holder{Pid: pid, Command: command}
	id := strconv.Itoa(pid)
	if line, err := exec.CommandContext(ctx, "ps", "-ww", "-o", "command=", "-p", id).Output(); err == nil {
		h.Command = tidy(string(line))
	}
	if out, err := exec.CommandContext(ctx, "lsof", "-a", "-p", id, "-d", "cwd", "-Fn").Output(); err == nil {
		_, _, h.Dir = parseLsof(out)
	}
	return h
}
