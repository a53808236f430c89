//go:build linux || darwin

package hostrun

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Run runs a command in the foreground: with this program's own streams,
// terminal, session and group, so that what the user types, Ctrl-C and Ctrl-Z
// included, reaches it as if the shell had started it. It returns when the
// command has ended: nil for status 0, else an *ExitError.
//
// SIGINT and SIGQUIT do not end this program while the command runs; SIGTERM
// and SIGHUP are passed on to the command and its descendants. Ctrl-Z stops
// this program once the command has stopped, and not before: it may have to
// put the terminal in order. When ctx is done the command gets SIGTERM and,
// after its grace time, SIGKILL.
//
// What a command that exits by itself has started lives on. When a signal
// ended the command, the rest gets the grace time too. When this program is
// killed, nothing of the command is left.
func (h *Host) Run(ctx context.Context, c Command) error {
	if len(c.Args) == 0 {
		return errors.New("cannot run a command without a name")
	}
	path, exit := c.find()
	if exit != nil {
		return exit
	}
	s := spec{id: oneOff, path: path, argv: c.Args, dir: c.Dir, env: h.mark(c.Env, oneOff), shared: true}

	signals := make(chan os.Signal, 8)
	for _, sig := range []os.Signal{
		unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGHUP, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGCONT,
	} {
		if !signal.Ignored(sig) {
			signal.Notify(signals, sig) //nolint:forbidigo // the terminal sends them to the command too, and this program has to survive it
		}
	}
	defer signal.Stop(signals)

	p, err := h.launch(s, ownStreams())
	if err != nil {
		return fmt.Errorf("cannot run %s: %w", c.Args[0], err)
	}
	read := make(chan struct{})
	close(read)
	go h.watch(p, read)

	if p.accompany(ctx, signals) {
		p.keeper.release()
		<-p.done
		return p.err
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.grace())
	defer cancel()
	p.Stop(grace)
	return p.err
}

// accompany passes signals on until the command has ended or ctx is done, and
// reports whether the command exited by itself.
func (p *Process) accompany(ctx context.Context, signals <-chan os.Signal) bool {
	asked := false
	for {
		select {
		case <-p.exited:
			var exit *ExitError
			return !asked && (!errors.As(p.err, &exit) || exit.Signal == 0)
		case <-ctx.Done():
			return false
		case <-p.keeper.stopped:
			if now, ok := stat(p.pid); ok && now.stopped && underShell() {
				_ = unix.Kill(os.Getpid(), unix.SIGSTOP)
			}
		case sig := <-signals:
			switch sig {
			case unix.SIGTERM, unix.SIGHUP:
				asked = true
				_ = p.keeper.signal(sig)
			case unix.SIGCONT:
				// The shell continues this program's group, which the command
				// may have left.
				p.keeper.wake()
			}
		}
	}
}

// underShell reports whether a shell with job control waits for this program
// and would continue it: one in the same session and another group.
func underShell() bool {
	parent := os.Getppid()
	sid, err := unix.Getsid(parent)
	if err != nil {
		return false
	}
	own, err := unix.Getsid(0)
	if err != nil || sid != own {
		return false
	}
	pgid, err := unix.Getpgid(parent)
	return err == nil && pgid != unix.Getpgrp()
}

// find looks the program up the way a shell does: also where PATH names a
// folder relative to Dir, and telling what is not there from what may not be
// run.
func (c Command) find() (path string, err *ExitError) {
	name := c.Args[0]
	if strings.ContainsRune(name, '/') {
		if code := c.runnable(name); code != 0 {
			return "", missing(name, code)
		}
		return name, nil
	}
	code := codeNotFound
	for dir := range strings.SplitSeq(c.path(), ":") {
		if dir == "" {
			dir = "."
		}
		path = dir + "/" + name
		switch c.runnable(path) {
		case 0:
			return path, nil
		case codeNotExecutable:
			code = codeNotExecutable
		}
	}
	return "", missing(name, code)
}

// runnable is 0 for a program that may be run, else the code of a shell that
// cannot run it.
func (c Command) runnable(path string) int {
	if !filepath.IsAbs(path) {
		path = filepath.Join(c.Dir, path)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrPermission):
		return codeNotExecutable
	case err != nil:
		return codeNotFound
	case info.IsDir(), unix.Access(path, unix.X_OK) != nil:
		return codeNotExecutable
	}
	return 0
}

// path is the PATH of Env; without one, where the shell would look.
func (c Command) path() string {
	path := "/usr/local/bin:/usr/bin:/bin"
	for _, kv := range c.Env {
		if value, ok := strings.CutPrefix(kv, "PATH="); ok {
			path = value
		}
	}
	return path
}
