//go:build linux || darwin

package hostrun

import (
	"fmt"
	"os"
	"os/signal"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// TestMain makes the test binary play its other parts: a guardian, a devrun
// that uses a Host, and the scripted programs that devrun runs.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case GuardArg:
			os.Exit(Guard(os.Args[2:]))
		case "play-devrun":
			os.Exit(playDevrun(os.Args[2:]))
		case "play":
			os.Exit(play(os.Args[2:]))
		}
	}
	// Under the race detector every program would sleep for a second at its
	// end.
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// The tests of SIGHUP mean programs that do not ignore it, and what is
	// ignored here (nohup, some CI) would be there; what is caught is not.
	signal.Notify(make(chan os.Signal, 1), unix.SIGHUP)
	code := m.Run()
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
