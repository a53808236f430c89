//go:build linux

package main

import (
	"io"
	"os"
	"os/exec"
	"sync"

	"golang.org/x/sys/unix"
)

// passThrough runs commands and copies what they write to stdout as it is: no
// label, no line is looked at. It is what a runner written in Go can reach at
// most with the same pipes.
func passThrough(commands []string) error {
	var wg sync.WaitGroup
	errs := make([]error, len(commands))
	for i, command := range commands {
		wg.Go(func() { errs[i] = copyOutput(command) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func copyOutput(command string) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	if _, err := unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, 256<<10); err != nil {
		return err
	}
	cmd := exec.Command("sh", "-c", command)
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	// Not io.Copy: it would splice, and a runner that labels cannot.
	buffer := make([]byte, 256<<10)
	for {
		n, err := r.Read(buffer)
		if _, err := os.Stdout.Write(buffer[:n]); err != nil {
			return err
		}
		if err == io.EOF {
			return cmd.Wait()
		}
		if err != nil {
			return err
		}
	}
}
