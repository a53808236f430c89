package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/devrun/devrun/envfile"
	"github.com/devrun/devrun/plan"
	"github.com/devrun/devrun/portcheck"
)

func (a *app) planCommand(o *options) *cobra.Command {
	var asJSON, reveal bool
	cmd := &cobra.Command{
		Use:   "plan [TYPE[=N]...]",
		Short: "Show what start would run",
		Long: `Shows every process that start would run with the same arguments: command,
folder, port and environment, and the line of the file it comes from. Ports are
shown as planned; only start tries whether they are free.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			pl, err := a.makePlan(cmd, o, args)
			if err != nil {
				return err
			}
			if !reveal {
				pl = pl.Masked(envfile.Mask)
			}
			if asJSON {
				return writeJSON(a.out, pl)
			}
			_, err = fmt.Fprint(a.out, pl)
			return err
		},
	}
	o.addChoiceFlags(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON for other programs")
	cmd.Flags().BoolVar(&reveal, "reveal", false, "show values that look secret")
	return cmd
}

// makePlan is what plan, and in its own way start, do: read, then decide.
func (a *app) makePlan(cmd *cobra.Command, o *options, args []string) (plan.Plan, error) {
	if err := a.enter(cmd, o); err != nil {
		return plan.Plan{}, err
	}
	p, err := a.load(o, true)
	if err != nil {
		return plan.Plan{}, err
	}
	in, err := p.input(a, o, args)
	if err != nil {
		return plan.Plan{}, err
	}
	in.Probe = privilegedOnly(cmd.Context())
	pl, err := plan.Make(in)
	if err != nil {
		return plan.Plan{}, err
	}
	pl.Warnings = append(p.warnings, pl.Warnings...)
	return pl, nil
}

// privilegedOnly takes every port for free that anybody may have: whether one is
// in use is for the moment of the start.
func privilegedOnly(ctx context.Context) *plan.Probe {
	try := func(port int) error {
		err := portcheck.Try(ctx, port)
		if _, ok := errors.AsType[*portcheck.PrivilegedError](err); ok {
			return err
		}
		return nil
	}
	return &plan.Probe{Try: try, Explain: try}
}

// writeJSON writes v indented, with < and & as they are.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
