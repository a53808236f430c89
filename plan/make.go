package plan

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/devrun/devrun/envfile"
	"github.com/devrun/devrun/manifest"
)

// releaseType is the process type that Heroku runs once, before a release; it
// never runs beside the others unless it is named.
const releaseType = "release"

// DefaultGrace is the time a process has between SIGTERM and SIGKILL.
const DefaultGrace = 10 * time.Second

// Input is what a plan is decided from. Only Root is required.
type Input struct {
	// Root is the absolute path of the project's folder.
	Root string
	App  manifest.App
	// Env are the values of the environment's files, and those of the shell
	// that compete with them.
	Env []envfile.Value
	// Shell is the environment that devrun was started with.
	Shell []string
	// Tools are the project's own folders of programs that exist; they stand
	// before the rest of PATH.
	Tools []string
	// Choices are the user's.
	Choices Choices
	// Probe tries the ports; nil leaves them untried.
	Probe *Probe
}

// Choices are what the command line (or an option file) says. The zero value
// runs one of each type.
type Choices struct {
	Types, Formation []Count
	// Port is the base port; 0 when the user chose none.
	Port   int
	NoPort bool
	// Grace is the time to stop in; 0 means DefaultGrace.
	Grace  time.Duration
	OnExit OnExit
	// Release runs the release process first.
	Release     bool
	TTY         bool
	EnvOverride bool
}

// Make decides what will run. The errors are *UnknownTypeError, *SourceError,
// one that wraps ErrNothing, or say which port cannot be had.
func Make(in Input) (Plan, error) {
	pl := Plan{Root: in.Root, Manifest: in.App.File}
	for _, p := range in.App.Problems {
		pl.Warnings = append(pl.Warnings, Warning{p.File, p.Line, p.Message})
	}
	env := newEnvironment(in)
	pl.Warnings = append(pl.Warnings, env.conflicts()...)

	release, err := in.expand(&pl)
	if err != nil {
		return Plan{}, err
	}
	if !in.Choices.NoPort {
		if err := in.ports(&pl, env); err != nil {
			return Plan{}, err
		}
	}
	env.announce(pl.Processes)
	for i := range pl.Processes {
		env.fill(&pl.Processes[i])
	}
	if release != nil {
		env.fill(release)
		pl.Release = release
	}
	return pl, nil
}

// expand makes the instances of every type, and release where it runs first.
func (in Input) expand(pl *Plan) (release *Process, err error) {
	types := make([]string, len(in.App.Processes))
	for i, p := range in.App.Processes {
		types[i] = p.Type
	}
	counts, err := instances(types, in.Choices.Types, in.Choices.Formation)
	if err != nil {
		return nil, err
	}
	for _, mp := range in.App.Processes {
		n := counts[mp.Type]
		if mp.Type == releaseType && in.Choices.Release {
			p := in.process(mp, 1)
			p.OnExit = OnExitStop
			release, n = &p, 0
		} else if n == 0 {
			pl.Omitted = append(pl.Omitted, mp.Type)
		}
		for i := range n {
			pl.Processes = append(pl.Processes, in.process(mp, i+1))
		}
	}
	if len(pl.Processes) == 0 && release == nil {
		return nil, fmt.Errorf("%w: %s", ErrNothing, in.whyNothing(types))
	}
	return release, nil
}

func (in Input) whyNothing(types []string) string {
	if len(types) == 1 && types[0] == releaseType {
		return "release is the only process, and it runs only when asked for (devrun start release)"
	}
	return "every process has the number 0; there is " + strings.Join(types, ", ")
}

func (in Input) process(mp manifest.Process, instance int) Process {
	p := Process{
		ID:        mp.Type + "." + strconv.Itoa(instance),
		Type:      mp.Type,
		Instance:  instance,
		Command:   mp.Command,
		Dir:       in.Root,
		Inherited: in.Shell,
		Runner:    Host,
		TTY:       in.Choices.TTY,
		Grace:     in.Choices.Grace,
		OnExit:    in.Choices.OnExit,
		Source:    Source{mp.File, mp.Line},
	}
	if p.Grace == 0 {
		p.Grace = DefaultGrace
	}
	if p.OnExit == "" {
		p.OnExit = OnExitStop
	}
	return p
}

func (in Input) ports(pl *Plan, env *environment) error {
	b, warning, err := decideBase(in.Choices.Port, env.port())
	if err != nil {
		return err
	}
	if warning != nil {
		pl.Warnings = append(pl.Warnings, *warning)
	}
	position := make(map[string]int, len(in.App.Processes))
	for _, p := range in.App.Processes {
		if p.Type != releaseType {
			position[p.Type] = len(position)
		}
	}
	// release has no position; started by name it comes after the others.
	position[releaseType] = len(position)
	if err := assignPorts(pl.Processes, position, b); err != nil {
		return err
	}
	if in.Probe != nil {
		warnings, err := probePorts(pl.Processes, b, *in.Probe)
		if err != nil {
			return err
		}
		pl.Warnings = append(pl.Warnings, warnings...)
	}
	for i, p := range pl.Processes {
		pl.Processes[i].Ports = []Port{{p.Port, p.Port, "tcp"}}
	}
	return nil
}
