package manifest

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// procfileText writes what was read as a Procfile again.
func procfileText(app App) string {
	var b strings.Builder
	for _, p := range app.Processes {
		fmt.Fprintf(&b, "%s: %s\n", p.Type, p.Command)
	}
	return b.String()
}

// declared writes processes with their lines, for comparisons.
func declared(app App) string {
	var all []string
	for _, p := range app.Processes {
		all = append(all, fmt.Sprintf("%d %s: %s", p.Line, p.Type, p.Command))
	}
	return strings.Join(all, "\n")
}

// What foreman's grammar accepts is read without a word, on the right line, and
// with its command as it stands.
func TestProcfileGrammar(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"one", "web: rackup\n", "1 web: rackup"},
		{"several keep their order", "web: a\nworker: b\nclock: c\n", "1 web: a\n2 worker: b\n3 clock: c"},
		{"no final line end", "web: a\nworker: b", "1 web: a\n2 worker: b"},
		{"any name", "A-b_9: x\n-: y\n_: z\n0: n\n", "1 A-b_9: x\n2 -: y\n3 _: z\n4 0: n"},
		{"a name longer than Heroku's 63", strings.Repeat("n", 64) + ": x", "1 " + strings.Repeat("n", 64) + ": x"},
		{"names differ by case", "web: a\nWeb: b\n", "1 web: a\n2 Web: b"},
		{"no space after the colon", "web:rackup", "1 web: rackup"},
		{"a tab and more after the colon", "web:\t \v\f rackup", "1 web: rackup"},
		{"white space at the end", "web: rackup \t\v\f\n", "1 web: rackup"},
		{"colons in the command", "web: a :b c: http://d:1/", "1 web: a :b c: http://d:1/"},
		{"a type name in the command", "web: worker: x", "1 web: worker: x"},
		{"the shell's characters", `web: A=1 x "$PORT" '${Y:-2}' $(z) | t > /dev/null 2>&1 & wait; \n`, `1 web: A=1 x "$PORT" '${Y:-2}' $(z) | t > /dev/null 2>&1 & wait; \n`},
		{"a # in the command is the shell's", "web: x # y", "1 web: x # y"},
		{"other alphabets", "web: echo grüß 世界 🙂", "1 web: echo grüß 世界 🙂"},
		{"comments", "#one\nweb: a\n \t# two: b\n# three: c\n", "2 web: a"},
		{"blank lines", "\n \t\nweb: a\n\n\u00a0\nworker: b\n\n", "3 web: a\n6 worker: b"},
		{"CRLF", "web: a\r\n\r\nworker: b\r\n", "1 web: a\n3 worker: b"},
		{"CR", "web: a\r\rworker: b\r", "1 web: a\n3 worker: b"},
		{"mixed line ends", "web: a\n\rworker: b\r\n\nclock: c", "1 web: a\n3 worker: b\n5 clock: c"},
		{"a byte order mark", "\ufeffweb: a\nworker: b\n", "1 web: a\n2 worker: b"},
		{"release", "release: migrate\nweb: a", "1 release: migrate\n2 web: a"},
		{"only release", "release: migrate\n", "1 release: migrate"},
		{"an escaped backslash at the end", `web: x \\`, `1 web: x \\`},
		{"an escaped semicolon at the end", `web: nginx -g daemon\ off\;`, `1 web: nginx -g daemon\ off\;`},
		{"a comment ends in a backslash", "# \\\nweb: a", "2 web: a"},
		{"typographic characters as text", `web: echo "“quoted” – it’s" '—x'`, `1 web: echo "“quoted” – it’s" '—x'`},
		{"an apostrophe in a word", "web: echo it’s", "1 web: echo it’s"},
		{"a dash between words", "web: echo a – b", "1 web: echo a – b"},
		{"a shell's null command", "web: :; x", "1 web: :; x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			app, err := ParseProcfile("Procfile", []byte(c.text))
			if err != nil || len(app.Problems) > 0 {
				t.Fatalf("got error %v and problems %v, want none", err, app.Problems)
			}
			if got := declared(app); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// A line may be as long as the file may be.
func TestProcfileLongLine(t *testing.T) {
	command := strings.Repeat("x", 1<<20)
	app, err := ParseProcfile("Procfile", []byte("web: "+command+"\nb: y"))
	if err != nil || len(app.Processes) != 2 || app.Processes[0].Command != command {
		t.Errorf("got error %v and %d processes, want the two whole", err, len(app.Processes))
	}
}

// What a Procfile has wrong is told on its line, with what to do. The messages
// are in testdata/procfile.golden, to be read by a person; -update writes it.
func TestProcfileMessages(t *testing.T) {
	inputs := []string{
		// Nothing to run.
		"", "\n\n \t\n", "# web: x\n", "\ufeff",
		// Errors.
		"web: a\nworker: b\nweb: c\n", "web: a\x00b\n", "web: a\n# \x00\n", "\x7fELF\x02\x01\x00\x00",
		"\xff\xfew\x00e\x00b\x00", "\xfe\xff\x00w\x00e\x00b", "w\x00e\x00b\x00:\x00", "\x00w\x00e\x00b\x00:", "\xff\xfe\x00\x00w\x00\x00\x00",
		// Names.
		"web.1: x", "a/b: x", "web app: x", "вэб: x", "+: x", ": x", "@web: x", "web(1): x", "{\"web\": x}", "[web]: x",
		"\"web\": x", "'web' : x", "“web”: x", "web : x", "web\t: x", " web: x", "\tweb: x", "\u00a0web: x", "web\u00a0: x",
		"ok: y\n\ufeffweb: x", "\u200bweb: x",
		// Commands.
		"web:", "web: \t ", "web:\n  npm start\n", "web:\n  rake a:b\n", "web",
		"npm start", "node server.js --url=http://localhost:3000", "http://localhost:3000", "rake db:migrate",
		"web： npm start", "web﹕npm start",
		"web = npm start", "web= npm start", "web=x",
		"web: x \\\n  --flag \\\n  --more\nworker: y", "web: x \\\nworker: y", "web: x\n  --flag\n  y", "web: x \\\n\n  --flag",
		// Other languages.
		"// web: x", "; web: x", "-- web: x", "/* web: x */", "<!-- web: x -->", "- web: x", "---\nweb: x",
		"PORT=3000", "export PORT=3000", "export A=\"b c\"", "PORT=3000 npm start", "API_KEY='a b'",
		"<<<<<<< HEAD\nweb: x\n=======\nworker: y\n>>>>>>> main\n", "```\nweb: x\n```\n",
		// Taken, and odd.
		"web: # npm start", "web:: x", "web: x “y”", "web: x ‘y’", "web: x –host", "web: x —watch", "web: x −p 1", "web: x\u00a0y", "web: x\u200by", "web: 'x\u200by'",
		"web: x \x1b[31m", "web: caf\xe9", "web: x \\",
		// What a terminal would obey, and what is too long.
		"\x1b[2Jweb.1: x", "a \x1b]0;title\a", strings.Repeat("long ", 50),
		// Many.
		"a.1: x\nb.2: y\nc.3: z\n",
	}
	var b strings.Builder
	for _, input := range inputs {
		app, err := ParseProcfile("Procfile", []byte(input))
		fmt.Fprintf(&b, "%q\n", input)
		for _, p := range app.Processes {
			fmt.Fprintf(&b, "    runs     %s: %q\n", p.Type, p.Command)
		}
		for _, p := range app.Problems {
			kind := "warning "
			if p.Skipped {
				kind = "problem "
			}
			fmt.Fprintf(&b, "    %s %s\n", kind, p)
		}
		if err != nil {
			fmt.Fprintf(&b, "    error    %v\n", err)
		}
		b.WriteString("\n")
	}
	const golden = "testdata/procfile.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	got, wanted := strings.Split(b.String(), "\n\n"), strings.Split(string(want), "\n\n")
	if len(got) != len(wanted) {
		t.Fatalf("got %d blocks, want the %d of %s", len(got), len(wanted), golden)
	}
	for i := range got {
		if got[i] != wanted[i] {
			t.Errorf("got\n%s\nwant\n%s", got[i], wanted[i])
		}
	}
}

// An error is an *Error that says its line on its own, and what was wrong before
// it is still told.
func TestProcfileErrorKeepsProblems(t *testing.T) {
	app, err := ParseProcfile("some/Procfile.dev", []byte("web.1: x\nweb: y\nweb: z\n"))
	e, ok := errors.AsType[*Error](err)
	if !ok || e.File != "some/Procfile.dev" || e.Line != 3 {
		t.Errorf("got %#v, want an *Error for some/Procfile.dev:3", err)
	}
	if len(app.Problems) != 1 || app.Problems[0].Line != 1 || !app.Problems[0].Skipped {
		t.Errorf("got problems %v, want the one of line 1", app.Problems)
	}
}

func FuzzProcfile(f *testing.F) {
	for _, seed := range []string{
		"web: bundle exec puma -C config/puma.rb\nworker: bundle exec sidekiq\n",
		"release: ./migrate\r\nweb: node server.js\r\n",
		"\ufeff# comment\n\nweb:x\rb.1: y\n c: z\nd:\ne \\\n",
		"web: “x” —y \\\n  z\nA=1\n", "\xff\xfew\x00", "web: a\nweb: b", "web: \x00", "web： x",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		app, err := ParseProcfile("F", data)
		lines := lineCount(data)
		pointsInto(t, app.Problems, err, lines)
		if err != nil {
			return
		}
		if len(app.Processes) == 0 {
			t.Fatal("got neither a process nor an error")
		}
		again, err := ParseProcfile("F", []byte(procfileText(app)))
		if err != nil {
			t.Fatalf("cannot read again what was read: %v", err)
		}
		for i := range again.Processes {
			again.Processes[i].Source = app.Processes[i].Source
		}
		if !reflect.DeepEqual(again.Processes, app.Processes) {
			t.Fatalf("read again: got %v, want %v", again.Processes, app.Processes)
		}
		for _, p := range again.Problems {
			if p.Skipped {
				t.Fatalf("a line that was written is left out: %v", p)
			}
		}
	})
}

// lineCount counts lines that end in LF, CRLF or CR.
func lineCount(data []byte) int {
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	return 1 + strings.Count(text, "\n") + strings.Count(text, "\r")
}

// pointsInto fails unless every place is one of the file F, or F itself, and
// every message is fit for a terminal.
func pointsInto(t *testing.T, problems []Problem, err error, lines int) {
	t.Helper()
	all := slices.Clone(problems)
	if err != nil {
		e, ok := errors.AsType[*Error](err)
		if !ok {
			t.Fatalf("got %T, want an *Error", err)
		}
		all = append(all, Problem{File: e.File, Line: e.Line, Message: e.Message})
	}
	for _, p := range all {
		if p.File != "F" || p.Line < 0 || p.Line > lines || p.Message == "" {
			t.Fatalf("got %#v, want a place in F, which has %d lines", p, lines)
		}
		if i := strings.IndexFunc(p.Message, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
			t.Fatalf("%q holds a control character", p.Message)
		}
	}
}
