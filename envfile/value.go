package envfile

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/joho/godotenv"
)

// template is a value whose quotes and escapes are done and whose variables are
// not.
type template struct {
	text string
	// dollars are the places in text of each $ that may stand for a variable.
	dollars []int
}

// What must pass through godotenv unseen is written as a NUL and one of these. A
// file with a NUL is refused, so the data cannot hold one.
const (
	hiddenExpand = 'E' // a $ that may stand for a variable
	hiddenDollar = 'D' // a $ that is only that
	hiddenQuote  = 'Q' // an escaped " in double quotes
	hiddenHash   = 'H'
	hiddenReturn = 'R' // a CR, which before a LF would vanish
	hiddenEnd    = 'Z' // the end of a quoted value
	hiddenByte   = 'B' // a byte that is not UTF-8, as a rune from byteBase on
)

// byteBase keeps hidden bytes clear of every rune that godotenv knows.
const byteBase = 0x100

// passwordHash matches hashes as crypt(3), PHC and the frameworks write them,
// up to the first byte that cannot belong to one. Most need a salt and a sum,
// because $1$NAME may be a price next to a variable.
//
//nolint:gochecknoglobals // a compiled regexp; only on first use, because devrun starts itself for every process
var passwordHash = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(
		`\$2[abxy]?\$[0-9]{2}\$[\w./]*(?:\$[\w./]+)*` +
			`|\$(?:[1-9]|g?y|sha1|md5|apr1|argon2(?:id?|d)|b?scrypt|bcrypt-sha256|pbkdf2(?:-sha[0-9]+)?|shiro1)\$[\w./+=,-]*(?:\$[\w./+=,-]+)+` +
			`|\$[PHS]\$[\w./]{31,}` +
			`|\b(?:pbkdf2_sha(?:1|256|512)|pbkdf2:sha[0-9]+(?::[0-9]+)?|scrypt(?::[0-9]+)*|argon2|bcrypt(?:_sha256\$)?|md5|sha(?:1|256|512))(?:\$[\w./+=,-]+){2,}`,
	)
})

// value has godotenv say what the value of st means, with every $ hidden from
// it.
func (st statement) value() (template, error) {
	if st.plain() {
		return template{text: st.raw}, nil
	}
	h := hider{text: st.raw, quoted: st.quote == '"', hashes: hashes(st.raw)}
	read, err := godotenv.Unmarshal("V=" + h.run())
	if err != nil {
		return template{}, fmt.Errorf("cannot make sense of the value of %s", st.name)
	}
	return reveal(read["V"]), nil
}

// plain says that the value means exactly what is written: nothing in it has a
// meaning for godotenv. Asking godotenv would cost ten times the rest of the
// reading.
func (st statement) plain() bool {
	switch st.quote {
	case '\'':
		return true
	case '"':
		return !strings.ContainsAny(st.raw, `$\`)
	default:
		return !strings.Contains(st.raw, "$")
	}
}

// hashes returns where in text password hashes are. Their $ are data.
func hashes(text string) [][]int {
	if strings.Count(text, "$") < 2 {
		return nil
	}
	return passwordHash().FindAllStringIndex(text, -1)
}

// hider writes a value, double-quoted or not quoted, so that godotenv reads it
// whole.
type hider struct {
	text   string
	quoted bool
	// hashes are the places of password hashes in text that are still ahead.
	hashes [][]int
	out    strings.Builder
}

func (h *hider) run() string {
	if h.quoted {
		h.out.WriteByte('"')
	}
	for i := 0; i < len(h.text); {
		slashes := len(h.text[i:]) - len(strings.TrimLeft(h.text[i:], `\`))
		if slashes == 0 {
			i += h.char(i)
			continue
		}
		i += slashes
		switch {
		case i < len(h.text) && h.text[i] == '$':
			h.escapedDollar(slashes)
			i++
		case i < len(h.text) && h.text[i] == '"' && h.quoted:
			h.slashes(slashes - 1)
			h.hide(hiddenQuote)
			i++
		default:
			h.slashes(slashes)
		}
	}
	if h.quoted {
		// godotenv trims every quote at the end, and takes a backslash there
		// for one that escapes the quote.
		h.hide(hiddenEnd)
		h.out.WriteByte('"')
	}
	return h.out.String()
}

// char writes the character at i and returns its length.
func (h *hider) char(i int) int {
	switch c := h.text[i]; {
	case c == '$' && h.inHash(i):
		h.hide(hiddenDollar)
	case c == '$':
		h.hide(hiddenExpand)
	case c == '#':
		h.hide(hiddenHash)
	case c == '\r':
		h.hide(hiddenReturn)
	case c < utf8.RuneSelf:
		h.out.WriteByte(c)
	default:
		r, size := utf8.DecodeRuneInString(h.text[i:])
		if r != utf8.RuneError || size > 1 {
			h.out.WriteString(h.text[i : i+size])
			return size
		}
		h.hide(hiddenByte)
		h.out.WriteRune(byteBase + rune(c))
	}
	return 1
}

// escapedDollar writes a $ after n backslashes. godotenv first undoes escapes in
// double quotes, sparing \$, and then looks whether a backslash is left before
// the $; so "\\$" is $ as well as "\$".
func (h *hider) escapedDollar(n int) {
	if h.quoted {
		n = (n + 1) / 2 * 2
		h.slashes(n - 2)
	} else {
		h.slashes(n - 1)
	}
	h.hide(hiddenDollar)
}

func (h *hider) slashes(n int) {
	for range n {
		h.out.WriteByte('\\')
	}
}

func (h *hider) hide(what byte) {
	h.out.WriteByte(0)
	h.out.WriteByte(what)
}

// inHash says whether i lies in a hash. Calls come with rising i.
func (h *hider) inHash(i int) bool {
	for len(h.hashes) > 0 && h.hashes[0][1] <= i {
		h.hashes = h.hashes[1:]
	}
	return len(h.hashes) > 0 && h.hashes[0][0] <= i
}

// reveal undoes what a hider did.
func reveal(read string) template {
	var t template
	var out strings.Builder
	out.Grow(len(read))
	for {
		before, rest, found := strings.Cut(read, "\x00")
		out.WriteString(before)
		if !found || rest == "" {
			t.text = out.String()
			return t
		}
		read = rest[1:]
		switch rest[0] {
		case hiddenExpand:
			t.dollars = append(t.dollars, out.Len())
			out.WriteByte('$')
		case hiddenDollar:
			out.WriteByte('$')
		case hiddenQuote:
			out.WriteByte('"')
		case hiddenHash:
			out.WriteByte('#')
		case hiddenReturn:
			out.WriteByte('\r')
		case hiddenByte:
			r, size := utf8.DecodeRuneInString(read)
			out.WriteByte(byte(r - byteBase))
			read = read[size:]
		}
	}
}
