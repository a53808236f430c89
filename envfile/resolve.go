package envfile

import (
	"cmp"
	"slices"
	"strings"
)

// Source is where a value comes from. A greater one beats a smaller one.
type Source int

// The sources. Their order is the precedence that users see.
const (
	// Hint is what devrun tells a process about its siblings.
	Hint Source = 1
	// Default is a default that a manifest or app.json declares.
	Default Source = 2
	// DotEnv is the .env file that nobody had to name.
	DotEnv Source = 3
	// Shell is the environment devrun was started with.
	Shell Source = 4
	// EnvFile is a file named with -e.
	EnvFile Source = 5
	// Literal is a value that the manifest gives to a process.
	Literal Source = 6
	// Devrun is what devrun sets itself, as PORT.
	Devrun Source = 7
)

// String returns the source in the words of `devrun env --why`.
func (s Source) String() string {
	switch s {
	case Hint:
		return "hint"
	case Default:
		return "default"
	case DotEnv:
		return ".env"
	case Shell:
		return "shell"
	case EnvFile:
		return "env file"
	case Literal:
		return "manifest"
	case Devrun:
		return "devrun"
	}
	return "unknown"
}

// Value is one value that a variable could have.
type Value struct {
	Name   string
	Value  string
	Source Source
	// File and Line are empty for what comes from no file.
	File string
	Line int
	// Extends is that of Var.
	Extends bool
}

// Resolved is the value that a variable has.
type Resolved struct {
	Value
	// Beaten are the values that lost, the strongest first.
	Beaten []Value
}

// Resolve decides which value each variable has and returns them sorted by name.
// The greater source wins, and within one source the later value. override is
// --env-override: DotEnv beats Shell. A DotEnv value that extends the shell's
// beats it in any case, for it has the shell's in it.
func Resolve(override bool, values ...[]Value) []Resolved {
	return Extend(nil, override, values...)
}

// Extend returns what Resolve would have returned had it been given these values
// after those that made base, with the same override. It costs little more than
// a copy of base, so that the layers which processes share are resolved once.
// base is not changed; the result shares memory with it that nobody may write
// to.
func Extend(base []Resolved, override bool, values ...[]Value) []Resolved {
	total := 0
	for _, layer := range values {
		total += len(layer)
	}
	added := make([]Value, 0, total)
	for _, layer := range values {
		added = append(added, layer...)
	}
	slices.SortStableFunc(added, func(a, b Value) int { return strings.Compare(a.Name, b.Name) })

	result := make([]Resolved, 0, len(base)+len(added))
	for len(added) > 0 {
		name := added[0].Name
		at, found := slices.BinarySearchFunc(base, name, func(r Resolved, name string) int { return strings.Compare(r.Name, name) })
		result = append(result, base[:at]...)
		base = base[at:]
		same := 1
		for same < len(added) && added[same].Name == name {
			same++
		}
		var old []Value
		if found {
			old = append([]Value{base[0].Value}, base[0].Beaten...)
			base = base[1:]
		}
		result = append(result, rank(override, old, added[:same]))
		added = added[same:]
	}
	return append(result, base...)
}

// rank orders the values of one variable: old ones, the strongest first, and
// added ones, the latest last.
func rank(override bool, old, added []Value) Resolved {
	if len(old) == 0 && len(added) == 1 {
		return Resolved{Value: added[0]}
	}
	all := make([]Value, 0, len(old)+len(added))
	for _, v := range slices.Backward(added) {
		all = append(all, v)
	}
	all = append(all, old...)
	// Within one source the later value comes first by now and stays there.
	// The latest .env value alone says where its source stands.
	raised := override
	if i := slices.IndexFunc(all, func(v Value) bool { return v.Source == DotEnv }); i >= 0 {
		raised = raised || all[i].Extends
	}
	strength := func(s Source) int {
		if s == DotEnv && raised {
			return 2*int(Shell) + 1
		}
		return 2 * int(s)
	}
	slices.SortStableFunc(all, func(a, b Value) int { return cmp.Compare(strength(b.Source), strength(a.Source)) })
	return Resolved{Value: all[0], Beaten: all[1:]}
}
