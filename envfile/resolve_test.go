package envfile

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// line writes resolved values as "A=1(shell) > 2(.env); B=...".
func line(resolved []Resolved) string {
	vars := make([]string, len(resolved))
	for i, r := range resolved {
		parts := []string{r.Name + "=" + r.Value.Value + "(" + r.Source.String() + ")"}
		for _, b := range r.Beaten {
			parts = append(parts, b.Value+"("+b.Source.String()+")")
		}
		vars[i] = strings.Join(parts, " > ")
	}
	return strings.Join(vars, "; ")
}

func TestResolve(t *testing.T) {
	t.Parallel()
	value := func(name, value string, source Source) Value { return Value{Name: name, Value: value, Source: source} }
	extends := Value{Name: "PATH", Value: "bin:/b", Source: DotEnv, Extends: true}
	for _, test := range []struct {
		name     string
		override bool
		values   []Value
		want     string
	}{
		{"nothing", false, nil, ""},
		{"sorted by name", false, []Value{value("B", "1", Shell), value("A", "1", Hint), value("C", "1", Devrun)}, "A=1(hint); B=1(shell); C=1(devrun)"},
		{
			"every source", false,
			[]Value{value("A", "4", Shell), value("A", "3", DotEnv), value("A", "7", Devrun), value("A", "1", Hint), value("A", "6", Literal), value("A", "5", EnvFile), value("A", "2", Default)},
			"A=7(devrun) > 6(manifest) > 5(env file) > 4(shell) > 3(.env) > 2(default) > 1(hint)",
		},
		{"an empty shell value is one", false, []Value{value("A", "3", DotEnv), value("A", "", Shell)}, "A=(shell) > 3(.env)"},
		{"the later of one source", false, []Value{value("A", "1", EnvFile), value("A", "2", EnvFile)}, "A=2(env file) > 1(env file)"},
		{"override", true, []Value{value("A", "3", DotEnv), value("A", "4", Shell), value("A", "5", EnvFile)}, "A=5(env file) > 3(.env) > 4(shell)"},
		{"a value that extends the shell's", false, []Value{extends, value("PATH", "/b", Shell)}, "PATH=bin:/b(.env) > /b(shell)"},
		{"but that is not the last of its source", false, []Value{extends, value("PATH", "x", DotEnv), value("PATH", "/b", Shell)}, "PATH=/b(shell) > x(.env) > bin:/b(.env)"},
		{"a file named by the user beats one that extends", false, []Value{value("PATH", "e", EnvFile), extends}, "PATH=e(env file) > bin:/b(.env)"},
	} {
		if got := line(Resolve(test.override, test.values)); got != test.want {
			t.Errorf("%s:\n got  %s\n want %s", test.name, got, test.want)
		}
	}
}

// To extend a result is to resolve all values at once, and leaves it as it was.
func TestExtendIsResolve(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // the same values every time
	layer := func(from int) []Value {
		values := make([]Value, random.IntN(12))
		for i := range values {
			values[i] = Value{
				Name: string(rune('A' + random.IntN(6))), Value: fmt.Sprint(from + i),
				Source: Source(1 + random.IntN(7)), Extends: random.IntN(3) == 0,
			}
		}
		return values
	}
	for range 2000 {
		a, b, c := layer(0), layer(100), layer(200)
		override := random.IntN(2) == 0
		base := Resolve(override, a, b)
		before := line(base)
		got, want := Extend(base, override, c), Resolve(override, a, b, c)
		if len(got) != 0 && !reflect.DeepEqual(line(got), line(want)) {
			t.Fatalf("%v then %v:\n got  %s\n want %s", before, c, line(got), line(want))
		}
		if line(base) != before {
			t.Fatalf("Extend changed its base to %s from %s", line(base), before)
		}
	}
}

// Values carries everything that Parse knows.
func TestFileValues(t *testing.T) {
	t.Parallel()
	f := File{Path: "p", Vars: []Var{{Name: "A", Value: "1", Line: 3, Extends: true}}}
	want := []Value{{Name: "A", Value: "1", Source: EnvFile, File: "p", Line: 3, Extends: true}}
	if got := f.Values(EnvFile); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

// 500 processes that share 1000 variables and have five of their own.
func BenchmarkExtend500x1000(b *testing.B) {
	shared := make([]Value, 1000)
	for i := range shared {
		shared[i] = Value{Name: fmt.Sprintf("NAME_%d", i*7919%1000), Value: "v", Source: Shell}
	}
	own := make([]Value, 5)
	for i := range own {
		own[i] = Value{Name: fmt.Sprintf("NAME_%d", i*200), Value: "own", Source: Literal}
	}
	for b.Loop() {
		base := Resolve(false, shared)
		for range 500 {
			Extend(base, false, own)
		}
	}
}
