package main

import (
	"io"
	"os"
	"testing"

	"github.com/devrun/devrun/hostrun"
	"github.com/devrun/devrun/plan"
	"github.com/devrun/devrun/supervisor"
	"github.com/devrun/devrun/supervisor/runnertest"
)

// hostrun keeps what the supervisor expects of a runner, with a pipe and with
// a terminal.
func TestHostrunConforms(t *testing.T) {
	for name, tty := range map[string]bool{"pipe": false, "pty": true} {
		t.Run(name, func(t *testing.T) {
			runnertest.Run(t, func(t *testing.T, command string, out io.ReaderFrom) supervisor.Running {
				t.Helper()
				host, err := hostrun.New(hostrun.Options{})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := host.Close(); err != nil {
						t.Error(err)
					}
				})
				p, err := host.Start(plan.Process{
					ID: "web.1", Command: command, Dir: t.TempDir(), Inherited: os.Environ(), TTY: tty,
				}, out)
				if err != nil {
					t.Fatal(err)
				}
				return p
			})
		})
	}
}
