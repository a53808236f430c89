package envfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// quoted writes a value so that every reader of double quotes gets it back.
func quoted(name, value string) string {
	return name + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "\n", `\n`, "\r", `\r`).Replace(value) + "\"\n"
}

// Whatever a file holds: no panic, an error or a warning points into the file,
// no value has a NUL, and what was read can be written and read again.
func FuzzParse(f *testing.F) {
	seeds, err := filepath.Glob("testdata/*.env")
	if err != nil || len(seeds) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, path := range seeds {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, text := range []string{
		"", "\ufeffA=1", "A=\"\\", "A='\\''", "A=${B:-${C:-$D}}", "A=`\nb`", "{\"a\":{\"b\":[1,null]}}", "A= #c\rB=#c", "A=$2b$10$abc$D", "A=\xff$\xa0",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		lines := 1 + countLines(strings.ReplaceAll(string(data), "\r\n", "\n"))
		file, err := Parse("f", data, shell)
		if err != nil {
			problem, ok := errors.AsType[*Error](err)
			if !ok || problem.Line < 1 || problem.Line > lines {
				t.Fatalf("%v, in a file of %d lines", err, lines)
			}
			return
		}
		for _, w := range file.Warnings {
			if w.Line > lines || (w.Line < 1 && !strings.HasSuffix(w.Message, "more warnings")) {
				t.Fatalf("warning %v in a file of %d lines", w, lines)
			}
		}
		checkStable(t, file)
	})
}

// checkStable writes file, reads that and compares.
func checkStable(t *testing.T, file File) {
	t.Helper()
	var text strings.Builder
	for _, v := range file.Vars {
		if strings.Contains(v.Value, "\x00") {
			t.Fatalf("%s holds a NUL: %q", v.Name, v.Value)
		}
		text.WriteString(quoted(v.Name, v.Value))
	}
	if text.Len() > 1<<20 {
		return // A=$A$A, line after line; writing it would only be slow
	}
	again, err := Parse("f", []byte(text.String()), nil)
	if err != nil {
		t.Fatalf("%q: %v", text.String(), err)
	}
	if len(again.Vars) != len(file.Vars) {
		t.Fatalf("%q: %d variables, want %d", text.String(), len(again.Vars), len(file.Vars))
	}
	for i, v := range again.Vars {
		if v.Name != file.Vars[i].Name || v.Value != file.Vars[i].Value {
			t.Fatalf("%q: %+v, want %+v", text.String(), v, file.Vars[i])
		}
	}
}

// Masking never shows more than the value, and never shows a password.
func FuzzMask(f *testing.F) {
	f.Add("u", "p@ss:w/o?r#d", "h")
	f.Fuzz(func(t *testing.T, user, password, host string) {
		hidden := "postgres://" + user + ":" + masked + "@" + host + "/db"
		if strings.ContainsAny(user+password+host, " \t\n\v\f\r\"'<>") || len(password) < 8 || strings.Contains(hidden, password) {
			t.Skip("not one word, or not to be told from the rest")
		}
		if strings.ContainsAny(host, "@?#/&=:") || strings.ContainsAny(user, "@?#/&=:") {
			t.Skip("not a user or a host")
		}
		if strings.Contains(password, "@") && strings.Contains(password, "?") && strings.Contains(password, "=") {
			t.Skip("nobody can tell this from a query")
		}
		if shown := Mask("URL", "postgres://"+user+":"+password+"@"+host+"/db"); strings.Contains(shown, password) {
			t.Errorf("%q shows %q", shown, password)
		}
	})
}

func benchmarkParse(b *testing.B, text string) {
	b.Helper()
	data := []byte(text)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("f", data, shell); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	plain := strings.Repeat("# comment\nDATABASE_URL=postgres://u:p@localhost:5432/db # c\n\nNAME=\"a value\"\n", 250)
	rich := strings.Repeat("A=1\nB=\"line\\n$A and \\\"more\\\"\"\nC=${B:-${A}}\nD='x'\n", 250)
	b.Run("plain", func(b *testing.B) { benchmarkParse(b, plain) })
	b.Run("rich", func(b *testing.B) { benchmarkParse(b, rich) })
	b.Run("one value of 1 MB", func(b *testing.B) { benchmarkParse(b, `A="`+strings.Repeat(`x\n`, 1<<20/3)+`"`) })
}
