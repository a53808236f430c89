package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestOptions(t *testing.T) {
	text := strings.Join([]string{
		"# as foreman reads it",
		"port: 3000",
		"procfile: Procfile.dev",
		"formation: web=2,worker=1",
		"env: '.env,.env.local'",
		"timeout: 0x10",
		"color: yes",
		"timestamp: off",
		"quoted: \"no\"",
		"concurrency: {web: 2, worker: 1}",
		"list: [a, b]",
		"--dashed: x",
		"anchored: &a y",
		"aliased: *a",
		"text: |",
		"  two",
		"  lines",
		"empty: ''",
	}, "\n")
	options, problems, err := parseOptions(".foreman", []byte(text))
	if err != nil || len(problems) > 0 {
		t.Fatalf("got error %v and problems %v, want none", err, problems)
	}
	var got []string
	for _, o := range options {
		got = append(got, fmt.Sprintf("%s:%d %s=%q", o.File, o.Line, o.Name, o.Value))
	}
	want := []string{
		`.foreman:2 port="3000"`,
		`.foreman:3 procfile="Procfile.dev"`,
		`.foreman:4 formation="web=2,worker=1"`,
		`.foreman:5 env=".env,.env.local"`,
		`.foreman:6 timeout="0x10"`,
		`.foreman:7 color="true"`,
		`.foreman:8 timestamp="false"`,
		`.foreman:9 quoted="no"`,
		`.foreman:10 concurrency="web=2,worker=1"`,
		`.foreman:11 list="a,b"`,
		`.foreman:12 dashed="x"`,
		`.foreman:13 anchored="y"`,
		`.foreman:14 aliased="y"`,
		`.foreman:15 text="two\nlines\n"`,
		`.foreman:18 empty=""`,
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
}

// Nothing set is no mistake.
func TestOptionsNone(t *testing.T) {
	for _, text := range []string{"", "\n", "# port: 3000\n", "---\n", "{}", "null", "\ufeff"} {
		if options, problems, err := parseOptions(".foreman", []byte(text)); len(options)+len(problems) > 0 || err != nil {
			t.Errorf("%q: got %v, %v, %v, want nothing", text, options, problems, err)
		}
	}
	if options, problems, err := ReadOptions(filepath.Join(t.TempDir(), ".foreman")); len(options)+len(problems) > 0 || err != nil {
		t.Errorf("no file: got %v, %v, %v, want nothing", options, problems, err)
	}
}

func TestOptionsMessages(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"port: 1\nenv:\n", ".foreman:2: option left out: `env` has no value"},
		{"a b: 1\n", ".foreman:1: option left out: `a b` is not the name of a flag"},
		{"? [a]\n: 1\n", ".foreman:1: option left out: its name is not a plain word"},
		{"a: &a {b: c}\n<<: *a\n", ".foreman:2: option left out: its name is not a plain word"},
		{"m: {a: [b]}", ".foreman:1: option left out: the value of `m` is nested too deep: write it as on the command line"},
		{"m: [[a]]", ".foreman:1: option left out: the value of `m` is nested too deep: write it as on the command line"},
		{"a: 1\n\na: 2\n", ".foreman:3: `a` is set twice, first on line 1: remove one of the two"},
		{"a: 1\nb: c: d\n", ".foreman:2: not valid YAML: mapping values are not allowed in this context"},
		{"a: *none\n", ".foreman: not valid YAML: unknown anchor 'none' referenced"},
		{"-p 3000\n", ".foreman:1: not an option file: write one `name: value` a line, such as `port: 3000`"},
		{"- port\n", ".foreman:1: not an option file: write one `name: value` a line, such as `port: 3000`"},
	} {
		_, problems, err := parseOptions(".foreman", []byte(c.text))
		got := fmt.Sprint(err)
		if err == nil && len(problems) == 1 {
			got = problems[0].String()
		}
		if got != c.want {
			t.Errorf("%q\ngot  %s\nwant %s", c.text, got, c.want)
		}
	}
}

func TestOptionsFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".foreman")
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	_, _, err := ReadOptions(path)
	wantError(t, err, path, "this is a folder")
}

func FuzzOptions(f *testing.F) {
	for _, seed := range []string{
		"port: 3000\nformation: web=2,worker=1\ntimestamp: no\n", "a: &x [1, 2]\nb: *x\n<<: *x\n", "{a: {b: c}}", "a: |\n  x\n? b\n", "a: 1\na: 2", "a: b: c", "--- \n...\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		options, problems, err := parseOptions("F", data)
		lines := lineCount(data)
		pointsInto(t, problems, err, lines)
		if err != nil {
			return
		}
		again := yaml.Node{Kind: yaml.MappingNode}
		for _, o := range options {
			if o.Line < 1 || o.Line > lines {
				t.Fatalf("%v is not on one of %d lines", o, lines)
			}
			again.Content = append(again.Content,
				&yaml.Node{Kind: yaml.ScalarNode, Value: o.Name, Style: yaml.DoubleQuotedStyle},
				&yaml.Node{Kind: yaml.ScalarNode, Value: o.Value, Style: yaml.DoubleQuotedStyle})
		}
		text, err := yaml.Marshal(&again)
		if err != nil {
			return // an invalid value, such as one that is not UTF-8
		}
		same, problems, err := parseOptions("F", text)
		if err != nil || len(problems) > 0 || len(same) != len(options) {
			t.Fatalf("%s\nread again: got %v, %v, %v, want %v", text, same, problems, err, options)
		}
		for i := range same {
			if same[i].Name != options[i].Name || same[i].Value != options[i].Value {
				t.Fatalf("read again: got %v, want %v", same[i], options[i])
			}
		}
	})
}
