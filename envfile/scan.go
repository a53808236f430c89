package envfile

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// statement is one NAME=value as written.
type statement struct {
	name string
	// line is where the name stands.
	line int
	// raw is the text between the quotes, or the unquoted text without its
	// comment and the white space around it.
	raw string
	// quote is the value's quote character, or 0.
	quote byte
	// export says that the word export stood before the name.
	export bool
	// bare says that there was neither = nor :, and so no value.
	bare bool
	// hidden says that the value is empty only because of a comment that may
	// have been meant as one, as in COLOUR= #fff.
	hidden bool
}

// scanner cuts a text into statements. It finds statements where godotenv
// v1.5.1 does, but takes a lone CR for a line end everywhere, not only after an
// unquoted value: godotenv loses what follows a comment in such a file.
type scanner struct {
	path string
	text string
	pos  int
	line int
	// doubt is why the next statement may be the rest of the last one's value;
	// it is said, for the line of that value, if what comes makes no sense.
	doubt     string
	doubtLine int
}

// mark is a place in the text to which a scanner can go back.
type mark struct{ pos, line int }

func newScanner(path, text string) *scanner {
	return &scanner{path: path, text: text, line: 1}
}

// more moves to the next statement and says whether there is one.
func (s *scanner) more() bool {
	for {
		rest := s.text[s.pos:]
		start := strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsSpace(r) })
		if start < 0 {
			return false
		}
		s.advance(start)
		if s.text[s.pos] != '#' {
			return true
		}
		s.advance(lineEnd(s.text[s.pos:]))
	}
}

func (s *scanner) mark() mark { return mark{s.pos, s.line} }

// skipLine goes to the end of the line in which m is.
func (s *scanner) skipLine(m mark) {
	s.pos, s.line, s.doubt = m.pos, m.line, ""
	s.advance(lineEnd(s.text[s.pos:]))
}

// next reads the statement to which more has moved. With an error the statement
// has its name if that much could be read.
func (s *scanner) next() (statement, error) {
	doubt := s.doubt
	s.doubt = ""
	st, err := s.head()
	if doubt != "" && (err != nil || st.bare && !st.export) {
		return st, s.fail(s.doubtLine, doubt)
	}
	if err == nil && !st.bare {
		err = s.value(&st)
	}
	return st, err
}

// head reads a name and the = or : after it.
func (s *scanner) head() (statement, error) {
	st := statement{line: s.line}
	line := s.text[s.pos : s.pos+lineEnd(s.text[s.pos:])]
	name := line
	if after, ok := strings.CutPrefix(line, "export"); ok {
		trimmed := strings.TrimLeftFunc(after, isSpace)
		if trimmed == "" || (trimmed[0] == '#' && len(trimmed) < len(after)) {
			return st, s.fail(st.line, "export without a name")
		}
		if len(trimmed) < len(after) && !strings.HasPrefix(trimmed, "=") && !strings.HasPrefix(trimmed, ":") {
			name, st.export = trimmed, true
		}
	}
	width, err := s.nameWidth(name)
	if err != nil {
		return statement{line: st.line}, err
	}
	st.name = name[:width]
	rest := strings.TrimLeftFunc(name[width:], isSpace)
	if rest == "" || rest[0] == '#' {
		st.bare = true
		s.advance(len(line))
		return st, nil
	}
	s.advance(len(line) - len(rest) + 1)
	return st, nil
}

// nameWidth returns the length of the name at the start of line, which has to be
// followed by =, :, a comment or nothing.
func (s *scanner) nameWidth(line string) (int, error) {
	width := 0
	for width < len(line) && isNameByte(line[width], width == 0) {
		width++
	}
	after := strings.TrimLeftFunc(line[width:], isSpace)
	spaced := len(after) < len(line)-width
	if after == "" || after[0] == '=' || after[0] == ':' || (after[0] == '#' && spaced) {
		return width, nil
	}
	if spaced {
		return 0, s.fail(s.line, "a name cannot contain a space; a line is NAME=value")
	}
	r, _ := utf8.DecodeRuneInString(after)
	return 0, s.fail(s.line, fmt.Sprintf("a name cannot contain %q; a line is NAME=value", r))
}

// value reads what stands after the = of st.
func (s *scanner) value(st *statement) error {
	rest := s.text[s.pos:]
	trimmed := strings.TrimLeftFunc(rest, isSpace)
	spaced := len(trimmed) < len(rest)
	s.advance(len(rest) - len(trimmed))
	if trimmed != "" && (trimmed[0] == '"' || trimmed[0] == '\'') {
		return s.quoted(st, trimmed)
	}
	line := trimmed[:lineEnd(trimmed)]
	s.advance(len(line))
	comment := commentStart(line, spaced)
	st.raw = strings.TrimRightFunc(line[:comment], isSpace)
	// A comment has a space after its sign more often than not.
	st.hidden = comment == 0 && len(line) > 1 && isWord(line[1])
	s.doubtLine = st.line
	switch {
	case strings.HasPrefix(st.raw, "`") && strings.Count(st.raw, "`") == 1:
		s.doubt = "a backtick does not quote a value of several lines; write '...' or \"...\""
	case strings.HasSuffix(st.raw, `\`):
		s.doubt = "a backslash at the end of a line does not continue a value; write it in quotes"
	}
	return nil
}

// quoted reads the quoted value at the start of rest.
func (s *scanner) quoted(st *statement, rest string) error {
	st.quote = rest[0]
	end := closingQuote(rest)
	if end < 0 {
		return s.fail(s.line, fmt.Sprintf("the quote %c that opens here does not close", st.quote))
	}
	st.raw = rest[1:end]
	s.advance(end + 1)
	after := rest[end+1:]
	after = after[:lineEnd(after)]
	trimmed := strings.TrimLeftFunc(after, isSpace)
	if trimmed == "" || trimmed[0] == '#' {
		s.advance(len(after))
		return nil
	}
	if len(trimmed) == len(after) {
		return s.fail(s.line, "text after the closing quote")
	}
	// As in a shell, another assignment may follow.
	s.doubt, s.doubtLine = "text after the closing quote", s.line
	return nil
}

func (s *scanner) advance(n int) {
	s.line += countLines(s.text[s.pos : s.pos+n])
	s.pos += n
}

func (s *scanner) fail(line int, message string) error {
	return &Error{File: s.path, Line: line, Message: message}
}

// closingQuote returns where the quote that opens text closes, or -1. Unlike
// godotenv v1.5.1 it sees that in "C:\\" the second backslash is itself escaped.
func closingQuote(text string) int {
	for i := 1; ; i++ {
		next := strings.IndexByte(text[i:], text[0])
		if next < 0 {
			return -1
		}
		i += next
		inside := text[1:i]
		if (len(inside)-len(strings.TrimRight(inside, `\`)))%2 == 0 {
			return i
		}
	}
}

// commentStart returns where in an unquoted value its comment starts, or the
// value's length. That is at the first # after white space, as everywhere but in
// godotenv v1.5.1, which takes the last. A # right after the = is data (a
// colour); what backticks enclose is not searched.
func commentStart(line string, spaced bool) int {
	from := 0
	if strings.HasPrefix(line, "`") {
		from = 1 + strings.IndexByte(line[1:], '`') + 1
	}
	for i := from; i < len(line); i++ {
		next := strings.IndexByte(line[i:], '#')
		if next < 0 {
			break
		}
		i += next
		before, _ := utf8.DecodeLastRuneInString(line[:i])
		if (i == 0 && spaced) || (i > 0 && isSpace(before)) {
			return i
		}
	}
	return len(line)
}

// lineEnd returns the length of the first line of text without its end.
func lineEnd(text string) int {
	if i := strings.IndexAny(text, "\n\r"); i >= 0 {
		return i
	}
	return len(text)
}

func countLines(text string) int {
	return strings.Count(text, "\n") + strings.Count(text, "\r")
}

// isSpace is godotenv's idea of white space within a line, less the CR.
func isSpace(r rune) bool {
	switch r {
	case '\t', '\v', '\f', ' ', 0x85, 0xA0:
		return true
	}
	return false
}

// isNameByte says whether a name can have c. The hyphen came after godotenv
// v1.5.1; it cannot be first. Letters beyond ASCII, of which v1.5.1 takes some
// by accident, are refused: no shell can use such a name.
func isNameByte(c byte, first bool) bool {
	return isWord(c) || c == '.' || (c == '-' && !first)
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}
