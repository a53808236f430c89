//go:build !man

package main

import "github.com/spf13/cobra"

// extraCommands: a build for users has none.
func (a *app) extraCommands() []*cobra.Command { return nil }
