package envfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// maxDepth is how deep objects can lie in objects.
const maxDepth = 100

// jsonReader reads the JSON form of an env file that heroku local knows.
type jsonReader struct {
	builder *builder
	text    string
	decoder *json.Decoder
	// offset and line are those of the last variable.
	offset int
	line   int
}

// json reads a file that is one JSON object as heroku local does: the names on
// the way to a value are joined with _ in upper case, items of lists count from
// 0, and null, {} and [] set nothing. Numbers are kept as they are written.
func (b *builder) json(text string) error {
	r := jsonReader{builder: b, text: text, decoder: json.NewDecoder(strings.NewReader(text)), line: 1}
	r.decoder.UseNumber()
	if err := r.value("", 0); err != nil {
		return err
	}
	end := int(r.decoder.InputOffset())
	if rest := strings.TrimSpace(text[end:]); rest != "" {
		r.move(end + strings.Index(text[end:], rest))
		return r.fail("text after the JSON object")
	}
	return nil
}

// value reads one value of any kind, known under name.
func (r *jsonReader) value(name string, depth int) error {
	token, err := r.token()
	if err != nil {
		return err
	}
	switch t := token.(type) {
	case json.Delim:
		if depth > maxDepth {
			return r.fail("the JSON is nested too deeply")
		}
		return r.children(name, t, depth)
	case nil:
		return nil
	case bool:
		return r.set(name, strconv.FormatBool(t))
	case json.Number:
		return r.set(name, t.String())
	default:
		return r.set(name, fmt.Sprint(t))
	}
}

// children reads the members of an object or the items of a list, and its end.
func (r *jsonReader) children(name string, kind json.Delim, depth int) error {
	for i := 0; r.decoder.More(); i++ {
		child := strconv.Itoa(i)
		if kind == '{' {
			token, err := r.token()
			if err != nil {
				return err
			}
			child = strings.ToUpper(fmt.Sprint(token))
		}
		if name != "" {
			child = name + "_" + child
		}
		if err := r.value(child, depth+1); err != nil {
			return err
		}
	}
	_, err := r.token()
	return err
}

func (r *jsonReader) set(name, value string) error {
	r.move(int(r.decoder.InputOffset()))
	if name == "" || !isNameByte(name[0], true) || span(name, func(c byte) bool { return isNameByte(c, false) }) < len(name) {
		return r.fail(fmt.Sprintf("%q cannot be the name of a variable", name))
	}
	if strings.Contains(value, "\x00") {
		return r.fail("a NUL byte; no variable can hold one")
	}
	return r.builder.set(Var{Name: name, Value: value, Line: r.line})
}

func (r *jsonReader) token() (json.Token, error) {
	token, err := r.decoder.Token()
	if err == nil {
		return token, nil
	}
	offset := int(r.decoder.InputOffset())
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = int(syntax.Offset)
	}
	r.move(offset)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, r.fail("the file starts like JSON and ends too early")
	}
	return nil, r.fail(fmt.Sprintf("the file starts like JSON and is none: %v", err))
}

// move makes offset the place of what is said next.
func (r *jsonReader) move(offset int) {
	offset = min(offset, len(r.text))
	if offset > r.offset {
		r.line += countLines(r.text[r.offset:offset])
		r.offset = offset
	}
}

func (r *jsonReader) fail(message string) error {
	return r.builder.fail(r.line, message)
}
