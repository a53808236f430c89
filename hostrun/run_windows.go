package hostrun

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
)

// Run runs a command in the foreground, with this program's own streams and
// console, and returns when it has ended: nil for status 0, else an
// *ExitError. Ctrl-C reaches the command and does not end this program while
// it runs. When ctx is done, and when this program is killed, the command and
// all that it started are ended; what a command that exits by itself has
// started lives on.
func (h *Host) Run(ctx context.Context, c Command) error {
	if len(c.Args) == 0 {
		return errors.New("cannot run a command without a name")
	}
	path, exit := c.find()
	if exit != nil {
		return exit
	}
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt) //nolint:forbidigo // the console sends it to the command too, and this program has to survive it
	defer signal.Stop(interrupts)

	job, err := newJob()
	if err != nil {
		return err
	}
	defer func() { _ = windows.CloseHandle(job) }()
	cmd := exec.Command(path, c.Args[1:]...)
	cmd.Dir, cmd.Env = c.Dir, h.mark(c.Env, oneOff)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return missing(c.Args[0], codeNotExecutable)
	}
	if err := assign(job, cmd.Process.Pid); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err = <-ended:
		// What is left in the job outlives its handle, or does not: then the
		// command has ended all the same.
		_ = limit(job, 0)
	case <-ctx.Done():
		_ = windows.TerminateJobObject(job, 1)
		err = <-ended
	}
	return exitError(err)
}

// find looks the program up on the PATH of Env.
func (c Command) find() (string, *ExitError) {
	name := c.Args[0]
	if strings.ContainsAny(name, `/\:`) {
		path, err := exec.LookPath(name)
		if err != nil && !filepath.IsAbs(name) {
			path, err = exec.LookPath(filepath.Join(c.Dir, name))
		}
		if err != nil {
			return "", missing(name, codeNotFound)
		}
		return path, nil
	}
	for _, kv := range c.Env {
		key, value, _ := strings.Cut(kv, "=")
		if !strings.EqualFold(key, "PATH") {
			continue
		}
		for _, dir := range filepath.SplitList(value) {
			if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
				return path, nil
			}
		}
	}
	return "", missing(name, codeNotFound)
}
