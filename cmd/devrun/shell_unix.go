//go:build unix

package main

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// shell is how a command text is run.
func shell(command string) []string { return []string{"/bin/sh", "-c", command} }

// stopSignals end the run in an orderly way. SIGHUP is left alone where devrun
// was started with nohup.
func stopSignals() []os.Signal {
	signals := []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// resizeSignals say that the terminal has another size.
func resizeSignals() []os.Signal { return []os.Signal{syscall.SIGWINCH} }

func signalNumber(sig os.Signal) int {
	if s, ok := sig.(syscall.Signal); ok {
		return int(s)
	}
	return 1
}

// catchClosedPipe makes a write to a closed stdout an error in place of a
// signal that ends devrun. Caught, not ignored: children would inherit that.
func catchClosedPipe() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

func isClosedPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
