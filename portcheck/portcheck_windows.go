package portcheck

import (
	"context"
	"errors"
	"os/exec"
	"time"

	"golang.org/x/sys/windows"
)

func isInUse(err error) bool { return errors.Is(err, windows.WSAEADDRINUSE) }

// isDenied also holds for the ranges that Hyper-V reserves for itself.
func isDenied(err error) bool { return errors.Is(err, windows.WSAEACCES) }

// find asks netstat for the process and the system for its program. Windows does
// not tell one process the folder of another.
func find(ctx context.Context, port int) *Holder {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	out, _ := exec.CommandContext(ctx, "netstat", "-ano").Output()
	pid := parseNetstat(out, port)
	if pid == 0 {
		return nil
	}
	return &Holder{Pid: pid, Command: program(uint32(pid))}
}

// program is the path of a process's program; "" when this user may not know it.
func program(pid uint32) string {
	process, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, pid)
	if err != nil {
		return ""
	}
	defer windows.CloseHandle(process) //nolint:errcheck // only read from
	path := make([]uint16, windows.MAX_LONG_PATH)
	size := uint32(len(path))
	if err := windows.QueryFullProcessImageName(process, 0, &path[0], &size); err != nil {
		return ""
	}
	return tidy(windows.UTF16ToString(path[:size]))
}
