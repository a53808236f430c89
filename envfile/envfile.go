// Package envfile reads .env files and layers them, remembering where every
// value came from.
//
// The reader of record is github.com/joho/godotenv v1.5.1. What it returns for
// a file, Parse returns, except where godotenv's answer is a torn fragment
// (${NAME:-default}, $1, password hashes), where it has no line number to give,
// and where it damages bytes. The division of work: scan.go cuts a file into
// statements, value.go has godotenv say what each written value means, with
// every $ hidden from it, and expand.go replaces the variables.
//
// Nothing here is ever executed or expanded by a shell: a value is data.
package envfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

const (
	// maxFile is the largest file that is read, and the largest that all its
	// values together can be: a few lines of A=$A$A can ask for any amount of
	// memory. The kernel takes a few megabytes of environment at most.
	maxFile = 4 << 20
	// maxWarnings is how many warnings a file can have before the rest is only
	// counted.
	maxWarnings = 100
)

// Lookup finds a variable that the file does not define, usually in the shell
// that devrun was started from. A nil Lookup finds nothing.
type Lookup func(name string) (value string, ok bool)

// Problem is something in a file that the user should know and that does not
// stop the reading. Its message never shows a value.
type Problem struct {
	File    string
	Line    int
	Message string
}

// Error is why a file cannot be read. Line counts from 1 and is 0 when the file
// as a whole is meant. The message never shows a value.
type Error struct {
	File    string
	Line    int
	Message string
}

// Error returns "file:line: message".
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Message
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message)
}

// Var is one variable that a file sets.
type Var struct {
	Name  string
	Value string
	// Line is where the name stands; a quoted value may go on below it.
	Line int
	// Extends says that the value was made from the value the same name has
	// outside the file, as in PATH=./bin:$PATH. It is false where only another
	// variable's value mentions the name.
	Extends bool
}

// File is what one file sets.
type File struct {
	Path string
	// Vars are in the order of the file. Of several settings of a name only the
	// last is here.
	Vars []Var
	// Warnings are in the order of the file.
	Warnings []Problem
}

// Values returns the variables of f as values from source, for Resolve.
func (f File) Values(source Source) []Value {
	values := make([]Value, len(f.Vars))
	for i, v := range f.Vars {
		values[i] = Value{Name: v.Name, Value: v.Value, Source: source, File: f.Path, Line: v.Line, Extends: v.Extends}
	}
	return values
}

// Parse reads data. The path is for messages only. Any error is an *Error, and
// then nothing of the file is returned: half an environment is worse than none.
func Parse(path string, data []byte, lookup Lookup) (File, error) {
	text, err := clean(path, data)
	if err != nil {
		return File{}, err
	}
	b := builder{file: File{Path: path}, lookup: lookup, index: map[string]int{}}
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		err = b.json(text)
	} else {
		err = b.statements(text)
	}
	if err != nil {
		return File{}, err
	}
	return b.finish(), nil
}

// Read parses the file at path, which may be a pipe (process substitution) or
// /dev/null. It wraps fs.ErrNotExist when there is none; an error in the content
// is an *Error. Reading a pipe blocks until its writer closes it.
func Read(path string, lookup Lookup) (File, error) {
	data, err := load(path)
	if err != nil {
		return File{}, err
	}
	return Parse(path, data, lookup)
}

// Names returns the names that the file at path mentions, in their order and
// each once. It is made for .env.example: values are not looked at, and a line
// that is no assignment is passed over.
func Names(path string) ([]string, error) {
	data, err := load(path)
	if err != nil {
		return nil, err
	}
	text, err := clean(path, data)
	if err != nil {
		return nil, err
	}
	var names []string
	seen := map[string]bool{"": true}
	for s := newScanner(path, text); s.more(); {
		start := s.mark()
		st, err := s.next()
		if err != nil {
			s.skipLine(start)
		}
		if !seen[st.name] {
			seen[st.name] = true
			names = append(names, st.name)
		}
	}
	return names, nil
}

// load returns the content of the file at path.
func load(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, unreadable(path, err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("cannot read %s: it is a folder", path)
	}
	if info.Mode().IsRegular() && info.Size() > maxFile {
		return nil, tooLarge(path)
	}
	// The size of a pipe or a device is known only by reading it.
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, unreadable(path, err)
	}
	if len(data) > maxFile {
		return nil, tooLarge(path)
	}
	return data, nil
}

// unreadable drops the operation and the second path that os puts in its errors.
func unreadable(path string, err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err
	}
	return fmt.Errorf("cannot read %s: %w", path, err)
}

func tooLarge(path string) error {
	return fmt.Errorf("cannot read %s: it is larger than %d MiB, which no environment is", path, maxFile>>20)
}

// clean returns data as text with LF or lone CR line ends and without a byte
// order mark.
func clean(path string, data []byte) (string, error) {
	if bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF}) {
		return "", &Error{File: path, Line: 1, Message: "the file is UTF-16 text; save it as UTF-8"}
	}
	if len(data) > maxFile {
		return "", &Error{File: path, Message: fmt.Sprintf("the file is larger than %d MiB", maxFile>>20)}
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	text := string(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")))
	if before, _, found := strings.Cut(text, "\x00"); found {
		return "", &Error{File: path, Line: 1 + countLines(before), Message: "a NUL byte; no variable can hold one"}
	}
	return text, nil
}

// builder collects the variables of one file.
type builder struct {
	file   File
	lookup Lookup
	// index is where in file.Vars the setting of a name that counts is.
	index map[string]int
	// size is the length of all values so far.
	size    int
	dropped int
}

func (b *builder) statements(text string) error {
	for s := newScanner(b.file.Path, text); s.more(); {
		st, err := s.next()
		if err != nil {
			return err
		}
		if err := b.statement(st); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) statement(st statement) error {
	if st.bare {
		return b.bare(st)
	}
	switch {
	case st.name == "":
		b.warn(st.line, "a value without a name")
	case st.name[0] >= '0' && st.name[0] <= '9':
		b.warn(st.line, fmt.Sprintf("%s starts with a digit; no shell can use such a name", st.name))
	case st.hidden:
		b.warn(st.line, fmt.Sprintf("%s is empty: a # after a space starts a comment; quote the value to keep it", st.name))
	}
	text, err := st.value()
	if err != nil {
		return b.fail(st.line, err.Error())
	}
	if len(text.dollars) == 0 {
		return b.set(Var{Name: st.name, Value: text.text, Line: st.line})
	}
	e := expander{builder: b, template: text, name: st.name, line: st.line}
	value, err := e.run()
	if err != nil {
		return err
	}
	return b.set(Var{Name: st.name, Value: value, Line: st.line, Extends: e.extends})
}

// bare handles a name alone in its line. Compose gives it the shell's value, and
// `export NAME` is how a shell hands on what it has; godotenv reads neither.
func (b *builder) bare(st statement) error {
	shown := st.name
	if len(shown) > 40 {
		// It may be a line of a key whose quotes were forgotten.
		shown = shown[:8] + "..."
	}
	_, inFile := b.index[st.name]
	value, inShell := b.outside(st.name)
	switch {
	case inFile && !st.export:
		b.warn(st.line, shown+" stands alone and changes nothing; a line is NAME=value")
	case inFile:
	case inShell && !st.export:
		b.warn(st.line, shown+" has no value here and keeps the shell's; a line is NAME=value")
	case !inShell && !st.export:
		b.warn(st.line, fmt.Sprintf("%s has no value here and none in the shell, so it stays unset; write %s= for an empty one", shown, shown))
	case !inShell:
		return b.fail(st.line, fmt.Sprintf("%s is exported but set neither above nor in the shell", shown))
	}
	if !inFile && inShell {
		return b.set(Var{Name: st.name, Value: value, Line: st.line})
	}
	return nil
}

// set records v unless the file has become too much.
func (b *builder) set(v Var) error {
	b.size += len(v.Value)
	if b.size > maxFile {
		return b.fail(v.Line, fmt.Sprintf("the values are larger than %d MiB together", maxFile>>20))
	}
	b.index[v.Name] = len(b.file.Vars)
	b.file.Vars = append(b.file.Vars, v)
	return nil
}

func (b *builder) outside(name string) (string, bool) {
	if b.lookup == nil {
		return "", false
	}
	return b.lookup(name)
}

func (b *builder) warn(line int, message string) {
	if len(b.file.Warnings) == maxWarnings {
		b.dropped++
		return
	}
	b.file.Warnings = append(b.file.Warnings, Problem{File: b.file.Path, Line: line, Message: message})
}

func (b *builder) fail(line int, message string) error {
	return &Error{File: b.file.Path, Line: line, Message: message}
}

// finish drops the settings that a later one of the same name replaced.
func (b *builder) finish() File {
	kept := b.file.Vars[:0]
	for i, v := range b.file.Vars {
		if b.index[v.Name] == i {
			kept = append(kept, v)
		}
	}
	b.file.Vars = kept
	if b.dropped > 0 {
		b.file.Warnings = append(b.file.Warnings, Problem{File: b.file.Path, Message: fmt.Sprintf("%d more warnings", b.dropped)})
	}
	return b.file
}
