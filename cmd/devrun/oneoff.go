package main

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/devrun/devrun/hostrun"
	"github.com/devrun/devrun/manifest"
	"github.com/devrun/devrun/plan"
)

func (a *app) runCommand(o *options) *cobra.Command {
	var typ string
	cmd := &cobra.Command{
		Use:     "run [--type TYPE] COMMAND [ARG...]",
		Aliases: []string{"local:run"},
		Short:   "Run one command in the project's environment",
		Long: `Runs a one-off command (a console, a migration, a test) with the environment
that the project's processes get, and ends with its status. The command has
devrun's own terminal, or pipes.

One argument that names a process type runs that type's command. One argument
with spaces goes to the shell; else the arguments go through unchanged. PORT is
set only with a type.`,
		Example: `  devrun run bin/rails console
  devrun run 'echo $DATABASE_URL | wc -c'
  devrun run --type worker env
  devrun run web`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && typ == "" {
				return usagef("run needs a command: devrun run COMMAND [ARG...]")
			}
			return nil
		},
		ValidArgsFunction: a.completeCommand(o),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runOneOff(cmd, o, typ, args)
		},
	}
	// What follows the command belongs to the command.
	cmd.Flags().SetInterspersed(false)
	cmd.Flags().StringVar(&typ, "type", "", "the process `type` whose environment the command gets")
	o.addPortFlags(cmd.Flags())
	return cmd
}

// oneOff is a command that has been decided.
type oneOff struct {
	typ  string   // the process type, or none
	argv []string // nil: the type's own command
}

func (a *app) runOneOff(cmd *cobra.Command, o *options, typ string, args []string) error {
	if len(o.project.docker.types) > 0 {
		return usagef("--docker is not part of this version of devrun; commands run natively")
	}
	if err := a.enter(cmd, o); err != nil {
		return err
	}
	p, err := a.load(o, typ != "")
	if err != nil {
		return err
	}
	in, err := p.input(a, o, nil)
	if err != nil {
		return err
	}
	path := pathOf(a.environ, in)
	one := decideOneOff(typ, args, p.types(), func(name string) bool { return lookPath(name, path) })
	c, warnings, err := one.command(cmd.Context(), in)
	if err != nil {
		return err
	}
	for _, w := range append(p.warnings, warnings...) {
		a.say("%s", w)
	}
	return a.foreground(c)
}

func (p *project) types() []string {
	types := make([]string, len(p.app.Processes))
	for i, proc := range p.app.Processes {
		types[i] = proc.Type
	}
	return types
}

// decideOneOff tells what the arguments of run mean; onPath says whether a
// word is a program.
func decideOneOff(typ string, args, types []string, onPath func(string) bool) oneOff {
	switch {
	case len(args) == 0:
		return oneOff{typ: typ}
	case typ == "" && len(args) == 1 && slices.Contains(types, args[0]):
		return oneOff{typ: args[0]}
	case typ == "" && len(args) > 1 && slices.Contains(types, args[0]) && !onPath(args[0]):
		// convox run SERVICE COMMAND
		typ, args = args[0], args[1:]
	}
	if len(args) == 1 && strings.ContainsAny(args[0], " \t\n") && !onPath(args[0]) {
		return oneOff{typ, shell(args[0])}
	}
	if slices.Contains(shellWords(), args[0]) && !onPath(args[0]) {
		// heroku local:run hands everything to a shell, so that
		// `run exit 1` and `run ulimit -n` work.
		return oneOff{typ, append(shell(`"$@"`), append([]string{"sh"}, args...)...)}
	}
	return oneOff{typ, args}
}

// shellWords are commands that only a shell has.
func shellWords() []string {
	return []string{"exit", "cd", "export", "set", "ulimit", "umask", "type", "command", "times", "trap", "wait", "eval", "."}
}

// command resolves the environment: the type's where there is one, else what
// all processes share.
func (one oneOff) command(ctx context.Context, in plan.Input) (hostrun.Command, []plan.Warning, error) {
	if one.typ == "" {
		p := plan.Process{Dir: in.Root, Inherited: in.Shell}
		for _, r := range plan.Shared(in) {
			p.Env = append(p.Env, plan.Var{Name: r.Name, Value: r.Value.Value})
		}
		return hostrun.Command{Args: one.argv, Dir: p.Dir, Env: p.Environ(), Grace: in.Choices.Grace}, nil, nil
	}
	in.Choices.Types = []plan.Count{{Type: one.typ, N: 1}}
	in.Choices.Release = false
	// The command's streams are the caller's, which devrun does not change.
	in.Choices.TTY = true
	if one.argv == nil {
		in.Probe = clearLeft(stateDir()).probe(ctx)
	}
	pl, err := plan.Make(in)
	if err != nil {
		return hostrun.Command{}, nil, err
	}
	p := pl.Processes[0]
	argv := one.argv
	if argv == nil {
		argv = shell(p.Command)
	}
	return hostrun.Command{Args: argv, Dir: p.Dir, Env: p.Environ(), Grace: p.Grace}, pl.Warnings, nil
}

// foreground runs the command and takes its status over.
func (a *app) foreground(c hostrun.Command) error {
	host, err := hostrun.New(hostrun.Options{})
	if err != nil {
		return err
	}
	defer host.Close()
	err = host.Run(context.Background(), c)
	var exit *hostrun.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	status := &statusError{code: exit.ExitCode()}
	if exit.Missing() {
		status.message = exit.Error()
	}
	return status
}

// pathOf is the PATH that the command will have.
func pathOf(environ []string, in plan.Input) string {
	for _, r := range plan.Shared(in) {
		if r.Name == "PATH" {
			return r.Value.Value
		}
	}
	path, _ := shellLookup(environ)("PATH")
	return path
}

// lookPath tells whether a program of this name is on path.
func lookPath(name, path string) bool {
	if strings.ContainsRune(name, filepath.Separator) {
		_, err := exec.LookPath(name)
		return err == nil
	}
	for _, dir := range filepath.SplitList(path) {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err == nil && dir != "" {
			return true
		}
	}
	return false
}

// completeTypes completes process types from the manifest.
func (a *app) completeTypes(o *options) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		if err := a.enter(cmd, o); err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		p := &project{}
		if err := p.readManifest(o.project.files, manifest.Lookup(shellLookup(a.environ)), false); err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return p.types(), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeCommand completes process types, then the words of a command as
// files.
func (a *app) completeCommand(o *options) cobra.CompletionFunc {
	types := a.completeTypes(o)
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		names, _ := types(cmd, args, word)
		return names, cobra.ShellCompDirectiveDefault
	}
}
