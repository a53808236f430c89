package portcheck

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// socket is a line of Linux's /proc/net/tcp.
type socket struct {
	inode   string
	uid     string
	listens bool
}

// parseProcNet finds the sockets at a local port in the text of /proc/net/tcp or
// /proc/net/tcp6. Those that belong to nobody any more (TIME_WAIT) have inode 0
// and are left out.
func parseProcNet(data []byte, port int) []socket {
	const listen = "0A" // TCP_LISTEN of include/net/tcp_states.h
	suffix := fmt.Sprintf(":%04X", port)
	var found []socket
	for line := range strings.Lines(string(data)) {
		// sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode
		f := strings.Fields(line)
		if len(f) >= 10 && strings.HasSuffix(f[1], suffix) && f[9] != "0" {
			found = append(found, socket{inode: f[9], uid: f[7], listens: f[3] == listen})
		}
	}
	return found
}

// parseLsof reads the first process out of what `lsof -Fpcn` prints: one field a
// line, told by its first letter. n is the name of the process's first file.
func parseLsof(data []byte) (pid int, command, name string) {
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\n")
		if line == "" {
			continue
		}
		value := line[1:]
		switch line[0] {
		case 'p':
			if pid != 0 {
				return pid, command, name
			}
			pid, _ = strconv.Atoi(value)
		case 'c':
			command = value
		case 'n':
			if name == "" {
				name = value
			}
		}
	}
	return pid, command, name
}

// parseNetstat finds the process that listens on a port in what Windows'
// `netstat -ano` prints. The word for listening is translated there, so that is
// told by the far end, whose port is 0.
func parseNetstat(data []byte, port int) (pid int) {
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		if len(f) < 5 || f[0] != "TCP" {
			continue
		}
		_, local, err := net.SplitHostPort(f[1])
		_, far, farErr := net.SplitHostPort(f[2])
		if err == nil && farErr == nil && local == strconv.Itoa(port) && far == "0" {
			pid, _ = strconv.Atoi(f[len(f)-1])
			return pid
		}
	}
	return 0
}
