package manifest

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mistake says why a line that is neither blank nor a comment declares no
// process, and what to write. The checks go from the certain to the general.
func mistake(line string, before context) string {
	text := strings.TrimFunc(line, unicode.IsSpace)
	if before.continued {
		return fmt.Sprintf("a \\ does not continue line %d: put the command on one line, or into a script", before.line)
	}
	if name, _, ok := cutName(text); ok && line != text && strings.Trim(text[len(name)+1:], blanks) != "" {
		return fmt.Sprintf("white space before `%s:`: remove it", clip(name))
	}
	if name, _, ok := cutName(line); ok {
		return fmt.Sprintf("`%s:` has no command: write it on the same line", clip(name))
	}
	if why := decorated(text); why != "" {
		return why
	}
	if why := variable(text); why != "" {
		return why
	}
	if line != text && before.noCommand && before.name != "" {
		return fmt.Sprintf("the command of `%s` must be on line %d, after the colon", clip(before.name), before.line)
	}
	if line != text && before.line > 0 {
		return fmt.Sprintf("no process name; if it is the rest of line %d, put the command on one line, or into a script", before.line)
	}
	return misnamed(text)
}

// decorated finds a line that starts with what another format would have there.
func decorated(text string) string {
	for _, mark := range []string{"//", "/*", "-- ", ";", "<!--", "%"} {
		if strings.HasPrefix(text, mark) {
			return fmt.Sprintf("`%s` starts no comment in a Procfile: use #", strings.TrimSpace(mark))
		}
	}
	for _, mark := range []string{"<<<<<<<", "=======", ">>>>>>>"} {
		if strings.HasPrefix(text, mark) {
			return "a marker of a merge conflict: resolve the conflict"
		}
	}
	if strings.HasPrefix(text, "```") {
		return "a Markdown fence: remove it"
	}
	if text == "---" {
		return "the start of a YAML document, which a Procfile is not: remove it"
	}
	if item, ok := strings.CutPrefix(text, "- "); ok {
		if name, _, ok := cutName(strings.TrimLeft(item, blanks)); ok {
			return fmt.Sprintf("a list item: remove the `- ` before `%s:`", clip(name))
		}
	}
	if r, size := utf8.DecodeRuneInString(text); isInvisible(r) {
		if name, _, ok := cutName(strings.TrimLeftFunc(text[size:], isInvisible)); ok {
			return fmt.Sprintf("an invisible character (U+%04X) before `%s:`: remove it", r, clip(name))
		}
	}
	return ""
}

// variable finds NAME=value, which belongs into another file, and NAME= for
// NAME:.
func variable(text string) string {
	assignment, exported := strings.CutPrefix(text, "export ")
	name, value, ok := strings.Cut(strings.TrimLeft(assignment, blanks), "=")
	if !ok {
		return ""
	}
	bare := strings.TrimRight(name, blanks)
	if _, _, ok := cutName(bare + ":"); !ok {
		return ""
	}
	if exported || bare == strings.ToUpper(bare) {
		if quoted := strings.Trim(value, `"'`); len(quoted) < len(value) || !strings.ContainsAny(value, blanks) {
			return fmt.Sprintf("`%s` looks like a variable: put it into .env", clip(bare+"="))
		}
		return "no process name before the command: write for example `web: " + clip(text) + "`"
	}
	return fmt.Sprintf("`%s` needs a colon in place of the equals sign: write `%s:`", clip(name+"="), clip(bare))
}

// misnamed says what is wrong with the start of a line.
func misnamed(text string) string {
	name, rest, colon := strings.Cut(text, ":")
	if i := strings.IndexAny(text, "：∶꞉﹕"); i >= 0 {
		r, size := utf8.DecodeRuneInString(text[i:])
		if _, _, ok := cutName(text[:i] + ":"); ok {
			return fmt.Sprintf("`%c` (U+%04X) is not a colon: write `%s: %s`", r, r, clip(text[:i]), clip(strings.TrimSpace(text[i+size:])))
		}
	}
	if !colon {
		if _, _, ok := cutName(text + ":"); ok {
			return fmt.Sprintf("no colon and no command after `%s`: write for example `%s: npm start`", clip(text), clip(text))
		}
		return "no process name before the command: write for example `web: " + clip(text) + "`"
	}
	bare := strings.TrimFunc(name, func(r rune) bool { return unicode.IsSpace(r) || isInvisible(r) })
	if _, _, ok := cutName(bare + ":"); ok {
		return fmt.Sprintf("white space between `%s` and the colon: write `%s:`", clip(bare), clip(bare))
	}
	unquoted := strings.Trim(bare, "\"'`“”‘’")
	if _, _, ok := cutName(unquoted + ":"); ok {
		return fmt.Sprintf("quotes round `%s`: write `%s:`", clip(unquoted), clip(unquoted))
	}
	if bare == "" {
		return "no process name before the colon: write for example `web: " + clip(strings.TrimSpace(rest)) + "`"
	}
	// "my app: x" has a name with a space; "rake db:migrate" has none.
	if strings.ContainsFunc(bare, unicode.IsSpace) && rest == strings.TrimLeft(rest, blanks) {
		return "no process name before the command: write for example `web: " + clip(text) + "`"
	}
	return fmt.Sprintf("`%s` is not a process name: use only letters (a-z), digits, - and _%s", clip(bare), suggestion(bare))
}

// suggestion is a name close to one that the grammar refuses.
func suggestion(name string) string {
	near := strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && isNameByte(byte(r)) {
			return r
		}
		return '-'
	}, name)
	if near = strings.Trim(near, "-"); near == "" {
		return ""
	}
	return ", such as `" + clip(near) + "`"
}

// oddities finds what a shell would take otherwise than the author meant.
func oddities(command string) []string {
	var found []string
	if endsInBackslash(command) {
		found = append(found, "the command ends in \\, which does not continue it on the next line: put it on one line, or into a script")
	}
	switch command[0] {
	case '#':
		found = append(found, "the command is only a comment: nothing will run")
	case ':':
		if strings.HasPrefix(command, ": ") {
			found = append(found, "the command starts with a second colon, for the shell a command that does nothing: remove it")
		}
	}
	if !utf8.ValidString(command) {
		found = append(found, "the command is not valid UTF-8: save the file as UTF-8")
	}
	if odd := oddRune(command); odd != "" {
		found = append(found, odd)
	}
	return found
}

// oddRune looks for the first character that a word processor or a web page put
// in the place of a plain one. Inside ASCII quotes all but the invisible ones are
// text.
func oddRune(command string) string {
	var quote, last rune
	escaped := false
	for i, r := range command {
		if r < utf8.RuneSelf && r >= ' ' {
			quote, escaped = nextQuote(quote, r, escaped)
			last = r
			continue
		}
		escaped = false
		if why := oddity(r, last, command[i:], quote != 0); why != "" {
			return why
		}
		last = r
	}
	return ""
}

// nextQuote follows the shell's quotes over one plain character.
func nextQuote(quote, r rune, escaped bool) (next rune, escapes bool) {
	switch {
	case escaped:
		return quote, false
	case r == '\\' && quote != '\'':
		return quote, true
	case r == quote:
		return 0, false
	case quote == 0 && (r == '"' || r == '\''):
		return r, false
	}
	return quote, false
}

// oddity judges one character that is not plain ASCII; rest starts with it.
func oddity(r, last rune, rest string, quoted bool) string {
	switch {
	case isInvisible(r):
		return fmt.Sprintf("the command holds an invisible character (U+%04X): remove it", r)
	case r < ' ' && r != '\t' || r == 0x7f:
		return fmt.Sprintf("the command holds a control character (U+%04X): remove it, or put the command into a script", r)
	case quoted:
		return ""
	case unicode.IsSpace(r) && r != '\t':
		return fmt.Sprintf("the command holds a space that is no space for the shell (U+%04X, such as a non-breaking one): type it anew", r)
	case r == '“' || r == '”' || r == '‘' || r == '’' && !unicode.IsLetter(last):
		return fmt.Sprintf("the command holds a typographic quote (%c), for the shell an ordinary letter: use \" or '", r)
	case r == '–' || r == '—' || r == '−':
		next, _ := utf8.DecodeRuneInString(rest[utf8.RuneLen(r):])
		if last == ' ' && unicode.IsLetter(next) {
			return fmt.Sprintf("the command holds a long dash (%c) before an option: use - or --", r)
		}
	}
	return ""
}

// isInvisible says that nobody can see r in an editor, though it is there.
func isInvisible(r rune) bool {
	switch r {
	case '\u200b', '\u200e', '\u200f', '\u2060', '\ufeff', '\u00ad':
		return true
	}
	return false
}
