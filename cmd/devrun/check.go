package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/devrun/devrun/check"
	"github.com/devrun/devrun/manifest"
	"github.com/devrun/devrun/plan"
)

func (a *app) checkCommand(o *options) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check [TYPE[=N]...]",
		Short: "Look for mistakes in the project's files",
		Long: `Reads the manifest and the env files and says every problem with its file and
line. What start would leave out with a warning is an error here. The exit
status is 1 when there is an error.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.enter(cmd, o); err != nil {
				return err
			}
			report, app, err := a.check(o, args)
			if err != nil {
				return err
			}
			if asJSON {
				err = writeJSON(a.out, report)
			} else {
				err = a.writeReport(report, app)
			}
			if err == nil && len(report.Errors) > 0 {
				err = &statusError{code: 1}
			}
			return err
		},
	}
	o.addChoiceFlags(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON for other programs")
	return cmd
}

// check reads on after an error, so that all are found at once.
func (a *app) check(o *options, args []string) (*check.Report, manifest.App, error) {
	report := check.New()
	p := &project{}
	var err error
	if p.root, err = getwd(); err != nil {
		return nil, p.app, err
	}
	envErr := p.readEnv(a.environ, o.project.envFiles)
	manifestErr := p.readManifest(o.project.files, p.lookup(a.environ, o.project.envOverride), true)
	if manifestErr != nil {
		report.Fail(manifestErr)
	}
	report.Manifest(p.app)
	if envErr != nil {
		report.Fail(envErr)
	}
	report.Warn(p.warnings)
	report.Files = append(report.Files, p.files...)
	if manifestErr != nil || envErr != nil {
		return report, p.app, nil //nolint:nilerr // they are in the report
	}
	in, err := p.input(a, o, args)
	if err != nil {
		return nil, p.app, err
	}
	in.App.Problems = nil // said already
	pl, err := plan.Make(in)
	if err != nil {
		report.Fail(err)
	}
	report.Warn(pl.Warnings)
	return report, p.app, nil
}

// writeReport puts the findings on stderr and the verdict, in foreman's words,
// on stdout.
func (a *app) writeReport(r *check.Report, app manifest.App) error {
	for _, e := range r.Errors {
		a.say("%s", e)
	}
	for _, w := range r.Warnings {
		a.say("warning: %s", w)
	}
	if len(r.Errors) > 0 {
		return nil
	}
	types := make([]string, len(app.Processes))
	for i, p := range app.Processes {
		types[i] = p.Type
	}
	kind := strings.ToLower(string(app.Kind))
	_, err := fmt.Fprintf(a.out, "valid %s detected (%s)\n", kind, strings.Join(types, ", "))
	return err
}
