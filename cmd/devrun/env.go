package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/devrun/devrun/envfile"
	"github.com/devrun/devrun/plan"
)

func (a *app) envCommand(o *options) *cobra.Command {
	var asJSON, reveal, why bool
	cmd := &cobra.Command{
		Use:   "env [TYPE]",
		Short: "Show the resolved environment",
		Long: `Shows the variables that the project names or devrun sets, as devrun run gets
them; with a process type, as the first instance of that type gets them.
--why says where each value comes from, and which values it beat.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			vars, warnings, err := a.environment(cmd, o, args)
			if err != nil {
				return err
			}
			for _, w := range warnings {
				a.say("%s", w)
			}
			show := envfile.Mask
			if reveal {
				show = func(_, value string) string { return value }
			}
			if asJSON {
				return writeJSON(a.out, object(vars, show))
			}
			_, err = fmt.Fprint(a.out, listing(vars, show, why))
			return err
		},
	}
	o.addChoiceFlags(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "write one flat JSON object")
	cmd.Flags().BoolVar(&reveal, "reveal", false, "show values that look secret")
	cmd.Flags().BoolVar(&why, "why", false, "say where each value comes from")
	return cmd
}

func object(vars []envfile.Resolved, show func(name, value string) string) map[string]string {
	values := make(map[string]string, len(vars))
	for _, v := range vars {
		values[v.Name] = show(v.Name, v.Value.Value)
	}
	return values
}

func listing(vars []envfile.Resolved, show func(name, value string) string, why bool) string {
	var b strings.Builder
	for _, v := range vars {
		fmt.Fprintf(&b, "%s=%s\n", v.Name, show(v.Name, v.Value.Value))
		if why {
			writeWhy(&b, v, show)
		}
	}
	return b.String()
}

func writeWhy(b *strings.Builder, r envfile.Resolved, show func(name, value string) string) {
	fmt.Fprintf(b, "    from %s\n", origin(r.Value))
	for _, beaten := range r.Beaten {
		fmt.Fprintf(b, "    over %s (%s)\n", show(r.Name, beaten.Value), origin(beaten))
	}
}

// origin says in words where a value comes from.
func origin(v envfile.Value) string {
	switch {
	case v.Source == envfile.Shell:
		return "your shell"
	case v.Source == envfile.Devrun, v.Source == envfile.Hint:
		return "devrun"
	case v.Line == 0:
		return v.File
	}
	return fmt.Sprintf("%s:%d", v.File, v.Line)
}

// environment resolves what one process, or a command without one, gets.
func (a *app) environment(cmd *cobra.Command, o *options, args []string) ([]envfile.Resolved, []plan.Warning, error) {
	if err := a.enter(cmd, o); err != nil {
		return nil, nil, err
	}
	p, err := a.load(o, len(args) > 0)
	if err != nil {
		return nil, nil, err
	}
	in, err := p.input(a, o, args)
	if err != nil {
		return nil, nil, err
	}
	shared := plan.Shared(in)
	if len(args) == 0 {
		return shared, p.warnings, nil
	}
	pl, err := plan.Make(in)
	if err != nil {
		return nil, nil, err
	}
	return explain(pl.Processes[0].Env, shared), append(p.warnings, pl.Warnings...), nil
}

// explain finds out where the variables of a process come from.
func explain(vars []plan.Var, shared []envfile.Resolved) []envfile.Resolved {
	known := make(map[string]envfile.Resolved, len(shared))
	for _, r := range shared {
		known[r.Name] = r
	}
	out := make([]envfile.Resolved, len(vars))
	for i, v := range vars {
		r, ok := known[v.Name]
		if ok && r.Value.Value != v.Value {
			r.Beaten = append([]envfile.Value{r.Value}, r.Beaten...)
		}
		if !ok || r.Value.Value != v.Value {
			r.Value = envfile.Value{Name: v.Name, Value: v.Value, Source: envfile.Devrun}
		}
		out[i] = r
	}
	return out
}
