// Package portcheck tells whether a server could listen on a port of this
// machine, and if not, which process is in its way.
package portcheck

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"unicode"
)

// BusyError says that some process has the port.
type BusyError struct {
	Port int
	// Holder is nil when it could not be found out.
	Holder *Holder
}

func (e *BusyError) Error() string {
	if e.Holder == nil {
		return fmt.Sprintf("port %d is busy", e.Port)
	}
	return fmt.Sprintf("port %d is busy: %s has it%s", e.Port, e.Holder, e.Holder.hint(e.Port))
}

// PrivilegedError says that the port is one of those that only the system's
// services may have.
type PrivilegedError struct{ Port int }

func (e *PrivilegedError) Error() string {
	return fmt.Sprintf("port %d needs rights that this user does not have: choose one from 1024 up", e.Port)
}

// Holder is a process that has a port. What could not be found out is empty.
type Holder struct {
	Pid     int
	Command string
	Dir     string
	// User is the process's user if that is another one: then the rest is
	// empty, as the system does not tell.
	User string
}

// String is for a sentence: "node server.js (pid 123, in ~/app)".
func (h *Holder) String() string {
	if h.Pid == 0 {
		return "a process of user " + h.User
	}
	command := h.Command
	if command == "" {
		command = "a process"
	}
	if h.Dir == "" {
		return fmt.Sprintf("%s (pid %d)", command, h.Pid)
	}
	return fmt.Sprintf("%s (pid %d, in %s)", command, h.Pid, homely(h.Dir))
}

// hint names what is known to surprise people on this port.
func (h *Holder) hint(port int) string {
	switch {
	case (port == 5000 || port == 7000) && strings.Contains(h.Command, "ControlCe"):
		return "; it is the AirPlay Receiver, which System Settings > General > AirDrop & Handoff turns off"
	case h.Pid == 0 && h.User == "root":
		return fmt.Sprintf("; if it is a container, `docker ps --filter publish=%d` shows it", port)
	}
	return ""
}

// homely abbreviates the user's home folder as a shell does.
func homely(dir string) string {
	home, err := os.UserHomeDir()
	if err != nil || home == "" || home == "/" {
		return dir
	}
	if rest, ok := strings.CutPrefix(dir, home); ok && (rest == "" || os.IsPathSeparator(rest[0])) {
		return "~" + rest
	}
	return dir
}

// Free says by nil that a server could listen on port now, on whichever address
// servers choose: all of them or the loopback's, of IPv4 or of IPv6. A port that
// only lingers after its server's end (TIME_WAIT) is free.
//
// The error is a *BusyError with the holder, which may take a look at every
// process, or a *PrivilegedError, or says why the port could not be tried.
func Free(ctx context.Context, port int) error {
	err := Try(ctx, port)
	if busy, ok := errors.AsType[*BusyError](err); ok {
		busy.Holder = find(ctx, port)
	}
	return err
}

// Try is as Free, but its *BusyError has no Holder. It takes well under a
// millisecond, so it suits a search for the next free port.
func Try(ctx context.Context, port int) error {
	if port < 1 || port > 65535 {
		return fmt.Errorf("port %d is not between 1 and 65535", port)
	}
	// Each is tried, because what one says of another depends on the system:
	// BSD's SO_REUSEADDR and Windows let a socket have all addresses while
	// another has one of them.
	addresses := []struct{ network, host string }{
		{"tcp4", "0.0.0.0"},
		{"tcp4", "127.0.0.1"},
		{"tcp6", "::"},
		{"tcp6", "::1"},
	}
	var config net.ListenConfig
	config.SetMultipathTCP(false) // only makes the attempt slower
	var other error
	free := 0
	for _, a := range addresses {
		l, err := config.Listen(ctx, a.network, net.JoinHostPort(a.host, fmt.Sprint(port)))
		switch {
		case err == nil:
			_ = l.Close() // nobody can have used it
			free++
		case isInUse(err):
			return &BusyError{Port: port}
		case isDenied(err):
			return &PrivilegedError{Port: port}
		case other == nil:
			other = err
		}
	}
	// A machine without IPv6, or without IPv4, refuses that half in many ways;
	// only when nothing at all works is it about the port.
	if free == 0 {
		return fmt.Errorf("cannot try port %d: %w", port, other)
	}
	return nil
}

// tidy makes a command fit for a message: one line, not too long, and nothing
// that a terminal would obey.
func tidy(command string) string {
	const most = 80
	clean := []rune(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, command))
	if len(clean) > most {
		return strings.TrimSpace(string(clean[:most])) + "…"
	}
	return strings.TrimSpace(string(clean))
}
