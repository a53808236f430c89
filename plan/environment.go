package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/devrun/devrun/envfile"
	"github.com/devrun/devrun/manifest"
)

// environment makes the variables of each process from the layers that all
// processes share.
type environment struct {
	root      string
	override  bool
	inherited map[string]string
	shared    []envfile.Resolved
	// hints are by type; they are the lowest layer and never override.
	hints map[string][]Var
	// common is what every process gets, hints about itself included, sorted
	// by name: made once, since there may be hundreds of processes and
	// thousands of variables.
	common []Var
}

func newEnvironment(in Input) *environment {
	e := &environment{inherited: make(map[string]string, len(in.Shell))}
	for _, kv := range in.Shell {
		if name, value, ok := strings.Cut(kv, "="); ok {
			e.inherited[name] = value
		}
	}
	override := in.Choices.EnvOverride
	e.override = override
	e.root = in.Root
	e.shared = envfile.Resolve(override, in.Env, e.declare(in.App.Env))
	if len(in.Tools) > 0 {
		path := envfile.Value{Name: "PATH", Value: e.path(in.Tools), Source: envfile.Devrun}
		e.shared = envfile.Extend(e.shared, override, []envfile.Value{path})
	}
	return e
}

// path puts the project's tools before what PATH would be without them.
func (e *environment) path(tools []string) string {
	rest := e.inherited["PATH"]
	if r := e.lookup("PATH"); r != nil {
		rest = r.Value.Value
	}
	if rest != "" {
		tools = append(slices.Clone(tools), rest)
	}
	return strings.Join(tools, string(os.PathListSeparator))
}

func (e *environment) lookup(name string) *envfile.Resolved {
	i, ok := slices.BinarySearchFunc(e.shared, name, func(r envfile.Resolved, name string) int {
		return strings.Compare(r.Name, name)
	})
	if !ok {
		return nil
	}
	return &e.shared[i]
}

// port is the value of PORT that counts for the base. The shell's is asked
// for by name: it may be the only one.
func (e *environment) port() *envfile.Resolved {
	if r := e.lookup("PORT"); r != nil {
		return r
	}
	if value, ok := e.inherited["PORT"]; ok {
		return &envfile.Resolved{Value: envfile.Value{Name: "PORT", Value: value, Source: envfile.Shell}}
	}
	return nil
}

// conflicts says where the shell and .env disagree, since foreman and heroku
// local let the file win and devrun does not.
func (e *environment) conflicts() []Warning {
	var warnings []Warning
	for _, r := range e.shared {
		if r.Source != envfile.Shell {
			continue
		}
		for _, b := range r.Beaten {
			if b.Source != envfile.DotEnv || b.Value == r.Value.Value {
				continue
			}
			warnings = append(warnings, Warning{b.File, b.Line, fmt.Sprintf(
				"%s: using your shell's %s in place of %s from here; --env-override turns it round",
				r.Name, envfile.Mask(r.Name, r.Value.Value), envfile.Mask(r.Name, b.Value))})
		}
	}
	return warnings
}

// announce prepares what each process is told of these, its siblings.
func (e *environment) announce(procs []Process) {
	vars := make(map[string]string, len(e.shared)+2*len(procs))
	e.hints = make(map[string][]Var)
	for _, p := range procs {
		if p.Instance != 1 || p.Port == 0 {
			continue
		}
		name := strings.ToUpper(strings.ReplaceAll(p.Type, "-", "_"))
		port := strconv.Itoa(p.Port)
		for _, v := range []Var{{name + "_PORT", port}, {name + "_URL", "http://localhost:" + port}} {
			if _, set := e.inherited[v.Name]; !set {
				e.hints[p.Type] = append(e.hints[p.Type], v)
				vars[v.Name] = v.Value
			}
		}
	}
	for _, r := range e.shared {
		if r.Name != "" { // `=x`, which godotenv reads as a variable without a name
			vars[r.Name] = r.Value.Value
		}
	}
	e.common = make([]Var, 0, len(vars))
	for name, value := range vars {
		e.common = append(e.common, Var{name, value})
	}
	slices.SortFunc(e.common, byName)
}

// declare turns what a file declares into values of the layers, together with
// the shell's values of the same names, which compete with them.
func (e *environment) declare(vars []manifest.Variable) []envfile.Value {
	var values []envfile.Value
	for _, v := range vars {
		if value, set := e.inherited[v.Name]; set {
			values = append(values, envfile.Value{Name: v.Name, Value: value, Source: envfile.Shell})
		}
		declared := envfile.Value{Name: v.Name, Value: v.Value, Source: envfile.Default, File: v.File, Line: v.Line}
		switch v.Rule {
		case manifest.Literal:
			declared.Source = envfile.Literal
		case manifest.Secret:
			declared.Value = e.secret(v.Name)
		case manifest.Default:
		case manifest.Required, manifest.Wanted, manifest.Passed:
			continue
		}
		values = append(values, declared)
	}
	return values
}

// secret makes up the value of a variable that the platform would generate. It
// is the same at every start, so that sessions survive it, and no secret: it
// follows from the names of the folder and the variable.
func (e *environment) secret(name string) string {
	sum := sha256.Sum256([]byte("devrun\x00" + e.root + "\x00" + name))
	return hex.EncodeToString(sum[:])
}

// fill lays the process's own variables round the common ones.
func (e *environment) fill(p *Process, mp manifest.Process) {
	own := []Var{{"FOREMAN_WORKER_NAME", p.ID}, {"PS", p.ID}}
	if p.Port != 0 {
		own = append(own, Var{"PORT", strconv.Itoa(p.Port)})
	}
	// Through a pipe Python holds its output back until it ends.
	if _, set := e.inherited["PYTHONUNBUFFERED"]; !set && !p.TTY && e.lookup("PYTHONUNBUFFERED") == nil {
		own = append(own, Var{"PYTHONUNBUFFERED", "1"})
	}
	p.Env = make([]Var, len(e.common), len(e.common)+len(own))
	copy(p.Env, e.common)
	for _, v := range e.hints[p.Type] {
		if at, ok := slices.BinarySearchFunc(p.Env, v, byName); ok && e.lookup(v.Name) == nil {
			p.Env = slices.Delete(p.Env, at, at+1)
		}
	}
	if len(mp.Env) > 0 {
		e.lay(p, e.resolve(mp.Env))
	}
	e.lay(p, own)
}

// resolve decides the values of the variables that the file declares for one
// process.
func (e *environment) resolve(vars []manifest.Variable) []Var {
	names := make(map[string]bool, len(vars))
	for _, v := range vars {
		names[v.Name] = true
	}
	var own []Var
	for _, r := range envfile.Extend(e.shared, e.override, e.declare(vars)) {
		if names[r.Name] && r.Name != "" {
			own = append(own, Var{r.Name, r.Value.Value})
		}
	}
	return own
}

// lay puts variables over those that p has.
func (e *environment) lay(p *Process, vars []Var) {
	for _, v := range vars {
		at, ok := slices.BinarySearchFunc(p.Env, v, byName)
		if !ok {
			p.Env = slices.Insert(p.Env, at, v)
		}
		p.Env[at] = v
	}
}

// required is the error for variables that processes of the plan have to have
// and nobody sets.
func (e *environment) required(in Input, pl Plan) error {
	var missing []string
	var first manifest.Source
	for _, mp := range in.App.Processes {
		if slices.Contains(pl.Omitted, mp.Type) {
			continue
		}
		for _, v := range e.unset(mp.Env, manifest.Required) {
			if len(missing) == 0 {
				first = v.Source
			}
			if !slices.Contains(missing, v.Name) {
				missing = append(missing, v.Name)
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return &SourceError{first.File, first.Line, fmt.Sprintf(
		"%s: required, and nobody sets it; put it into .env", strings.Join(missing, ", "))}
}

// wanted warns of variables that the file would like to be set.
func (e *environment) wanted(in Input) []Warning {
	unset := e.unset(in.App.Env, manifest.Wanted)
	for _, mp := range in.App.Processes {
		unset = append(unset, e.unset(mp.Env, manifest.Wanted)...)
	}
	if len(unset) == 0 {
		return nil
	}
	var names []string
	for _, v := range unset {
		names = append(names, v.Name)
	}
	return []Warning{{unset[0].File, unset[0].Line, "nobody sets " + strings.Join(names, ", ") + "; put what is needed into .env"}}
}

// unset lists the variables with this rule that have no value.
func (e *environment) unset(vars []manifest.Variable, rule manifest.Rule) []manifest.Variable {
	var unset []manifest.Variable
	for _, v := range vars {
		if _, set := e.inherited[v.Name]; v.Rule == rule && !set && e.lookup(v.Name) == nil {
			unset = append(unset, v)
		}
	}
	return unset
}

func byName(a, b Var) int { return strings.Compare(a.Name, b.Name) }

// Environ is the whole environment of the process as "NAME=value": what it
// inherits, with Env over it.
func (p Process) Environ() []string {
	own := make(map[string]bool, len(p.Env))
	for _, v := range p.Env {
		own[v.Name] = true
	}
	environ := make([]string, 0, len(p.Inherited)+len(p.Env))
	for _, kv := range p.Inherited {
		if name, _, _ := strings.Cut(kv, "="); !own[name] {
			environ = append(environ, kv)
		}
	}
	for _, v := range p.Env {
		environ = append(environ, v.Name+"="+v.Value)
	}
	return environ
}

// Shared resolves the variables that do not belong to one process: what a
// one-off command without a type gets.
func Shared(in Input) []envfile.Resolved {
	return newEnvironment(in).shared
}
