package logs

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// What acts beyond the process's own line is taken out, and the text stays.
func TestTerminalControlIsNeutralised(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"clear", "a\x1b[2J\x1b[H\x1b[3Jb", "ab"},
		{"cursor", "a\x1b[10;20H\x1b[5A\x1b[3C\x1b[s\x1b[u\x1b7\x1b8b", "ab"},
		{"scroll", "a\x1bM\x1bD\x1b[2;5r\x1b[3S\x1b[Lb", "ab"},
		{"alternate screen", "\x1b[?1049ha\x1b[?1049l\x1b[?25l", "a"},
		{"mouse and paste", "\x1b[?1000h\x1b[?2004ha", "a"},
		{"reset", "a\x1bcb\x1b[!pc", "abc"},
		{"title", "\x1b]0;title\x07a\x1b]2;title\x1b\\b", "ab"},
		{"title in UTF-8", "\x1b]0;Москва Л\x07a", "a"},
		{"clipboard", "a\x1b]52;c;aGk=\x07b", "ab"},
		{"device control", "a\x1bP1$r0m\x1b\\b\x1b_x\x1b\\c\x1b^y\x1b\\d\x1bXz\x1b\\e", "abcde"},
		{"reports", "a\x1b[6n\x1b[c\x1b[>c\x1bZ\x05b", "ab"},
		{"character set", "a\x1b(0\x0eqqq\x0f\x1b(B\x1b%Gb", "aqqqb"},
		{"key modes", "\x1b=\x1b>a\x1b[>4;2m\x1b[?4m\x1b[=1u", "a"},
		{"repeat", "a\x1b[99999bb", "ab"},
		{"8-bit", "a\x9b2Jb\x9d0;t\x07c\x90q\x9cd", "a\x18b\x18c\x18d"},
		{"C1 in UTF-8", "a\u009b2Jb\u009d0;t\u009cc\u0085d", "abcd"},
		{"erase in line stays", "a\x1b[Kb\x1b[0Kc\x1b[2Kd", "a\x1b[Kb\x1b[0Kc\x1b[2Kd"},
		{"link stays", "\x1b]8;id=1;http://a\x1b\\a\x1b]8;;\x07b", "\x1b]8;id=1;http://a\x1b\\a\x1b]8;;\x07b"},
		{"title without end", "\x1b]0;title", "0;title"},
		{"title cut by another", "\x1b]0;title\x1b[2Jb", "0;titleb"},
		{"lone escape", "a\x1b", "a"},
		{"escape twice", "a\x1b\x1b[2Jb", "ab"},
		{"sequence without end", "a\x1b[12", "a12"},
		{"control within", "a\x1b[2\x00Jb", "a2\x00Jb"},
		{"two that would make one", "a\x1b\x1b[2J[2Jb", "a[2Jb"},
		{"two that would make a C1", "\xc2\x1b[2J\x9b2Jb", "\xc2\x18\x18b"},
		{"far too long", "\x1b]0;" + strings.Repeat("x", maxSequence) + "\x07b", "0;" + strings.Repeat("x", maxSequence) + "\x07b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mustEqual(t, "output", printed(t, Options{NoPrefix: true}, tt.in+"\n", "next\n"), tt.want+"\nnext\n")
		})
	}
}

// It makes no difference where a read ends.
func TestSequenceInTwoPieces(t *testing.T) {
	const in = "a\x1b[1;31mred\x1b[2Jb\x1b]0;Заголовок\x07c\x1b]8;;u\x1b\\l\x1b]8;;\x07\x1b(0d\x9b2Je\u009b2Jf\x9d0;t\x07привет\xc2\x1bM\x9b1\xff\r\x1b[Kg\x1b"
	for _, bare := range []bool{false, true} {
		whole := filter{bare: bare, label: []byte("L"), colorless: []byte("l")}
		want, _ := whole.append(nil, []byte(in), true)
		for i := range len(in) {
			f := filter{bare: bare, label: []byte("L"), colorless: []byte("l")}
			got, n := f.append(nil, []byte(in[:i]), false)
			got, _ = f.append(got, []byte(in[n:]), true)
			mustEqual(t, "split", string(got), string(want))
			mustEqual(t, "end", string(f.end(nil)), string(func() []byte { w := whole; return w.end(nil) }()))
		}
	}
}

// A program that opens sequences and never closes them costs no more than others.
func TestManyOpenSequencesAreNotQuadratic(t *testing.T) {
	for _, unit := range []string{"\x1b]", "\x1b[", "\x9d0", "\u009d", "\x1b]0;\xc2", "\x9b1", "\x1b ", "\x90"} {
		in := strings.Repeat(unit, maxLine/len(unit))
		began := time.Now()
		var f filter
		f.append(nil, []byte(in), true)
		// Linear takes milliseconds, quadratic an hour.
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%q: %v for 1 MB", unit, took)
		}
	}
}

func FuzzFilter(f *testing.F) {
	for _, in := range []string{
		"plain", "\x1b[31mred\x1b[0m", "a\x1b[2Jb", "\x1b]0;t\x07x", "\x1b]8;;u\x1b\\t\x1b]8;;\x1b\\", "\x9b2J", "\u009b2J",
		"\x1bP1$r\x1b\\", "\xc2\x1b[2J\x9b2J", "\x9b1\x1bcJ", "привет", "10%\r\x1b[K20%", "\x1b(0\x0e\x0f\x05", "\x1b", "\x9d0;\x9c",
	} {
		f.Add([]byte(in), uint(1), uint(3))
	}
	f.Fuzz(func(t *testing.T, in []byte, i, j uint) {
		var whole filter
		want, n := whole.append(nil, in, true)
		if n != len(in) {
			t.Fatalf("%q: %d bytes dealt with", in, n)
		}
		if left := forbidden(want); left != "" {
			t.Errorf("%q became %q, which has %s", in, want, left)
		}
		if isPlain(in) && !bytes.Equal(in, want) {
			t.Errorf("%q is called plain and became %q", in, want)
		}
		a := min(i, uint(len(in)))
		b := min(a+j, uint(len(in)))
		var split filter
		got, n := split.append(nil, in[:a], false)
		got, m := split.append(got, in[n:b], false)
		got, _ = split.append(got, in[n+m:], true)
		if !bytes.Equal(got, want) || split.on != whole.on {
			t.Errorf("%q split at %d and %d: got %q, want %q", in, a, b, got, want)
		}
		bare := filter{bare: true}
		if text, _ := bare.append(nil, in, true); bytes.IndexByte(text, esc) >= 0 || forbidden(text) != "" {
			t.Errorf("%q became %q without sequences", in, text)
		}
	})
}

// forbidden says what b has that must not reach a terminal. It knows nothing of
// how the filter works: it goes over b as a terminal would, one with 8-bit
// controls as well.
func forbidden(b []byte) string {
	rest := string(b)
	for rest != "" {
		switch {
		case strings.HasPrefix(rest, "\x1b]8;"):
			end := strings.IndexAny(rest[4:], "\x07\x1b\u009c\n")
			if end < 0 {
				return "an open link"
			}
			rest = rest[4+end:]
			if strings.HasPrefix(rest, "\x1b\\") {
				rest = rest[1:]
			}
			if rest[0] == esc || rest[0] == '\n' {
				return "a link without end"
			}
			rest = rest[1:]
		case strings.HasPrefix(rest, "\x1b["):
			n := 2 + len(rest[2:]) - len(strings.TrimLeft(rest[2:], "0123456789:;"))
			if n == len(rest) || rest[n] != 'm' && rest[n] != 'K' {
				return "a control sequence"
			}
			rest = rest[n+1:]
		case rest[0] == esc:
			return "an escape"
		case rest[0] == enq || rest[0] == so || rest[0] == si:
			return "a control"
		case rest[0] == 0xc2 && len(rest) > 1 && isC1(rest[1]):
			return "a C1 in UTF-8"
		case rest[0] == 0x9b:
			n := 1 + len(rest[1:]) - len(strings.TrimLeft(rest[1:], "0123456789:;<=>?"))
			if n < len(rest) && rest[n] >= '@' && rest[n] <= '~' && !continues(b, len(b)-len(rest)) {
				return "an 8-bit control sequence"
			}
			rest = rest[1:]
		default:
			rest = rest[1:]
		}
	}
	return ""
}

// continues reports whether the byte at i is within a character.
func continues(b []byte, i int) bool {
	for start := max(0, i-3); start < i; start++ {
		if r, size := utf8.DecodeRune(b[start:]); r != utf8.RuneError && size > i-start {
			return true
		}
	}
	return false
}
