package main

import "github.com/rogpeppe/go-internal/testscript"

// Windows has terminals of another kind; the scripts that need one skip it.
func terminalCommands() map[string]func(*testscript.TestScript, bool, []string) { return nil }

func prepareTerminal(*testscript.Env) {}
