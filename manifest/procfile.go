package manifest

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	blanks  = " \t\v\f" // what \s matches inside a line in foreman's grammar
	bom     = "\ufeff"
	example = "`web: npm start`"
	leftOut = "line left out: "
)

// ParseProcfile reads a Procfile; file is only for the messages. It follows
// foreman's grammar: a process is a line that matches
//
//	^([A-Za-z0-9_-]+):\s*(.+)$
//
// and nothing continues a line. Unlike foreman it accepts every kind of line end
// and a byte order mark, trims the command's end, and tells of each other line
// that is neither blank nor a # comment. The error, if any, is an *Error; the App
// then holds the Problems found so far.
func ParseProcfile(file string, data []byte) (App, error) {
	p := procfileParser{app: App{Kind: Procfile, File: file}}
	if name := utf16or32(data); name != "" {
		return p.app, &Error{File: file, Message: fmt.Sprintf("this file is in %s: save it as UTF-8, for example with `iconv -f %s -t UTF-8`", name, name)}
	}
	rest := string(bytes.TrimPrefix(data, []byte(bom)))
	for more := true; more; {
		p.line++
		var line string
		line, rest, more = cutLine(rest)
		if err := p.parse(line); err != nil {
			return p.app, err
		}
	}
	if len(p.app.Processes) == 0 {
		return p.app, p.nothing()
	}
	return p.app, nil
}

// procfileParser is at one line of a Procfile.
type procfileParser struct {
	app  App
	line int
	// before is what the last line was that was not blank or a comment; it
	// explains a line that is none of the grammar's.
	before context
	// comments says that there was a comment.
	comments bool
}

// context is what a line leaves behind for the next one.
type context struct {
	line      int
	name      string // the process it declared, even without a command
	noCommand bool
	continued bool // it ended in a backslash
}

func (p *procfileParser) parse(line string) error {
	if strings.IndexByte(line, 0) >= 0 {
		return p.fail("a NUL byte, which no command can hold: is this a text file?")
	}
	text := strings.TrimFunc(line, unicode.IsSpace)
	if text == "" {
		p.before.continued = false
		return nil
	}
	if text[0] == '#' {
		p.comments = true
		p.before.continued = false
		return nil
	}
	now := context{line: p.line, continued: endsInBackslash(text)}
	name, rest, ok := cutName(line)
	command := strings.Trim(rest, blanks)
	if !ok || command == "" {
		now.name, now.noCommand = name, ok
		p.problem(true, leftOut+mistake(line, p.before))
		if p.before.continued || line != text && !ok {
			// It was meant to go on with the line before, so for the next
			// one that still counts.
			now.line, now.name, now.noCommand = p.before.line, p.before.name, p.before.noCommand
		}
		p.before = now
		return nil
	}
	now.name = name
	p.before = now
	for _, other := range p.app.Processes {
		if other.Type == name {
			return p.fail("`%s` is declared twice, first on line %d: rename one of the two", clip(name), other.Line)
		}
	}
	p.app.Processes = append(p.app.Processes, Process{Type: name, Command: command, Source: Source{File: p.app.File, Line: p.line}})
	for _, warning := range oddities(command) {
		p.problem(false, warning)
	}
	return nil
}

func (p *procfileParser) problem(skipped bool, message string) {
	p.app.Problems = append(p.app.Problems, Problem{File: p.app.File, Line: p.line, Message: message, Skipped: skipped})
}

func (p *procfileParser) fail(format string, args ...any) error {
	return &Error{File: p.app.File, Line: p.line, Message: fmt.Sprintf(format, args...)}
}

// nothing is the error of a file that declares no process.
func (p *procfileParser) nothing() error {
	e := &Error{File: p.app.File}
	n := len(p.app.Problems)
	if n == 0 {
		what := "it is empty"
		if p.comments {
			what = "only comments"
		}
		e.Message = "no processes in this file, " + what + ": add a line such as " + example
		return e
	}
	first := p.app.Problems[0]
	e.Line = first.Line
	e.Message = "no processes in this file: " + strings.TrimPrefix(first.Message, leftOut)
	if n > 1 {
		e.Message = fmt.Sprintf("no processes in this file, %d lines are wrong; this one: %s", n, strings.TrimPrefix(first.Message, leftOut))
	}
	return e
}

// cutLine takes the first line off text: LF, CRLF and a lone CR end one.
func cutLine(text string) (line, rest string, more bool) {
	i := strings.IndexAny(text, "\r\n")
	if i < 0 {
		return text, "", false
	}
	end := i + 1
	if text[i] == '\r' && end < len(text) && text[end] == '\n' {
		end++
	}
	return text[:i], text[end:], true
}

// cutName splits a line at the colon that ends a process name at its start.
func cutName(line string) (name, rest string, ok bool) {
	i := 0
	for i < len(line) && isNameByte(line[i]) {
		i++
	}
	if i == 0 || i == len(line) || line[i] != ':' {
		return "", "", false
	}
	return line[:i], line[i+1:], true
}

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
}

// endsInBackslash says that a shell would go on with the next line.
func endsInBackslash(s string) bool {
	return (len(s)-len(strings.TrimRight(s, `\`)))%2 == 1
}

// utf16or32 names the encoding of a file as Windows' editors and PowerShell's >
// write it; "" for all that may be UTF-8. UTF-16 without a mark is told by the
// zero byte in its first two characters.
func utf16or32(data []byte) string {
	has := func(prefix string) bool { return bytes.HasPrefix(data, []byte(prefix)) }
	switch {
	case has("\xff\xfe\x00\x00"), has("\x00\x00\xfe\xff"):
		return "UTF-32"
	case has("\xff\xfe"), has("\xfe\xff"):
		return "UTF-16"
	case len(data) < 4:
		return ""
	case data[0] != 0 && data[1] == 0 && data[2] != 0 && data[3] == 0:
		return "UTF-16LE"
	case data[0] == 0 && data[1] != 0 && data[2] == 0 && data[3] != 0:
		return "UTF-16BE"
	}
	return ""
}

// clip makes a piece of the file fit for a message: short, on one line, and
// without anything that a terminal would obey.
func clip(s string) string {
	const most = 40
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > most {
			b.WriteString("…")
			break
		}
		if r != utf8.RuneError && unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, "<U+%04X>", r)
	}
	return b.String()
}
