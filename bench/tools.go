//go:build linux

package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// tool is a runner to compare. The functions give a command line for a folder
// with a Procfile in it, which names the processes p0, p1 and so on.
type tool struct {
	name string
	path string
	// version are the arguments with which it tells its version; none if it has no
	// such arguments.
	version []string
	start   func(p project) []string
	// run are the arguments for a one-off `true`; none if it has no such command.
	run []string
}

// project is a folder with a Procfile.
type project struct {
	dir      string
	commands []string
}

func (p project) procfile() string { return filepath.Join(p.dir, "Procfile") }

// known are the runners that the benchmark can drive, in the order of the
// tables. passThrough is this program's own path.
func known(devrun, passThrough string) []tool {
	fixed := func(args ...string) func(project) []string {
		return func(project) []string { return args }
	}
	return []tool{
		{
			name: "plain read+write", path: passThrough,
			start: func(p project) []string { return append([]string{"pass-through"}, p.commands...) },
		},
		{
			// In colour: it does more work than without, as it does on a terminal.
			name: "devrun", path: devrun, version: []string{"version"},
			start: fixed("start", "--color=always"), run: []string{"run", "true"},
		},
		{
			name: "concurrently", path: "concurrently", version: []string{"--version"},
			start: func(p project) []string { return append([]string{"--names", p.names()}, p.commands...) },
		},
		{
			name: "foreman", path: "foreman", version: []string{"version"},
			start: fixed("start"), run: []string{"run", "true"},
		},
		{
			name: "forego", path: "forego", version: []string{"version"},
			start: fixed("start"), run: []string{"run", "true"},
		},
		{
			name: "goreman", path: "goreman", version: []string{"version"},
			start: fixed("-rpc-server=false", "start"),
		},
		{
			name: "hivemind", path: "hivemind", version: []string{"--version"},
			start: fixed("Procfile"),
		},
		{
			name: "honcho", path: "honcho", version: []string{"version"},
			start: fixed("start"), run: []string{"run", "true"},
		},
		{
			name: "node-foreman", path: "nf", version: []string{"--version"},
			start: fixed("start"), run: []string{"run", "true"},
		},
		{
			name: "overmind", path: "overmind", version: []string{"--version"},
			start: fixed("start"), run: []string{"run", "true"},
		},
	}
}

func (p project) names() string {
	names := make([]string, len(p.commands))
	for i := range names {
		names[i] = fmt.Sprintf("p%d", i)
	}
	return strings.Join(names, ",")
}

// find keeps the tools that are there, with their whole paths, and of those the
// ones that only names; an empty only names all.
func find(tools []tool, only string) []tool {
	var found []tool
	for _, t := range tools {
		path, err := exec.LookPath(t.path)
		if err != nil || only != "" && !contains(only, t.name) {
			continue
		}
		t.path = path
		found = append(found, t)
	}
	return found
}

func contains(list, name string) bool {
	for entry := range strings.SplitSeq(list, ",") {
		if entry == name {
			return true
		}
	}
	return false
}
