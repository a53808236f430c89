package logs

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// Each line gets its label, and nothing else of the output changes.
func TestLinesAreLabelledAndOtherwiseUntouched(t *testing.T) {
	bare := Options{NoTimestamp: true}
	for _, tt := range []struct {
		name string
		opt  Options
		in   []string
		want string
	}{
		{"time and label", Options{}, []string{"listening\n"}, "12:00:00 web.1 | listening\n"},
		{"column", Options{Width: 8}, []string{"a\n"}, "12:00:00 web.1    | a\n"},
		{"colour", Options{Color: true, Width: 6}, []string{"a\n"}, "\x1b[36m12:00:00 web.1  | \x1b[0ma\n"},
		{"no time", bare, []string{"a\n"}, "web.1 | a\n"},
		{"no prefix", Options{NoPrefix: true, Color: true}, []string{"a\nb"}, "a\nb\n"},
		{"many lines in one piece", bare, []string{"a\nb\nc\n"}, "web.1 | a\nweb.1 | b\nweb.1 | c\n"},
		{"pieces that end anywhere", bare, []string{"a", "b\nc", "", "d", "\n", "e\n"}, "web.1 | ab\nweb.1 | cd\nweb.1 | e\n"},
		{"no final newline", bare, []string{"a\nlast words"}, "web.1 | a\nweb.1 | last words\n"},
		{"blank lines", bare, []string{"\n\na\n\n"}, "web.1 | \nweb.1 | \nweb.1 | a\nweb.1 | \n"},
		{"spaces", bare, []string{"  a\t \n"}, "web.1 |   a\t \n"},
		{"CRLF", bare, []string{"a\r\nb\r", "\n"}, "web.1 | a\r\nweb.1 | b\r\n"},
		{"progress", bare, []string{"10%\r20%\rdone\n"}, "web.1 | 10%\r20%\rdone\n"},
		{"NUL, backspace, bell", bare, []string{"a\x00b\bc\a\n"}, "web.1 | a\x00b\bc\a\n"},
		{"invalid UTF-8", bare, []string{"\xff\xfe a \xc3\n\x80\x9b\n"}, "web.1 | \xff\xfe a \xc3\nweb.1 | \x80\x9b\n"},
		{"old character set", bare, []string{"\x82\x9b\x98\x85 \x90\x85\x8b\x9c\x91 \x9b and\n"}, "web.1 | \x82\x9b\x98\x85 \x90\x85\x8b\x9c\x91 \x9b and\n"},
		{"UTF-8 in two pieces", bare, []string{"приве\xd1", "\x82\n"}, "web.1 | привет\n"},
		{"nothing", bare, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mustEqual(t, "output", printed(t, tt.opt, tt.in...), tt.want)
		})
	}
}

// What a line leaves on is switched off at its end; what it switched off itself
// needs nothing.
func TestColourEndsWithItsLine(t *testing.T) {
	for in, want := range map[string]string{
		"\x1b[31mred\nplain\n":            "\x1b[31mred\x1b[0m\nplain\n",
		"\x1b[31mred":                     "\x1b[31mred\x1b[0m\n",
		"\x1b[31mred\x1b[0m\n":            "\x1b[31mred\x1b[0m\n",
		"\x1b[31mred\x1b[m\n":             "\x1b[31mred\x1b[m\n",
		"\x1b[31mred\x1b[39m\n":           "\x1b[31mred\x1b[39m\n",
		"\x1b[1;31mred\x1b[39m\n":         "\x1b[1;31mred\x1b[39m\x1b[0m\n",
		"\x1b[1;31mred\x1b[39;22m\n":      "\x1b[1;31mred\x1b[39;22m\n",
		"\x1b[0;1mbold\n":                 "\x1b[0;1mbold\x1b[0m\n",
		"\x1b[1;0mnot bold\n":             "\x1b[1;0mnot bold\n",
		"\x1b[38;5;0mblack\n":             "\x1b[38;5;0mblack\x1b[0m\n",
		"\x1b[38;2;0;0;0mb\x1b[39m\n":     "\x1b[38;2;0;0;0mb\x1b[39m\n",
		"\x1b[4:3mcurly\x1b[4:0m\n":       "\x1b[4:3mcurly\x1b[4:0m\n",
		"\x1b[48:2::1:2:3mb\x1b[49m\n":    "\x1b[48:2::1:2:3mb\x1b[49m\n",
		"\x1b[7mcrlf\r\n":                 "\x1b[7mcrlf\r\x1b[0m\n",
		"\x1b[65536mx\n":                  "\x1b[65536mx\x1b[0m\n",
		"\x1b]8;;http://a\x07text\n":      "\x1b]8;;http://a\x07text\x1b]8;;\x1b\\\n",
		"\x1b]8;;u\x07t\x1b]8;;\x1b\\\nb": "\x1b]8;;u\x07t\x1b]8;;\x1b\\\nb\n",
		"a\n\x1b[0m":                      "a\n",
	} {
		mustEqual(t, fmt.Sprintf("%q", in), printed(t, Options{NoPrefix: true}, in), want)
	}
}

// On a terminal a label that the process would write over comes again; an erased
// line gets it back as well. Its colour does not undo the process's.
func TestLabelComesAgainAfterCarriageReturn(t *testing.T) {
	o := Options{NoTimestamp: true, Terminal: true, Color: true}
	const label = "\x1b[36mweb.1 | \x1b[0m"
	for in, want := range map[string]string{
		"10%\r20%\n":              "10%\r" + label + "20%\n",
		"10%\r\x1b[K20%\n":        "10%\r\x1b[K" + label + "20%\n",
		"10%\r\x1b[2K20%\r\r\n":   "10%\r\x1b[2K" + label + "20%\r\r\n",
		"a\r\nb\n":                "a\r\n" + label + "b\n",
		"\x1b[32m10%\r20%\x1b[0m": "\x1b[32m10%\rweb.1 | 20%\x1b[0m\n",
	} {
		mustEqual(t, fmt.Sprintf("%q", in), printed(t, o, in), label+want)
	}
}

// A JSON line is one object that any reader takes.
func TestJSON(t *testing.T) {
	var got []string
	text := printed(t, Options{JSON: true}, "a \"b\" \\ \x01\t\x7f\r\n", "\x1b[2J\x1b[31mprivet привет\xff\n\n", "last")
	for line := range strings.Lines(text) {
		var o struct {
			Time    time.Time
			Process string
			Line    *string
			Partial bool
		}
		dec := json.NewDecoder(strings.NewReader(line))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&o); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if !o.Time.Equal(noon()) || o.Process != "web.1" || o.Partial || o.Line == nil {
			t.Errorf("got %q", line)
			continue
		}
		got = append(got, *o.Line)
	}
	want := []string{"a \"b\" \\ \x01\t\x7f", "\x1b[31mprivet привет\ufffd", "", "last"}
	mustEqual(t, "lines", fmt.Sprintf("%q", got), fmt.Sprintf("%q", want))
	first, _, _ := strings.Cut(text, "\n")
	mustEqual(t, "first", first, `{"time":"2024-02-29T12:00:00.000005Z","process":"web.1","line":"a \"b\" \\ \u0001\t`+"\x7f"+`"}`)
}

// A type has one colour, and types get them in the order in which they come; the
// column fits the longest label known.
func TestStreamsAreKnownByColourAndColumn(t *testing.T) {
	var out syncBuffer
	m := New(Options{Out: &out, Err: io.Discard, Color: true, NoTimestamp: true})
	if first := m.Stream("web.1", "web"); first != m.Stream("web.1", "web") {
		t.Error("a restarted process got another stream")
	}
	for _, id := range []string{"web.2", "worker.1", "web.1"} {
		typ, _, _ := strings.Cut(id, ".")
		p := pieces{"a\n"}
		if _, err := m.Stream(id, typ).ReadFrom(&p); err != nil {
			t.Error(err)
		}
	}
	m.Flush()
	mustEqual(t, "output", out.String(), "\x1b[36mweb.2 | \x1b[0ma\n"+
		"\x1b[33mworker.1 | \x1b[0ma\n"+
		"\x1b[36mweb.1    | \x1b[0ma\n")
}

// 500 process types work as well as five.
func TestManyTypes(t *testing.T) {
	var out syncBuffer
	m := New(Options{Out: &out, Err: io.Discard, Color: true})
	for i := range 500 {
		id := fmt.Sprintf("t%d.1", i)
		p := pieces{"hello\n"}
		if _, err := m.Stream(id, id).ReadFrom(&p); err != nil {
			t.Error(err)
		}
	}
	m.Flush()
	if n := strings.Count(out.String(), "| \x1b[0mhello\n"); n != 500 {
		t.Errorf("got %d lines, want 500", n)
	}
}

// Tail is what a crash report shows: the last lines as they were to be read.
func TestTail(t *testing.T) {
	m := New(Options{Out: io.Discard, Err: io.Discard})
	s := m.Stream("web.1", "web")
	if got := s.Tail(5); got != nil {
		t.Errorf("before any output: got %q", got)
	}
	p := pieces{"one\n\x1b[31mtwo\x1b[0m\r\n", "10%\r100%\nfo", "ur"}
	if _, err := s.ReadFrom(&p); err != nil {
		t.Fatal(err)
	}
	mustEqual(t, "Tail(3)", fmt.Sprintf("%q", s.Tail(3)), `["two" "100%" "four"]`)
	if got := s.Tail(99); len(got) != 4 {
		t.Errorf("Tail(99): got %q", got)
	}
	p = pieces{strings.Repeat("0123456789abcde\n", 10000), "end\n"}
	if _, err := s.ReadFrom(&p); err != nil {
		t.Fatal(err)
	}
	got := s.Tail(10000)
	if n := len(got); n < 400 || n > 520 || got[n-1] != "end" || got[0] != "0123456789abcde" {
		t.Errorf("of much output: %d lines from %q to %q", n, got[0], got[n-1])
	}
	p = pieces{strings.Repeat("x", 3*ringSize), "\n"}
	if _, err := s.ReadFrom(&p); err != nil {
		t.Fatal(err)
	}
	if got := s.Tail(3); len(got) != 1 || len(got[0]) != ringSize-1 {
		t.Errorf("of a line larger than the memory: got %d lines", len(got))
	}
}
