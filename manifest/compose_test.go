package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// unpack writes the files of an archive into a new folder and goes there. It
// returns the variables of its file `variables`.
func unpack(t *testing.T, archive string) func(string) (string, bool) {
	t.Helper()
	files, err := txtar.ParseFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	set := map[string]string{}
	for _, f := range files.Files {
		if f.Name == "variables" {
			for line := range strings.Lines(string(f.Data)) {
				name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
				set[name] = value
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(f.Name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f.Name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return func(name string) (string, bool) {
		value, ok := set[name]
		return value, ok
	}
}

// composeText is all of an App, to be read by a person.
func composeText(app App, err error) string {
	var b strings.Builder
	if err != nil {
		fmt.Fprintf(&b, "error: %v\n", err)
	}
	for _, p := range app.Problems {
		fmt.Fprintf(&b, "%s: %s\n", map[bool]string{true: "skipped", false: "warning"}[p.Skipped], p)
	}
	for _, p := range app.Processes {
		fmt.Fprintf(&b, "\n%s (%s) count %d\n", p.Type, place(p.File, p.Line), p.Count)
		fmt.Fprintf(&b, "  command %s\n", p.Command)
		fmt.Fprintf(&b, "  image %q entrypoint %q folder %q\n", p.Image.Ref, p.Image.Entrypoint, p.Image.WorkDir)
		if build := p.Image.Build; build != nil {
			fmt.Fprintf(&b, "  build %s %s target %q (%s)\n", build.Context, build.Dockerfile, build.Target, place(build.File, build.Line))
			for _, v := range build.Args {
				fmt.Fprintf(&b, "    %s %s=%q (%s)\n", v.Rule, v.Name, v.Value, place(v.File, v.Line))
			}
		}
		for _, v := range p.Env {
			fmt.Fprintf(&b, "  %s %s=%q (%s)\n", v.Rule, v.Name, v.Value, place(v.File, v.Line))
		}
		for _, v := range p.Ports {
			fmt.Fprintf(&b, "  port %d published %d %s %s %s (%s)\n", v.Container, v.Host, v.Address, v.Protocol, v.Scheme, place(v.File, v.Line))
		}
		for _, v := range p.Image.Volumes {
			fmt.Fprintf(&b, "  volume %q %q at %s read-only %t\n", v.Name, v.HostPath, v.Path, v.ReadOnly)
		}
		for _, d := range p.Order.After {
			fmt.Fprintf(&b, "  after %s %s optional %t (%s)\n", d.Type, d.Until, d.Optional, place(d.File, d.Line))
		}
		if ready := p.Order.Ready; ready != nil {
			fmt.Fprintf(&b, "  ready %s%s port %d every %s within %s after %s, %d times (%s)\n", ready.Command, ready.Path, ready.Port,
				ready.Interval, ready.Timeout, ready.Grace, ready.Retries, place(ready.File, ready.Line))
		}
		fmt.Fprintf(&b, "  stop %s after %s, restart %s\n", p.Stop.Signal, p.Stop.Grace, p.Stop.Restart)
	}
	return filepath.ToSlash(b.String())
}

// What compose files say, and what is wrong with them: each project of
// testdata/compose is read as the golden file beside it says.
func TestCompose(t *testing.T) {
	archives, err := filepath.Glob("testdata/compose/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no projects in testdata/compose", err)
	}
	for _, archive := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(archive), ".txtar"), func(t *testing.T) {
			golden, err := filepath.Abs(strings.TrimSuffix(archive, ".txtar") + ".golden")
			if err != nil {
				t.Fatal(err)
			}
			lookup := unpack(t, archive)
			home := t.TempDir()
			t.Setenv("HOME", home)
			got := strings.ReplaceAll(composeText(readCompose(composeFiles("."), lookup)), filepath.ToSlash(home), "HOME")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// The main file is the first of compose's names, and any override goes with it.
func TestComposeFiles(t *testing.T) {
	for _, test := range []struct{ there, want string }{
		{"", ""},
		{"compose.override.yml", ""},
		{"docker-compose.yaml", "docker-compose.yaml"},
		{"docker-compose.yaml docker-compose.yml compose.yml", "compose.yml"},
		{"compose.yml compose.yaml docker-compose.override.yml compose.override.yaml", "compose.yaml compose.override.yaml"},
	} {
		t.Chdir(t.TempDir())
		for name := range strings.FieldsSeq(test.there) {
			if err := os.WriteFile(name, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Join(composeFiles("."), " "); got != test.want {
			t.Errorf("with %q: got %q, want %q", test.there, got, test.want)
		}
	}
}

// Without a lookup, and for files that cannot be read, nothing breaks.
func TestComposeOdd(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(text string) {
		if err := os.WriteFile("compose.yaml", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := func(text string) string {
		write(text)
		return composeText(readCompose([]string{"compose.yaml"}, nil))
	}
	if got := read("services: {a: {image: 'x:${TAG}'}}"); !strings.Contains(got, `image "x:${TAG}"`) {
		t.Errorf("without a lookup: got %s", got)
	}
	for text, want := range map[string]string{
		"":                       "error: compose.yaml: this file is empty: " + composeExample,
		"- a":                    "error: compose.yaml:1: not a compose file, but a list: " + composeExample,
		"\xff\xfes\x00":          "error: compose.yaml: this file is in UTF-16: save it as UTF-8",
		"services: {a: 1, a: 2}": "error: compose.yaml:1: `a` is there twice, first on line 1: remove one of the two",
		"services: {a: x}":       "error: compose.yaml:1: no services are left in this file: `a` is no service, but a single value: left out\nskipped: compose.yaml:1: `a` is no service, but a single value: left out",
		"include: [none.yaml]":   "error: compose.yaml:1: cannot include `none.yaml`: no such file",
		"include: [.]":           "error: compose.yaml:1: cannot include `.`: this is a folder",

		"services: {a: {extends: {file: none.yaml, service: b}}}": "error: compose.yaml:1: cannot extend a service of `none.yaml`: no such file",
	} {
		if got := strings.TrimSpace(read(text)); got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", text, got, want)
		}
	}
	if _, err := readCompose(nil, nil); err == nil {
		t.Error("no file at all is no error")
	}
}

func FuzzCompose(f *testing.F) {
	for _, name := range []string{"django", "mistakes", "convox_gen1", "version1", "shapes", "broker"} {
		files, err := txtar.ParseFile("testdata/compose/" + name + ".txtar")
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files.Files {
			f.Add(file.Data)
		}
	}
	for _, seed := range []string{
		"services: {a: {image: '${A:-${B:?c}}$$'}, b: {extends: {file: F, service: a}}}", "include: [{path: [F]}]", "a: {build: , dockerfile: x}\nb: {command: !reset x}",
		"services:\n  a: !override {ports: !reset [1]}\n  b: &b {<<: *b}", "services: {a: {ports: [1-9:1-9/udp, {target: 1}], volumes: [C:\\x:/y, '~:/z', {type: tmpfs, target: /t}]}}",
		"services: {a: {environment: {x: }, deploy: {replicas: 1}, healthcheck: {test: [CMD]}}}\r\n", "services: {a: {env_file: [F, {path: F, format: raw}], depends_on: {a: , b: x}}}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		t.Chdir(t.TempDir())
		if err := os.WriteFile("F", data, 0o600); err != nil {
			t.Fatal(err)
		}
		app, err := readCompose([]string{"F"}, func(name string) (string, bool) { return "a\nb", strings.HasPrefix(name, "S") })
		placesInto(t, app, err, lineCount(data))
		if err == nil && len(app.Processes) == 0 {
			t.Fatal("got neither a process nor an error")
		}
		if strings.Contains(fmt.Sprint(err), "compose-go cannot read") {
			t.Fatal(err)
		}
		seen := []string{}
		for _, p := range app.Processes {
			if slices.Contains(seen, p.Type) {
				t.Fatalf("%s is there twice", p.Type)
			}
			seen = append(seen, p.Type)
		}
	})
}
