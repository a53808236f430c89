package envfile

import (
	"fmt"
	"slices"
	"strings"
)

// maxNesting is how deep defaults can lie in defaults.
const maxNesting = 50

// expander replaces the variables of one value. It knows $NAME for upper-case
// names, as godotenv does, and ${NAME}, ${NAME:-word}, ${NAME:=word},
// ${NAME:+word} and ${NAME:?message} for every name, each also without the
// colon, which then asks only whether the name is set.
//
// A lower-case $name without braces is kept: it is more often a piece of a
// password than a variable.
type expander struct {
	builder *builder
	template
	// name is the variable whose value this is.
	name string
	line int
	// closing is, for the place of each $ of a ${, where its } is.
	closing map[int]int
	extends bool
	out     strings.Builder
}

func (e *expander) run() (string, error) {
	e.closing = map[int]int{}
	// Braces in a default pair up, so that ${A:-{"b":1}} means what it looks
	// like; where they do not, the first } closes, as in a shell.
	e.pair(false)
	e.pair(true)
	if err := e.expand(0, len(e.text), 0); err != nil {
		return "", err
	}
	return e.out.String(), nil
}

// pair finds the } of every ${ in one pass over the text; braces without a $
// count when plain is set.
func (e *expander) pair(plain bool) {
	var open []int
	for i := 0; i < len(e.text); i++ {
		switch {
		case e.text[i] == '}' && len(open) > 0:
			e.closing[open[len(open)-1]] = i
			open = open[:len(open)-1]
		case e.text[i] == '{' && i > 0 && e.active(i-1):
			open = append(open, i-1)
		case e.text[i] == '{' && plain && len(open) > 0:
			open = append(open, i)
		}
	}
}

func (e *expander) active(i int) bool {
	if e.text[i] != '$' {
		return false
	}
	_, found := slices.BinarySearch(e.dollars, i)
	return found
}

// expand writes text[from:to] with its variables replaced.
func (e *expander) expand(from, to, depth int) error {
	if depth > maxNesting {
		return e.fail("variables are nested too deeply")
	}
	for from < to {
		next, _ := slices.BinarySearch(e.dollars, from)
		if next == len(e.dollars) || e.dollars[next] >= to {
			break
		}
		at := e.dollars[next]
		if err := e.write(e.text[from:at]); err != nil {
			return err
		}
		var err error
		if from, err = e.dollar(at, to, depth); err != nil {
			return err
		}
	}
	if from >= to {
		return nil
	}
	return e.write(e.text[from:to])
}

// dollar writes what the $ at stands for and returns where the text goes on.
func (e *expander) dollar(at, to, depth int) (int, error) {
	rest := e.text[at+1 : to]
	switch {
	case strings.HasPrefix(rest, "{"):
		return e.braces(at, to, depth)
	case strings.HasPrefix(rest, "("):
		e.warn("$(...) is kept as it is: no command is run for a value")
		return e.literal(at)
	default:
		return e.word(at, rest)
	}
}

// literal keeps the $ at.
func (e *expander) literal(at int) (int, error) {
	return at + 1, e.write("$")
}

// word handles $NAME.
func (e *expander) word(at int, rest string) (int, error) {
	name := rest[:span(rest, isWord)]
	upper := name[:span(name, isUpper)]
	if upper == "" || !hasUpper(upper) || upper[0] <= '9' {
		return e.literal(at)
	}
	if name != upper {
		return e.mixed(at, name, upper)
	}
	after := at + 1 + len(name)
	value, known := e.lookup(name)
	if !known {
		e.unset(name)
		// godotenv takes the } with it. That is no reading of {"port": $PORT},
		// and there is no good one without a PORT.
		if strings.HasPrefix(rest[len(name):], "}") {
			return e.literal(at)
		}
	}
	return after, e.write(value)
}

// mixed handles $Name. godotenv reads $N and leaves "ame", which only makes
// sense where the file sets N.
func (e *expander) mixed(at int, name, upper string) (int, error) {
	if value, known := e.lookup(name); known {
		return at + 1 + len(name), e.write(value)
	}
	if _, inFile := e.builder.index[upper]; inFile {
		value, _ := e.lookup(upper)
		return at + 1 + len(upper), e.write(value)
	}
	return e.literal(at)
}

// braces handles ${...}.
func (e *expander) braces(at, to, depth int) (int, error) {
	inside := e.text[at+2 : to]
	name := inside[:span(inside, func(c byte) bool { return isWord(c) || c == '.' })]
	// $${name} is Compose's escape; godotenv keeps it, too, but for upper case.
	if at > 0 && e.text[at-1] == '$' && name != name[:span(name, isUpper)] {
		return e.literal(at)
	}
	end, closed := e.closing[at]
	if !closed || end >= to {
		return e.unclosed(at, name, inside[len(name):])
	}
	word := at + 2 + len(name)
	operator := operatorOf(e.text[word:end])
	if name == "" || (operator == "" && word < end) {
		return e.malformed(at)
	}
	value, known := e.lookup(name)
	if operator != "" {
		o := operation{name: name, operator: operator, value: value, known: known}
		return end + 1, e.operate(o, word+len(operator), end, depth)
	}
	if !known && (name[0] <= '9' || strings.Contains(name, ".")) {
		return e.malformed(at)
	}
	if !known {
		e.unset(name)
	}
	return end + 1, e.write(value)
}

// unclosed handles a ${ without its }. godotenv takes ${NAME for ${NAME}.
func (e *expander) unclosed(at int, name, rest string) (int, error) {
	if name == "" || name != name[:span(name, isUpper)] || name[0] <= '9' || operatorOf(rest) != "" {
		return e.malformed(at)
	}
	e.warn(fmt.Sprintf("${%s has no }", name))
	value, known := e.lookup(name)
	if !known {
		e.unset(name)
	}
	return at + 2 + len(name), e.write(value)
}

func (e *expander) malformed(at int) (int, error) {
	e.warn("${...} that names no variable is kept as it is; write '...' or \\$ if that is meant")
	return e.literal(at)
}

// operation is what a ${NAME:-word} asks for.
type operation struct {
	name     string
	operator string
	value    string
	known    bool
}

// operate writes the result of o, whose word is text[from:to].
func (e *expander) operate(o operation, from, to, depth int) error {
	set := o.known && (o.value != "" || len(o.operator) == 1)
	switch kind := o.operator[len(o.operator)-1]; {
	case kind == '+' && !set:
		return nil
	case kind == '+':
		return e.expand(from, to, depth+1)
	case set:
		return e.write(o.value)
	case kind != '?':
		return e.expand(from, to, depth+1)
	}
	before := e.out.Len()
	if err := e.expand(from, to, depth+1); err != nil {
		return err
	}
	problem := " is not set"
	if o.known {
		problem = " is empty"
	}
	message := strings.TrimSpace(e.out.String()[before:])
	if message != "" {
		message = ": " + message
	}
	return e.fail(o.name + problem + message)
}

// lookup finds a variable in what the file has set so far, then outside.
func (e *expander) lookup(name string) (string, bool) {
	i, inFile := e.builder.index[name]
	if name == e.name {
		e.extends = e.extends || !inFile || e.builder.file.Vars[i].Extends
	}
	if inFile {
		return e.builder.file.Vars[i].Value, true
	}
	return e.builder.outside(name)
}

func (e *expander) write(text string) error {
	if e.builder.size+e.out.Len()+len(text) > maxFile {
		return e.fail(fmt.Sprintf("the values are larger than %d MiB together", maxFile>>20))
	}
	e.out.WriteString(text)
	return nil
}

func (e *expander) unset(name string) {
	e.warn(fmt.Sprintf("$%s is not set; write '...' or \\$ if it is no variable", name))
}

func (e *expander) warn(message string) {
	e.builder.warn(e.line, e.name+": "+message)
}

func (e *expander) fail(message string) error {
	return e.builder.fail(e.line, e.name+": "+message)
}

// operatorOf returns the operator at the start of text, or "".
func operatorOf(text string) string {
	rest := strings.TrimPrefix(text, ":")
	if rest == "" || !strings.ContainsRune("-+?=", rune(rest[0])) {
		return ""
	}
	return text[:len(text)-len(rest)+1]
}

// span returns the length of the part of text, from its start, that has only
// bytes for which in is true.
func span(text string, in func(byte) bool) int {
	for i := range len(text) {
		if !in(text[i]) {
			return i
		}
	}
	return len(text)
}

func isUpper(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z'
}

func hasUpper(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r >= 'A' && r <= 'Z' })
}
