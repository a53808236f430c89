package lines_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/devrun/devrun/bench/lines"
)

// A block has a thousand lines of the length promised, which go on where the
// block before ended.
func TestBlocksFollowEachOther(t *testing.T) {
	var text []byte
	block := lines.NewBlock(7)
	for first := range 12 {
		text = append(text, block.From(first*lines.PerBlock)...)
	}
	if got, want := len(text), 12*lines.PerBlock*lines.Length; got != want {
		t.Fatalf("12 blocks have %d bytes, want %d", got, want)
	}
	if got, want := string(text[:20]), "@07 000000000000 abc"; got != want {
		t.Errorf("the first line begins with %q, want %q", got, want)
	}
	if got, want := check(t, string(text)), (lines.Damage{Whole: 12 * lines.PerBlock}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// Check finds every kind of damage and takes no label for one.
func TestCheck(t *testing.T) {
	one := strings.SplitAfter(string(lines.NewBlock(1).From(0)), "\n")
	two := strings.SplitAfter(string(lines.NewBlock(2).From(0)), "\n")
	tests := map[string]struct {
		text string
		want lines.Damage
	}{
		"nothing":        {"", lines.Damage{}},
		"other lines":    {"started\n\nweb.1 | hello\n", lines.Damage{}},
		"mixed":          {one[0] + two[0] + one[1] + two[1], lines.Damage{Whole: 4}},
		"labelled":       {"12:00:00 web.1 | " + one[0] + "\x1b[32mweb.1\x1b[0m | " + one[1], lines.Damage{Whole: 2}},
		"colour after":   {strings.TrimSuffix(one[0], "\n") + "\x1b[0m\r\n" + one[1], lines.Damage{Whole: 2}},
		"no last end":    {one[0] + strings.TrimSuffix(one[1], "\n"), lines.Damage{Whole: 2}},
		"one lost":       {one[0] + one[2], lines.Damage{Whole: 2, OutOfOrder: 1}},
		"first lost":     {one[1] + one[2], lines.Damage{Whole: 2, OutOfOrder: 1}},
		"swapped":        {one[1] + one[0], lines.Damage{Whole: 2, OutOfOrder: 2}},
		"torn":           {one[0][:40] + "\n" + "web.1 | " + one[0][40:], lines.Damage{Torn: 1}},
		"two in one":     {strings.TrimSuffix(one[0], "\n") + two[0], lines.Damage{Torn: 1}},
		"a byte changed": {strings.Replace(one[0], "c", "C", 1), lines.Damage{Torn: 1}},
		"text after":     {strings.TrimSuffix(one[0], "\n") + " more\n", lines.Damage{Torn: 1}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := check(t, test.text); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func check(t *testing.T, text string) lines.Damage {
	t.Helper()
	damage, err := lines.Check(bytes.NewReader([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	return damage
}
