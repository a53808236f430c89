package plan

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"

	"github.com/devrun/devrun/envfile"
)

const (
	// defaultBase is foreman's. Heroku moved to 5006 because macOS holds 5000
	// for AirPlay (https://github.com/heroku/cli/pull/2618); devrun tries the
	// port instead and says who has it.
	defaultBase = 5000
	typeStep    = 100
	maxPort     = 65535
	privileged  = 1024
	// searchSpan is how far above a busy port the next free one is looked for.
	searchSpan = 2000
)

// base is the number from which all ports are counted.
type base struct {
	port int
	// from says who chose the number ("-p", "PORT in .env:3"); empty for the
	// default. A number that the user chose is never replaced silently.
	from string
	// source says whether the number is for this run.
	source baseSource
}

type baseSource int

const (
	// byProject is PORT in .env; the manifest's own number goes before it. So it
	// does before the default, which is nobody's choice.
	byProject baseSource = iota
	// byUser is a flag, the shell, or a file named with -e.
	byUser
)

// decideBase ranks the places that can name a base port (DESIGN.md section 3,
// "Ports"): the flag, a file named with -e, the shell, .env, the default.
// Resolve has already ranked the last three.
func decideBase(flag int, port *envfile.Resolved) (base, *Warning, error) {
	if flag != 0 {
		if flag < privileged || flag > maxPort {
			return base{}, nil, fmt.Errorf("cannot use port %d: choose one between %d and %d", flag, privileged, maxPort)
		}
		return base{flag, "-p", byUser}, nil, nil
	}
	if port == nil || port.Value.Value == "" {
		return base{port: defaultBase}, nil, nil
	}
	from := "PORT in " + place(port.Value)
	n, err := strconv.Atoi(port.Value.Value)
	if err != nil || n < 0 || n > maxPort {
		return base{}, nil, &SourceError{port.File, port.Line, fmt.Sprintf("cannot use %s: %q is not a port number (1 to %d)", from, port.Value.Value, maxPort)}
	}
	if n < privileged {
		w := &Warning{port.File, port.Line, fmt.Sprintf("%s is %d, which needs root on most machines; using %d (-p chooses another)", from, n, defaultBase)}
		return base{port: defaultBase}, w, nil
	}
	source := byUser
	if port.Source == envfile.DotEnv {
		source = byProject
	}
	return base{n, from, source}, nil, nil
}

// place says where a value comes from, for people.
func place(v envfile.Value) string {
	if v.Source == envfile.Shell {
		return "your shell"
	}
	if v.Line == 0 {
		return v.File
	}
	return fmt.Sprintf("%s:%d", v.File, v.Line)
}

// SourceError is a mistake in one of the project's files. File is empty when
// it is not in a file.
type SourceError struct {
	File    string
	Line    int
	Message string
}

func (e *SourceError) Error() string {
	switch {
	case e.File == "":
		return e.Message
	case e.Line == 0:
		return e.File + ": " + e.Message
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message)
}

// assignPorts gives every process its number: the type at position i of the
// manifest (release not counted) base+100*i, instance n adds n-1. So a subset
// keeps the numbers that the whole has.
func assignPorts(procs []Process, position map[string]int, b base) error {
	taken := make(map[int]bool, len(procs))
	for i := range procs {
		p := &procs[i]
		port := b.port + typeStep*position[p.Type] + p.Instance - 1
		for taken[port] { // more than a hundred instances of the type before
			port++
		}
		if port > maxPort {
			return fmt.Errorf("cannot give %s a port: %d+%d is more than %d; choose a lower base with -p, or --no-port",
				p.ID, b.port, port-b.port, maxPort)
		}
		taken[port] = true
		p.Port = port
	}
	return nil
}

// ownPorts gives a process the number that its file gives it, unless the user
// has chosen a base for this run. One that cannot be had (in use, or below 1024
// without the right to it) leaves the process with its number from the base.
func (in Input) ownPorts(pl *Plan, b base) {
	if b.source == byUser {
		return
	}
	for i := range pl.Processes {
		p := &pl.Processes[i]
		mp := in.declared(p.Type)
		// A platform's default that nobody wrote (Amvera's 80) is not asked for.
		if len(mp.Ports) == 0 || mp.Ports[0].Line == 0 {
			continue
		}
		own := cmp.Or(mp.Ports[0].Host, mp.Ports[0].Container)
		if own == 0 {
			continue
		}
		own += p.Instance - 1
		if in.Probe != nil {
			if err := in.Probe.Try(own); err != nil {
				pl.Warnings = append(pl.Warnings, Warning{mp.Ports[0].File, mp.Ports[0].Line, fmt.Sprintf(
					"%s gets port %d, not %d: %v", p.ID, p.Port, own, in.Probe.Explain(own))})
				continue
			}
		}
		p.Port = own
	}
}

// probePorts replaces ports that somebody else holds.
func probePorts(procs []Process, b base, probe Probe) ([]Warning, error) {
	planned := make(map[int]bool, len(procs))
	for _, p := range procs {
		planned[p.Port] = true
	}
	var warnings []Warning
	for i := range procs {
		p := &procs[i]
		if p.Port == 0 {
			continue
		}
		if probe.Try(p.Port) == nil {
			continue
		}
		busy := probe.Explain(p.Port)
		if busy == nil {
			continue // it has just been given up
		}
		if b.from != "" && p.Port == b.port {
			return nil, fmt.Errorf("cannot start %s on the port of %s: %w", p.ID, b.from, busy)
		}
		free := nextFree(p.Port, planned, probe.Try)
		if free == 0 {
			return nil, fmt.Errorf("cannot find a free port for %s above %d: %w", p.ID, p.Port, busy)
		}
		planned[free] = true
		warnings = append(warnings, Warning{Message: fmt.Sprintf("%s gets port %d: %v", p.ID, free, busy)})
		p.Port = free
	}
	return warnings, nil
}

func nextFree(port int, planned map[int]bool, try func(int) error) int {
	for n := port + 1; n <= min(port+searchSpan, maxPort); n++ {
		if !planned[n] && try(n) == nil {
			return n
		}
	}
	return 0
}

// Probe looks at the ports of this machine.
type Probe struct {
	// Try returns nil when a server could bind the port; it is quick.
	Try func(port int) error
	// Explain is as Try, and its error says who holds the port.
	Explain func(port int) error
}

// ErrNothing means that there is nothing to start: every type has zero
// instances.
var ErrNothing = errors.New("nothing to start")
