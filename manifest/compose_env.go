package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/sirupsen/logrus"
	"go.yaml.in/yaml/v3"
)

// plainVariable finds $NAME and ${NAME}, which are empty when the variable is
// not set; the other forms say what they are then.
var plainVariable = regexp.MustCompile(`(?i)\$\$|\$\{[_a-z][_a-z0-9]*[^_a-z0-9}][^}]*\}|\$([_a-z][_a-z0-9]*)|\$\{([_a-z][_a-z0-9]*)\}`)

// interpolate gives a scalar's text with its variables replaced
// (https://docs.docker.com/reference/compose-file/interpolation/). What makes the
// file unusable is kept in failed.
func (r *composeReader) interpolate(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode {
		r.skip(n, "this is to be one value, not a %s: left out", kindName(n))
		return ""
	}
	if r.literal || !strings.Contains(n.Value, "$") {
		return n.Value
	}
	// What compose-go has to say is said below, with its line.
	logrus.SetOutput(io.Discard)
	for _, m := range plainVariable.FindAllStringSubmatch(n.Value, -1) {
		name := m[1] + m[2]
		if _, set := r.lookup(name); name != "" && !set && !r.unset[name] {
			r.unset[name] = true
			r.note(n, "`%s` is not set, so it is empty here: set it in .env, or write ${%s:-VALUE}; a $ that compose is to leave alone is written $$", name, name)
		}
	}
	text, err := template.Substitute(n.Value, r.lookup)
	if err == nil || r.failed != nil {
		return text
	}
	r.failed = r.fail(n, "`%s` is no form of a variable: write ${NAME} or ${NAME:-VALUE}, and $$ for a $", clip(n.Value))
	if missing, ok := errors.AsType[*template.MissingRequiredError](err); ok {
		why := ""
		if missing.Reason != "" {
			why = " (" + clip(missing.Reason) + ")"
		}
		r.failed = r.fail(n, "`%s` has to be set%s: put it into .env", clip(missing.Variable), why)
	}
	return text
}

// environment reads the variables of a service, or the arguments of a build, into
// compose-go's list of NAME=VALUE, and NAME for those that are passed on. It is
// nil for what is neither a map nor a list.
func (r *composeReader) environment(n *yaml.Node, what string, where []string) any {
	list := []any{}
	add := func(at *yaml.Node, name, rest string) {
		if !isVariableName(name) {
			r.skip(at, "`%s` is no name of a variable: left out", clip(name))
			return
		}
		list = append(list, name+rest)
		r.at[key(append(slices.Clone(where), name)...)] = r.source(at)
	}
	switch n.Kind { //nolint:exhaustive // of these two a list is made
	case yaml.MappingNode:
		for _, e := range r.allEntries(n, what) {
			if isNull(e.value) {
				add(e.at, e.key, "")
			} else if v, ok := r.scalar(e.value, fmt.Sprintf("`%s`", clip(e.key))).(string); ok {
				r.rewritten(e)
				add(e.at, e.key, "="+v)
			}
		}
		return list
	case yaml.SequenceNode:
		for _, item := range itemsOf(n) {
			if name, rest, ok := r.variable(item, what); ok {
				add(item, name, rest)
			}
		}
		return list
	}
	r.skip(n, "%s is to be a map or a list, not a %s: left out", what, kindName(n))
	return nil
}

// variable is an item of a list of variables: its name, and the rest from the =.
func (r *composeReader) variable(item *yaml.Node, what string) (name, rest string, ok bool) {
	if item.Kind == yaml.MappingNode && len(item.Content) == 2 && item.Content[1].Kind == yaml.ScalarNode {
		name = item.Content[0].Value
		r.note(item, "`- %s: ...` is no item of a list of variables: taken for `- %s=...`", clip(name), clip(name))
		return name, "=" + r.interpolate(item.Content[1]), true
	}
	text, ok := r.scalar(item, "an item of "+what).(string)
	if !ok {
		return "", "", false
	}
	name, value, has := strings.Cut(text, "=")
	if !has {
		return name, "", true
	}
	if trimmed := strings.TrimSpace(name); trimmed != name {
		r.note(item, "a blank before the = in `%s`: taken without", clip(text))
		name = trimmed
	}
	return name, "=" + value, true
}

// rewritten tells of a number that YAML reads as another text than is written:
// 3.10 becomes 3.1 in Docker.
func (r *composeReader) rewritten(e entry) {
	if e.value.Style != 0 || e.value.Tag != "!!float" && e.value.Tag != "!!int" {
		return
	}
	var v any
	if err := e.value.Decode(&v); err == nil && fmt.Sprint(v) != e.value.Value {
		r.note(e.value, "`%s: %s` is %v for Docker Compose: put it in quotes", clip(e.key), clip(e.value.Value), v)
	}
}

// composeVariables makes Variables of an environment in compose-go's form.
func (r *composeReader) composeVariables(list any, where ...string) []Variable {
	items, _ := list.([]any)
	var vars []Variable
	for _, item := range items {
		text, _ := item.(string)
		name, value, has := strings.Cut(text, "=")
		v := Variable{Name: name, Value: value, Rule: Literal, Source: r.where(append(where, name)...)}
		if !has {
			v.Rule = Passed
		}
		vars = append(vars, v)
	}
	return vars
}

// envFiles reads the variables of a service's env files. A later file wins over an
// earlier one, and own, the service's environment, over both.
func (r *composeReader) envFiles(name string, list any, own []Variable) []Variable {
	known := make(map[string]string)
	for _, v := range own {
		if v.Rule == Literal {
			known[v.Name] = v.Value
		}
	}
	lookup := func(name string) (string, bool) {
		if v, ok := r.lookup(name); ok {
			return v, true
		}
		v, ok := known[name]
		return v, ok
	}
	files, _ := list.([]any)
	var vars []Variable
	values := map[string]string{}
	for _, item := range files {
		file, _ := item.(map[string]any)
		path, _ := file["path"].(string)
		full := under(r.dir, path)
		next := maps.Clone(values)
		data, problem := readEnvFile(full)
		switch {
		case problem == "":
			problem = parseEnv(data, next, lookup, file["format"])
		case problem == noSuchFile && isFalse(file["required"]):
			continue
		}
		if problem != "" {
			r.problem(r.where("services", name, "env_file", path), true, "env_file `%s`: %s", clip(path), problem)
			continue
		}
		values = next
		for _, v := range namesOf(data) {
			v.File, v.Rule = full, Literal
			vars = setVariable(vars, v)
		}
	}
	vars = slices.DeleteFunc(vars, func(v Variable) bool { _, ok := values[v.Name]; return !ok })
	for i := range vars {
		vars[i].Value = values[vars[i].Name]
	}
	return vars
}

// parseEnv adds the variables of an env file to values; problem says why it
// cannot.
func parseEnv(data []byte, values map[string]string, lookup func(string) (string, bool), format any) (problem string) {
	if format == "raw" {
		rawEnv(data, values)
		return ""
	}
	const file = "file"
	logrus.SetOutput(io.Discard)
	text, _ := format.(string)
	if err := dotenv.ParseWithFormat(bytes.NewReader(data), file, values, lookup, text); err != nil {
		return strings.TrimPrefix(saying(err), "failed to read "+file+": ")
	}
	return ""
}

const noSuchFile = "no such file: create it, or write `required: false` beside its `path`"

// readEnvFile reads an env file; problem says why not.
func readEnvFile(path string) (data []byte, problem string) {
	if why := notAFile(path); why == "no such file" {
		return nil, noSuchFile
	} else if why != "" {
		return nil, why
	}
	data, err := readFile(path)
	if err != nil {
		return nil, strings.TrimPrefix(err.Error(), path+": ")
	}
	if name := utf16or32(data); name != "" {
		return nil, "this file is in " + name + ": save it as UTF-8"
	}
	return data, ""
}

// rawEnv reads the format raw, which takes each value as it is
// (https://docs.docker.com/reference/compose-file/services/#env_file).
func rawEnv(data []byte, values map[string]string) {
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		if name, value, ok := strings.Cut(line, "="); ok {
			values[strings.TrimSpace(name)] = value
		}
	}
}

var envName = regexp.MustCompile(`^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*(?:[=:]|$)`)

// namesOf lists what an env file may set, in its order.
func namesOf(data []byte) []Variable {
	var list []Variable
	line := 0
	for text := range strings.Lines(strings.TrimPrefix(string(data), bom)) {
		line++
		if m := envName.FindStringSubmatch(strings.TrimRight(text, "\r\n")); m != nil {
			list = append(list, Variable{Name: m[1], Source: Source{Line: line}})
		}
	}
	return list
}

// setVariable adds v, or puts it in the place of the one of its name.
func setVariable(list []Variable, v Variable) []Variable {
	for i := range list {
		if list[i].Name == v.Name {
			list[i] = v
			return list
		}
	}
	return append(list, v)
}

func isFalse(v any) bool { s, _ := v.(string); return strings.EqualFold(s, "false") }

// saying makes a library's message fit: on one line, not long, and without
// anything that a terminal would obey.
func saying(err error) string {
	const most = 120
	text := []rune(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, err.Error()))
	if len(text) > most {
		text = append(text[:most], '…')
	}
	return strings.Join(strings.Fields(string(text)), " ")
}
