package main

import (
	"os"
	"syscall"
)

func scriptSignals() map[string]os.Signal {
	return map[string]os.Signal{"INT": os.Interrupt, "KILL": os.Kill}
}

func newSession() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
