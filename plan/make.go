package plan

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
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
	// Docker and Native say where types run, against what the file implies.
	Docker, Native Types
}

// Types names process types; All among them is every one.
type Types []string

func (t Types) has(typ string) bool { return slices.Contains(t, typ) || slices.Contains(t, All) }

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
	if err := in.runners(&pl, release); err != nil {
		return Plan{}, err
	}
	if !in.Choices.NoPort {
		if err := in.ports(&pl, env); err != nil {
			return Plan{}, err
		}
	}
	if err := in.order(&pl); err != nil {
		return Plan{}, err
	}
	env.announce(pl.Processes)
	for i := range pl.Processes {
		env.fill(&pl.Processes[i], in.declared(pl.Processes[i].Type))
	}
	if release != nil {
		env.fill(release, in.declared(release.Type))
		pl.Release = release
	}
	if err := env.required(in, pl); err != nil {
		return Plan{}, err
	}
	pl.Warnings = append(pl.Warnings, env.wanted(in)...)
	return pl, nil
}

// declared is what the manifest says of one type.
func (in Input) declared(typ string) manifest.Process {
	for _, p := range in.App.Processes {
		if p.Type == typ {
			return p
		}
	}
	return manifest.Process{}
}

// expand makes the instances of every type, and release where it runs first.
func (in Input) expand(pl *Plan) (release *Process, err error) {
	types := make([]string, len(in.App.Processes))
	for i, p := range in.App.Processes {
		types[i] = p.Type
	}
	counts, err := in.counts(types)
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

// counts says how many of each type run: what the user says, else what the
// file wants.
func (in Input) counts(types []string) (map[string]int, error) {
	counts, err := instances(types, in.Choices.Types, in.Choices.Formation)
	if err != nil || len(in.Choices.Formation) > 0 {
		return counts, err
	}
	for _, mp := range in.App.Processes {
		named, _ := find(mp.Type, in.Choices.Types)
		byName := len(in.Choices.Types) > 0
		switch {
		case mp.Count == 0, counts[mp.Type] == 0, byName && named >= 0:
		case mp.Count > 0:
			counts[mp.Type] = mp.Count
		case !byName:
			counts[mp.Type] = 0
		}
	}
	return counts, nil
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
		Dir:       filepath.Join(in.Root, mp.Dir),
		Inherited: in.Shell,
		Runner:    Host,
		TTY:       in.Choices.TTY,
		Grace:     cmp.Or(in.Choices.Grace, mp.Stop.Grace, DefaultGrace),
		OnExit:    cmp.Or(in.Choices.OnExit, in.onExit(mp.Stop.Restart)),
		Source:    Source{mp.File, mp.Line},
	}
	if in.Choices.Docker.has(mp.Type) || in.App.Containers && !in.Choices.Native.has(mp.Type) {
		p.Runner, p.Image = Docker, mp.Image.Ref
	} else if mp.Native != "" {
		p.Command = mp.Native
	}
	return p
}

// onExit is what follows an end according to the file. Only compose files have
// a rule of their own; without one, the end of a service is no concern of the
// others (https://docs.docker.com/reference/compose-file/services/#restart).
func (in Input) onExit(restart string) OnExit {
	switch restart {
	case "always", "unless-stopped":
		return OnExitRestart
	case "on-failure":
		return OnExitRetry
	}
	if in.App.Kind == manifest.Compose {
		return OnExitIgnore
	}
	return OnExitStop
}

// runners refuses what cannot run on this machine: an image's own command is
// known only in the image.
func (in Input) runners(pl *Plan, release *Process) error {
	var without []string
	var first Source
	check := func(p Process) {
		if p.Runner != Host || p.Command != "" || p.Instance > 1 {
			return
		}
		if len(without) == 0 {
			first = p.Source
		}
		without = append(without, p.Type)
	}
	for _, p := range pl.Processes {
		check(p)
	}
	if release != nil {
		check(*release)
	}
	if len(without) == 0 {
		return nil
	}
	var rest []string
	for _, p := range pl.Processes {
		if p.Command != "" && p.Instance == 1 {
			rest = append(rest, p.Type)
		}
	}
	next := "give it a command"
	if len(rest) > 0 {
		next = "leave it out: devrun start --native " + strings.Join(rest, " ")
	}
	return &SourceError{first.File, first.Line, fmt.Sprintf(
		"cannot run %s natively: there is no command but that of the image; %s", strings.Join(without, ", "), next)}
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
	in.ownPorts(pl, b)
	if in.Probe != nil {
		warnings, err := probePorts(pl.Processes, b, *in.Probe)
		if err != nil {
			return err
		}
		pl.Warnings = append(pl.Warnings, warnings...)
	}
	for i, p := range pl.Processes {
		pl.Processes[i].Ports = []Port{{p.Port, containerPort(in.declared(p.Type), p), "tcp"}}
	}
	return nil
}

// containerPort is the number inside a container; natively there is one number.
func containerPort(mp manifest.Process, p Process) int {
	if p.Runner == Docker && len(mp.Ports) > 0 {
		return mp.Ports[0].Container
	}
	return p.Port
}
