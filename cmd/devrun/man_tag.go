//go:build man

package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// extraCommands adds what a packager needs and a user does not: the manual,
// written from the definitions of the commands, so that the two cannot differ.
// What it stands on costs every start of devrun a millisecond, hence the tag:
//
//	go run -tags man ./cmd/devrun man > devrun.1
func (a *app) extraCommands() []*cobra.Command {
	return []*cobra.Command{{
		Use:    "man [COMMAND]",
		Short:  "Write the manual page",
		Long:   "Writes the manual page of devrun, or of one of its commands: devrun man | man -l -",
		Hidden: true,
		Args:   cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			page := cmd.Root()
			for _, c := range cmd.Root().Commands() {
				if len(args) == 1 && c.Name() == args[0] {
					page = c
				}
			}
			if len(args) == 1 && page == cmd.Root() {
				return unknownCommand(args[0], nil)
			}
			cmd.Root().DisableAutoGenTag = true
			return doc.GenMan(page, &doc.GenManHeader{Section: "1", Source: version()}, a.out)
		},
	}}
}
