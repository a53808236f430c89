package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// readAppJSON reads an app.json for itself. It never runs anything: Heroku reads
// it when an app is created (https://devcenter.heroku.com/articles/app-json-schema),
// so the error says what to write instead, and the App holds the rest.
func readAppJSON(file string, data []byte) (App, error) {
	app := App{File: file}
	r := appJSONReader{yamlFile: yamlFile{name: file}, app: &app}
	root, err := r.parseJSON(data)
	if err != nil {
		return app, err
	}
	r.read(root)
	app.Problems = r.problems
	return app, &Error{File: file, Message: "an app.json declares no commands: write a Procfile with a line such as " + example}
}

// overlayAppJSON adds what an app.json says to what the project's manifest does:
// variables that it does not declare itself, how many instances of its types are
// wanted, and add-ons. An error leaves a as it was.
func (a *App) overlayAppJSON(file string, data []byte) error {
	r := appJSONReader{yamlFile: yamlFile{name: file}, app: a, overlay: true}
	root, err := r.parseJSON(data)
	if err != nil {
		return err
	}
	r.read(root)
	a.Problems = append(a.Problems, r.problems...)
	return nil
}

// appJSONReader reads one app.json into app.
type appJSONReader struct {
	yamlFile
	app *App
	// overlay says that app has the types that formation is about.
	overlay bool
}

func (r *appJSONReader) read(root *yaml.Node) {
	// The keys of the schema that say something about a run, and two that others
	// write for them. Expo's and React Native's files have the same name and keys
	// of their own, so a key that is like none of these is no mistake.
	known := []string{"env", "formation", "addons"}
	for _, e := range r.entries(root, "the file") {
		switch e.key {
		case "env":
			r.env(e.value)
		case "formation":
			r.formation(e.value)
		case "addons":
			r.app.Resources = append(r.app.Resources, r.addons(e.value, "`addons`")...)
		default:
			if near := nearest(e.key, known); near != "" {
				r.note(e.at, "`%s` is no key of app.json: did you mean `%s`?", clip(e.key), near)
			}
		}
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int { return a.Line - b.Line })
}

func (r *appJSONReader) env(n *yaml.Node) {
	for _, e := range r.allEntries(n, "`env`") {
		if !isVariableName(e.key) {
			r.skip(e.at, "`%s` is no name of a variable: left out", clip(e.key))
			continue
		}
		v, ok := r.variable(e)
		if !ok || slices.ContainsFunc(r.app.Env, func(o Variable) bool { return o.Name == v.Name }) {
			continue
		}
		r.app.Env = append(r.app.Env, v)
	}
}

// variable reads a variable. The schema has objects only; the documentation once
// had strings too, and they are in use.
func (r *appJSONReader) variable(e entry) (Variable, bool) {
	v := Variable{Name: e.key, Rule: Wanted, Source: r.source(e.at)}
	what := fmt.Sprintf("`env.%s`", clip(e.key))
	if isNull(e.value) {
		return v, true
	}
	if e.value.Kind != yaml.MappingNode {
		_, ok := r.text(e.value, what)
		v.Value, v.Rule = e.value.Value, Default
		return v, ok
	}
	var hasValue, saysRequired bool
	required := true // unless the file says otherwise
	generator := ""
	known := []string{"description", "value", "required", "generator"}
	for _, o := range r.entries(e.value, what) {
		switch o.key {
		case "description":
		case "value":
			if _, hasValue = r.text(o.value, "the value of "+what); hasValue {
				v.Value = o.value.Value // a value is data: its blanks are kept
			}
		case "required":
			required, saysRequired = r.boolean(o.value, "`required` of "+what), true
		case "generator":
			generator = r.generator(o)
		default:
			r.unknown(o, what, known)
		}
	}
	switch {
	case v.Value != "":
		v.Rule = Default
	case generator == "secret":
		v.Rule = Secret
	case hasValue && (!required || !saysRequired):
		// An empty value is a value, unless the author insists on another.
		v.Rule = Default
	case !required:
		v.Rule = Passed
	}
	return v, true
}

func (r *appJSONReader) generator(e entry) string {
	s, ok := r.text(e.value, "`generator`")
	if ok && s != "secret" {
		r.skip(e.at, "the generator `%s` is unknown: there is only `secret`", clip(s))
	}
	return s
}

// formation sets how many instances the types have. A list of maps with the type
// as `process` is its older form.
func (r *appJSONReader) formation(n *yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		for _, e := range r.entries(n, "`formation`") {
			r.quantity(e.key, e.at, e.value)
		}
		return
	}
	for _, item := range n.Content {
		for _, e := range r.entries(item, "an item of `formation`") {
			if e.key != "process" {
				continue
			}
			if name, ok := r.text(e.value, "`process`"); ok {
				r.quantity(name, e.at, item)
			}
		}
	}
}

func (r *appJSONReader) quantity(name string, at, n *yaml.Node) {
	what := fmt.Sprintf("`formation.%s`", clip(name))
	count, said := 0, false
	known := []string{"quantity", "size"}
	if n.Kind == yaml.ScalarNode {
		if count, said = r.number(n, what, 0, 1000); said {
			r.note(at, "%s is to be an object: write `{\"quantity\": %d}`", what, count)
		}
		n = nil
	}
	for _, e := range r.entries(n, what) {
		switch e.key {
		case "quantity":
			count, said = r.number(e.value, fmt.Sprintf("`formation.%s.quantity`", clip(name)), 0, 1000)
		case "size", "process", "dyno", "max":
		default:
			if slices.ContainsFunc(r.app.Processes, func(p Process) bool { return p.Type == e.key }) {
				r.skip(e.at, "`%s` is inside `%s`: a type of its own stands beside it, as `\"%s\": {\"quantity\": 1}`", clip(e.key), clip(name), clip(e.key))
				continue
			}
			r.unknown(e, what, known)
		}
	}
	if !said || !r.overlay {
		return
	}
	if count == 0 {
		count = -1
	}
	i := slices.IndexFunc(r.app.Processes, func(p Process) bool { return p.Type == name })
	if i < 0 {
		r.skip(at, "`formation` has `%s`, which is no process type of %s%s", clip(name), r.app.Kind, r.meantType(name))
		return
	}
	r.app.Processes[i].Count = count
}

func (r *appJSONReader) meantType(name string) string {
	types := make([]string, len(r.app.Processes))
	for i, p := range r.app.Processes {
		types[i] = p.Type
	}
	if near := nearest(name, types); near != "" {
		return fmt.Sprintf(": did you mean `%s`?", near)
	}
	return ""
}

// parseJSON makes of JSON the tree that the readers of YAML know, with lines. Of
// a key that is there twice the last one counts, as in JavaScript.
func (f *yamlFile) parseJSON(data []byte) (*yaml.Node, error) {
	if name := utf16or32(data); name != "" {
		return nil, &Error{File: f.name, Message: "this file is in " + name + ": save it as UTF-8"}
	}
	text := data
	if bytes.HasPrefix(data, []byte(bom)) {
		text = append([]byte("   "), data[len(bom):]...) // blanks keep the offsets right
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, &Error{File: f.name, Message: "this file is empty"}
	}
	var all json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		e := &Error{File: f.name, Message: "not valid JSON: " + err.Error()}
		if se, ok := errors.AsType[*json.SyntaxError](err); ok {
			e.Line = lineAt(data, se.Offset)
			e.Message += jsonHint(text, se.Offset)
		}
		return nil, e
	}
	t := jsonTree{file: f.name, text: text, d: json.NewDecoder(bytes.NewReader(text)), line: 1}
	t.d.UseNumber()
	root, err := t.value(0)
	if err != nil {
		return nil, err
	}
	if root.Kind != yaml.MappingNode {
		return nil, &Error{File: f.name, Line: root.Line, Message: "there is no object in this file: it has to begin with {"}
	}
	return root, nil
}

// jsonHint names the two things that people write and JSON has not.
func jsonHint(text []byte, offset int64) string {
	before := bytes.TrimRight(text[:max(min(offset, int64(len(text)))-1, 0)], " \t\r\n")
	at := text[max(min(offset, int64(len(text)))-1, 0):]
	switch {
	case bytes.HasPrefix(at, []byte("/")) || bytes.HasPrefix(at, []byte("#")):
		return ": JSON has no comments"
	case bytes.HasSuffix(before, []byte(",")) && (at[0] == '}' || at[0] == ']'):
		return ": remove the comma before it"
	case at[0] == '"' && !bytes.HasSuffix(before, []byte(",")):
		return ": is a comma missing before it?"
	}
	return ""
}

// jsonTree builds nodes from a text that is known to be valid.
type jsonTree struct {
	file string
	text []byte
	d    *json.Decoder
	// line is that of offset, so that lines are counted once.
	offset int64
	line   int
}

func (t *jsonTree) token() (json.Token, error) {
	token, err := t.d.Token()
	if err != nil {
		return nil, &Error{File: t.file, Line: t.line, Message: "not valid JSON: " + err.Error()}
	}
	end := t.d.InputOffset()
	t.line += bytes.Count(t.text[t.offset:end], []byte("\n"))
	t.offset = end
	return token, nil
}

func (t *jsonTree) value(depth int) (*yaml.Node, error) {
	token, err := t.token()
	if err != nil {
		return nil, err
	}
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Line: t.line}
	switch v := token.(type) {
	case nil:
		n.Tag = "!!null"
	case string:
		n.Value = v
	case json.Delim:
		if depth > maxDepth {
			return nil, &Error{File: t.file, Line: t.line, Message: "nested too deep"}
		}
		n.Kind = yaml.MappingNode
		if v == '[' {
			n.Kind = yaml.SequenceNode
		}
		return n, t.fill(n, depth)
	default:
		n.Value, n.Tag = fmt.Sprint(v), "!!other"
	}
	return n, nil
}

// fill reads what is in an object or array, and the bracket that ends it.
func (t *jsonTree) fill(n *yaml.Node, depth int) error {
	at := make(map[string]int)
	for t.d.More() {
		var key *yaml.Node
		if n.Kind == yaml.MappingNode {
			var err error
			if key, err = t.value(depth + 1); err != nil {
				return err
			}
		}
		value, err := t.value(depth + 1)
		if err != nil {
			return err
		}
		if key == nil {
			n.Content = append(n.Content, value)
			continue
		}
		if i, twice := at[key.Value]; twice {
			n.Content[i], n.Content[i+1] = key, value
			continue
		}
		at[key.Value] = len(n.Content)
		n.Content = append(n.Content, key, value)
	}
	_, err := t.token()
	return err
}
