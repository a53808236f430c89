package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/devrun/devrun/manifest"
)

// order decides what each process waits for, and how one knows that it is
// ready.
func (in Input) order(pl *Plan) error {
	if cycle := in.cycle(); cycle != nil {
		at := in.declared(cycle[0])
		return &SourceError{at.File, at.Line, "these wait for each other in a circle: " + strings.Join(cycle, " waits for ")}
	}
	running := make(map[string]bool)
	for _, p := range pl.Processes {
		running[p.Type] = true
	}
	awaited := make(map[string]bool)
	for i := range pl.Processes {
		p := &pl.Processes[i]
		for _, d := range in.declared(p.Type).Order.After {
			if !running[d.Type] {
				if !d.Optional && p.Instance == 1 {
					pl.Warnings = append(pl.Warnings, Warning{d.File, d.Line, fmt.Sprintf("%s does not wait for %s, which is not started", p.Type, d.Type)})
				}
				continue
			}
			p.After = append(p.After, Dependency{d.Type, Until(d.Until)})
			awaited[d.Type] = awaited[d.Type] || d.Until == manifest.UntilReady
		}
	}
	for i := range pl.Processes {
		p := &pl.Processes[i]
		p.Ready = readiness(in.declared(p.Type), *p, awaited[p.Type])
	}
	return nil
}

// readiness is what the file says, with this machine's port; else a server is
// ready when it accepts connections.
func readiness(mp manifest.Process, p Process, awaited bool) *Ready {
	r := mp.Order.Ready
	if r == nil {
		server := p.Type == "web" || len(mp.Ports) > 0 || awaited
		if !server || p.Port == 0 {
			return nil
		}
		return &Ready{Listen: true, Port: p.Port}
	}
	port := cmp.Or(r.Port, p.Port)
	if len(mp.Ports) > 0 && r.Port == mp.Ports[0].Container {
		port = p.Port
	}
	if (r.Path != "" || r.Listen) && port == 0 {
		return nil // --no-port: where it answers is its own business
	}
	return &Ready{
		Listen: r.Listen, Path: r.Path, Command: r.Command, Output: r.Output, Port: port,
		Interval: r.Interval, Timeout: r.Timeout, Grace: r.Grace, Retries: r.Retries,
	}
}

// cycle returns types that wait for each other, the first one also last; nil
// when there are none.
func (in Input) cycle() []string {
	done := make(map[string]bool)
	var visit func(typ string, path []string) []string
	visit = func(typ string, path []string) []string {
		if i := slices.Index(path, typ); i >= 0 {
			return append(path[i:], typ)
		}
		if done[typ] {
			return nil
		}
		for _, d := range in.declared(typ).Order.After {
			if found := visit(d.Type, append(path, typ)); found != nil {
				return found
			}
		}
		done[typ] = true
		return nil
	}
	for _, p := range in.App.Processes {
		if found := visit(p.Type, nil); found != nil {
			return found
		}
	}
	return nil
}
