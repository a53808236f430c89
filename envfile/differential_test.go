package envfile

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/joho/godotenv"
)

// difference is a kind of text for which Parse may disagree with godotenv
// v1.5.1, and why.
type difference struct {
	why  string
	text *regexp.Regexp
}

func differences() []difference {
	return []difference{
		{"operators and names other than upper-case in braces", regexp.MustCompile(`\$\{[A-Z0-9_]*[^A-Z0-9_}]|\$\{[A-Z0-9_]*$|\$\{[0-9_]*\}`)},
		{"$1 and $_ are no variables", regexp.MustCompile(`\$[0-9_]`)},
		{"$Name is one word", regexp.MustCompile(`\$[A-Z0-9_]+[a-z]`)},
		{"the brace after $NAME stays", regexp.MustCompile(`\$[A-Z0-9_]+\}`)},
		{"$(NAME) stays", regexp.MustCompile(`\$\([{A-Z0-9_}]`)},
		{"a comment starts at the first # after a space", regexp.MustCompile(`[ \t\x{a0}]#.*[ \t\x{a0}]#|[=:][ \t\x{a0}]+#`)},
		{"a name alone in its line", regexp.MustCompile(`(?m)(^|["'])\s*(export[ \t]*)?[\w.-]+[ \t\x{a0}]*(#.*)?$`)},
		{"letters beyond ASCII in names", regexp.MustCompile(`(?m)(^|["'])[^=:\n]*[^\x00-\x7f]`)},
		{"escaped quotes at the end of quotes", regexp.MustCompile(`\\["']+["']`)},
		{"escaped backslashes before a quote", regexp.MustCompile(`\\\\["']`)},
		{"text after a closing quote", regexp.MustCompile(`["'][^\n "'#]`)},
		{"names with spaces", regexp.MustCompile(`(?m)(^|["'])\s*[\w.-]+[ \t\x{a0}]+[\w.-]+[ \t\x{a0}]*([=:.\w]|$)`)},
		{"JSON", regexp.MustCompile(`^\s*\{`)},
		{"names with hyphens", regexp.MustCompile(`-`)},
		{"export = is a name", regexp.MustCompile(`export[ \t]+[=:]`)},
	}
}

// Whatever godotenv reads, Parse reads likewise, but for the listed reasons.
func TestAgreesWithGodotenv(t *testing.T) {
	t.Parallel()
	pieces := []string{
		"{}", "A", "B", "FOO", "bar", "Foo_Bar", "1", "x", "_", ".", "-", "export ", "=", "=", "=", ":", " ", " ", "\t", "\n", "\n", "\n",
		"#", " # ", `"`, `"`, "'", "'", `\`, `\n`, `\"`, `\$`, "$", "$A", "${A}", "$FOO", "${FOO}", "{", "}", "(", ")", "é", "Р", "\u00a0",
		"\nA=1\n", "\nB=\"", "\"\n", "\nFOO='", "'\n", "\nbar=",
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same inputs every time
	reasons := differences()
	used := make([]int, len(reasons))
	plain := 0
	for range 20_000 {
		var text strings.Builder
		for range 1 + random.IntN(14) {
			text.WriteString(pieces[random.IntN(len(pieces))])
		}
		got, want := bothReadings(text.String())
		mayDiffer := false
		for i, r := range reasons {
			if r.text.MatchString(text.String()) {
				mayDiffer = true
				if got != want {
					used[i]++
				}
			}
		}
		if mayDiffer {
			continue
		}
		if got != want {
			t.Errorf("%q:\n got  %s\n want %s", text.String(), got, want)
		} else if got != "error" {
			plain++
		}
	}
	for i, n := range used {
		if n == 0 {
			t.Errorf("no input differs because %s", reasons[i].why)
		}
	}
	// Inputs that all are errors, or all may differ, would tell nothing.
	if plain < 1_000 {
		t.Errorf("only %d of 20000 inputs are read and have no reason to differ", plain)
	}
}

// bothReadings returns what Parse and godotenv make of text, as text.
func bothReadings(text string) (ours, theirs string) {
	ours, theirs = "error", "error"
	if file, err := Parse(".env", []byte(text), nil); err == nil {
		vars := map[string]string{}
		for _, v := range file.Vars {
			vars[v.Name] = v.Value
		}
		ours = show(vars)
	}
	if vars, err := godotenv.Unmarshal(text); err == nil {
		theirs = show(vars)
	}
	return ours, theirs
}

func show(vars map[string]string) string {
	return fmt.Sprintf("%q", maps.Collect(maps.All(vars)))
}
