package main

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// shell is how a command text is run.
func shell(command string) []string { return []string{"cmd", "/c", command} }

// stopSignals end the run in an orderly way: Ctrl-C, and the closing of the
// console, which Go reports as SIGTERM.
func stopSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

// resizeSignals: processes have no terminal of their own here.
func resizeSignals() []os.Signal { return nil }

func signalNumber(sig os.Signal) int {
	if s, ok := sig.(syscall.Signal); ok {
		return int(s)
	}
	return 1
}

// catchClosedPipe: a write to a closed pipe is an error here by itself.
func catchClosedPipe() {}

func isClosedPipe(err error) bool {
	return errors.Is(err, windows.ERROR_BROKEN_PIPE) || errors.Is(err, windows.ERROR_NO_DATA)
}
