package main

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const shortHelp = `devrun runs a project on this machine the way its platform runs it in production.

In a folder with a Procfile, or with your platform's file (amvera.yml, heroku.yml,
convox.yml, compose.yaml), or a package.json with a start script:

  devrun start          run all processes, joined into one log; Ctrl-C stops them
  devrun start web      run one of them (web=2: two of it)
  devrun run CMD...     run one command in the project's environment
  devrun check          look for mistakes in the project's files
  devrun plan           show what start would run
  devrun env --why      show the environment, and where each value comes from

No Procfile yet? It has one line a process, as in
  web: npm run dev

devrun help COMMAND says more about a command.
`

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "devrun",
		Short:         "Run a project the way its platform runs it in production",
		Long:          shortHelp,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		// A typing mistake or two.
		SuggestionsMinimumDistance: 2,
		Args: func(root *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(args[0], root.SuggestionsFor(args[0]))
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(a.out, shortHelp)
			return err
		},
	}
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetGlobalNormalizationFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if same, ok := flagAliases()[name]; ok {
			name = same
		}
		return pflag.NormalizedName(name)
	})
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return flagError(cmd, err)
	})
	o := &options{}
	o.addProjectFlags(root.PersistentFlags())
	root.AddCommand(
		a.startCommand(o), a.runCommand(o), a.planCommand(o), a.checkCommand(o), a.envCommand(o),
		a.versionCommand(),
	)
	root.AddCommand(a.extraCommands()...)
	root.CompletionOptions.DisableNoDescFlag = true
	return root
}

// flagError turns pflag's complaint into one that says what to use, where
// devrun knows the flag from another tool.
func flagError(cmd *cobra.Command, err error) error {
	if errors.Is(err, pflag.ErrHelp) {
		return err
	}
	hint := "devrun help " + cmd.Name() + " lists the flags"
	if cmd.Name() == "devrun" {
		hint = "the flags of a run come after start, as in devrun start -p 4000; devrun help lists the commands"
	}
	return usagef("%s; %s", strings.ReplaceAll(err.Error(), "\n", " "), hint)
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print devrun's version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.out, version())
			return err
		},
	}
}

// version comes from the build: a tag for a release, a commit for a build from
// a checkout.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devrun (unknown version)"
	}
	v := info.Main.Version
	if v == "" || v == "(devel)" {
		v = "development"
	}
	return "devrun " + v + " " + info.GoVersion
}
