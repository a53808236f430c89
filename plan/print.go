package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
)

// String is the plan for people and for golden tests: every decision, in a
// fixed order.
func (pl Plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "root      %s\nmanifest  %s\n", pl.Root, pl.Manifest)
	if len(pl.Omitted) > 0 {
		fmt.Fprintf(&b, "omitted   %s\n", strings.Join(pl.Omitted, ", "))
	}
	if pl.Release != nil {
		pl.Release.print(&b, pl.Root, "first, once")
	}
	for _, p := range pl.Processes {
		p.print(&b, pl.Root, string(p.OnExit))
	}
	for _, w := range pl.Warnings {
		fmt.Fprintf(&b, "\nwarning: %s\n", w)
	}
	return b.String()
}

func (p Process) print(b *strings.Builder, root, onExit string) {
	fmt.Fprintf(b, "\n%s  (%s)\n", p.ID, p.Source)
	line := func(key, value string) { fmt.Fprintf(b, "  %-8s %s\n", key, value) }
	line("command", p.Command)
	line("dir", relative(root, p.Dir))
	if p.Port != 0 {
		line("port", fmt.Sprint(p.Port))
	}
	line("runner", string(p.Runner))
	line("grace", p.Grace.String())
	line("on exit", onExit)
	for i, v := range p.Env {
		key := ""
		if i == 0 {
			key = "env"
		}
		line(key, fmt.Sprintf("%s=%s", v.Name, oneLine(v.Value)))
	}
}

// oneLine keeps a value on its line of the listing.
func oneLine(value string) string {
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fmt.Sprintf("%q", value)
	}
	return value
}

func relative(root, path string) string {
	if rel, err := filepath.Rel(root, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// String is "Procfile:3".
func (s Source) String() string {
	if s.Line == 0 {
		return s.File
	}
	return fmt.Sprintf("%s:%d", s.File, s.Line)
}

// String is the warning on one line, with the place first.
func (w Warning) String() string {
	if w.File == "" {
		return w.Message
	}
	return Source{w.File, w.Line}.String() + ": " + w.Message
}

// MarshalJSON writes the form that other programs read: DESIGN.md section 2
// fixes its keys.
func (pl Plan) MarshalJSON() ([]byte, error) {
	type process struct {
		ID       string            `json:"id"`
		Type     string            `json:"type"`
		Instance int               `json:"instance"`
		Command  string            `json:"command"`
		Dir      string            `json:"dir"`
		Port     int               `json:"port"`
		Ports    []Port            `json:"ports"`
		Runner   Runner            `json:"runner"`
		Image    string            `json:"image"`
		Env      map[string]string `json:"env"`
		Source   Source            `json:"source"`
	}
	out := struct {
		Root      string    `json:"root"`
		Manifest  string    `json:"manifest"`
		Release   *process  `json:"release,omitempty"`
		Processes []process `json:"processes"`
		Warnings  []Warning `json:"warnings"`
	}{pl.Root, pl.Manifest, nil, []process{}, append([]Warning{}, pl.Warnings...)}
	convert := func(p Process) process {
		env := make(map[string]string, len(p.Env))
		for _, v := range p.Env {
			env[v.Name] = v.Value
		}
		return process{
			p.ID, p.Type, p.Instance, p.Command, p.Dir, p.Port, append([]Port{}, p.Ports...),
			p.Runner, p.Image, env, p.Source,
		}
	}
	if pl.Release != nil {
		r := convert(*pl.Release)
		out.Release = &r
	}
	for _, p := range pl.Processes {
		out.Processes = append(out.Processes, convert(p))
	}
	// An encoder, since Marshal would write the && of a command as \u0026\u0026.
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(out)
	return b.Bytes(), err
}

// Masked is a copy of the plan in which mask has replaced every value, for
// showing it.
func (pl Plan) Masked(mask func(name, value string) string) Plan {
	hide := func(p Process) Process {
		env := make([]Var, len(p.Env))
		for i, v := range p.Env {
			env[i] = Var{v.Name, mask(v.Name, v.Value)}
		}
		p.Env = env
		return p
	}
	procs := make([]Process, len(pl.Processes))
	for i, p := range pl.Processes {
		procs[i] = hide(p)
	}
	pl.Processes = procs
	if pl.Release != nil {
		r := hide(*pl.Release)
		pl.Release = &r
	}
	return pl
}
