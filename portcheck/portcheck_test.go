package portcheck

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// TestMain lets the test binary be the server that has a port: with SERVE set to
// an address it listens there, says on which port, and lives until its stdin
// ends.
func TestMain(m *testing.M) {
	address := os.Getenv("SERVE")
	if address == "" {
		os.Exit(m.Run())
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(portOf(l))
	_, _ = os.Stdin.Read(make([]byte, 1))
	os.Exit(0)
}

func portOf(l net.Listener) int {
	address, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		panic("not a TCP listener")
	}
	return address.Port
}

// listen takes any free port of an address for the length of the test.
func listen(tb testing.TB, network, address string) int {
	tb.Helper()
	l, err := net.Listen(network, net.JoinHostPort(address, "0"))
	if err != nil {
		if strings.Contains(network, "6") || strings.Contains(address, ":") {
			tb.Skip("no IPv6 here: ", err)
		}
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	return portOf(l)
}

// freePort is a port that nobody has, as far as one can tell.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return portOf(l)
}

// A listener on any address makes its port busy, and this process is named.
func TestBusy(t *testing.T) {
	for _, c := range []struct{ name, network, address string }{
		{"all of IPv4", "tcp4", "0.0.0.0"},
		{"IPv4 loopback", "tcp4", "127.0.0.1"},
		{"all of IPv6", "tcp6", "::"},
		{"IPv6 loopback", "tcp6", "::1"},
		{"everything", "tcp", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			port := listen(t, c.network, c.address)
			err := Free(t.Context(), port)
			busy, ok := errors.AsType[*BusyError](err)
			if !ok || busy.Port != port {
				t.Fatalf("got %v, want a *BusyError for %d", err, port)
			}
			if busy.Holder == nil || busy.Holder.Pid != os.Getpid() {
				t.Errorf("got holder %v, want this process, %d", busy.Holder, os.Getpid())
			}
		})
	}
}

// The next free port is found without a look at every process.
func TestTryNamesNoHolder(t *testing.T) {
	port := listen(t, "tcp4", "127.0.0.1")
	err := Try(t.Context(), port)
	if busy, ok := errors.AsType[*BusyError](err); !ok || busy.Port != port || busy.Holder != nil {
		t.Errorf("got %v, want a *BusyError without a holder", err)
	}
}

func TestFree(t *testing.T) {
	port := freePort(t)
	for range 3 { // and stays free
		if err := Free(t.Context(), port); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", ":"+strconv.Itoa(port))
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}

// A server that closed its connections and ended leaves its port in TIME_WAIT:
// the next server can have it.
func TestFreeAfterConnections(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	// The side that closes first is the one that lingers. The client's read
	// ends when it has seen that, and its own close completes it.
	server.Close()
	if n, err := client.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Fatalf("got %d bytes and %v, want the end", n, err)
	}
	client.Close()
	port := portOf(l)
	l.Close()
	if err := Free(t.Context(), port); err != nil {
		t.Errorf("got %v, want the port to be free", err)
	}
}

func TestNoPort(t *testing.T) {
	for _, port := range []int{-1, 0, 65536, 1 << 40} {
		if err := Free(t.Context(), port); err == nil || !strings.Contains(err.Error(), "is not between 1 and 65535") {
			t.Errorf("%d: got %v, want it refused", port, err)
		}
	}
}

func TestPrivileged(t *testing.T) {
	if l, err := net.Listen("tcp4", "127.0.0.1:81"); err == nil {
		l.Close()
		t.Skip("this user may have every port")
	}
	err := Free(t.Context(), 81)
	if _, ok := errors.AsType[*PrivilegedError](err); !ok {
		t.Errorf("got %v, want a *PrivilegedError", err)
	}
}

// Another process is named by its pid, command and folder.
func TestHolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process's folder cannot be known there")
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	server := exec.Command(os.Args[0], "some", "arguments")
	server.Dir = dir
	server.Env = append(os.Environ(), "SERVE=127.0.0.1:0")
	port := start(t, server)
	err = Free(t.Context(), port)
	busy, ok := errors.AsType[*BusyError](err)
	if !ok || busy.Holder == nil {
		t.Fatalf("got %v, want a *BusyError with a holder", err)
	}
	want := Holder{Pid: server.Process.Pid, Command: tidy(os.Args[0] + " some arguments"), Dir: dir}
	if *busy.Holder != want {
		t.Errorf("got %#v, want %#v", *busy.Holder, want)
	}
	message := fmt.Sprintf("port %d is busy: %s (pid %d, in %s) has it", port, want.Command, want.Pid, dir)
	if err.Error() != message {
		t.Errorf("got  %v\nwant %s", err, message)
	}
}

// start runs the server for the length of the test and gives the port it said.
func start(t *testing.T, server *exec.Cmd) int {
	t.Helper()
	in, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = server.Wait()
	})
	var port int
	if _, err := fmt.Fscanln(out, &port); err != nil {
		t.Fatalf("the server did not say its port: %v", err)
	}
	return port
}

func TestMessages(t *testing.T) {
	t.Setenv("HOME", "/home/me")
	for _, c := range []struct {
		holder *Holder
		port   int
		want   string
	}{
		{nil, 5000, "port 5000 is busy"},
		{&Holder{Pid: 7, Command: "node server.js", Dir: "/srv/app"}, 5000, "port 5000 is busy: node server.js (pid 7, in /srv/app) has it"},
		{&Holder{Pid: 7, Command: "node server.js", Dir: "/home/me/app"}, 5000, "port 5000 is busy: node server.js (pid 7, in ~/app) has it"},
		{&Holder{Pid: 7, Command: "node server.js", Dir: "/home/me"}, 5000, "port 5000 is busy: node server.js (pid 7, in ~) has it"},
		{&Holder{Pid: 7, Command: "node server.js", Dir: "/home/melanie"}, 5000, "port 5000 is busy: node server.js (pid 7, in /home/melanie) has it"},
		{&Holder{Pid: 7, Command: "node"}, 80, "port 80 is busy: node (pid 7) has it"},
		{&Holder{Pid: 7}, 80, "port 80 is busy: a process (pid 7) has it"},
		{&Holder{User: "postgres"}, 5432, "port 5432 is busy: a process of user postgres has it"},
		{&Holder{User: "root"}, 8080, "port 8080 is busy: a process of user root has it; if it is a container, `docker ps --filter publish=8080` shows it"},
		{
			&Holder{Pid: 7, Command: "/System/Library/CoreServices/ControlCenter.app/Contents/MacOS/ControlCenter", Dir: "/"}, 5000,
			"port 5000 is busy: /System/Library/CoreServices/ControlCenter.app/Contents/MacOS/ControlCenter (pid 7, in /) has it; " +
				"it is the AirPlay Receiver, which System Settings > General > AirDrop & Handoff turns off",
		},
		{&Holder{Pid: 7, Command: "ControlCe"}, 8000, "port 8000 is busy: ControlCe (pid 7) has it"},
	} {
		if got := (&BusyError{Port: c.port, Holder: c.holder}).Error(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	const want = "port 80 needs rights that this user does not have: choose one from 1024 up"
	if got := (&PrivilegedError{Port: 80}).Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A command is one line, short, and harmless to a terminal.
func TestTidy(t *testing.T) {
	for _, c := range []struct{ command, want string }{
		{"node server.js\x00", "node server.js"},
		{"a\nb\x1b[2J", "a b [2J"},
		{strings.Repeat("é", 80), strings.Repeat("é", 80)},
		{strings.Repeat("é", 81), strings.Repeat("é", 80) + "…"},
		{"\x00", ""},
	} {
		if got := tidy(c.command); got != c.want {
			t.Errorf("%q: got %q, want %q", c.command, got, c.want)
		}
	}
}

// Fifty ports take less than 10 ms (see the figure per operation).
func BenchmarkTry50(b *testing.B) {
	base := 42000
	for b.Loop() {
		for i := range 50 {
			_ = Try(b.Context(), base+i)
		}
	}
}

func BenchmarkFreeBusy(b *testing.B) {
	port := listen(b, "tcp4", "127.0.0.1")
	for b.Loop() {
		_ = Free(b.Context(), port)
	}
}
