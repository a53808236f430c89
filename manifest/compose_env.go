package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/sirupsen/logrus"
	"go.yaml.in/yaml/v3"
)

// plainVariable finds $NAME and ${NAME}, which are empty when the variable is
// not set; the other forms say what they are then.
var plainVariable = regexp.MustCompile(`(?i)\$\$|\$\{[_a-z][_a-z0-9]*[^_a-z0-9}][^}]*\}|\$([_a-z][_a-z0-9]*)|\$\{([_a-z][_a-z0-9]*)\}`)

// interpolate gives a scalar's text with its variables replaced
// (https://docs.docker.com/reference/compose-file/interpolation/).
func (r *composeReader) interpolate(n *yaml.Node) (string, error) {
	if n.Kind != yaml.ScalarNode {
		return "", r.fail(n, "this is to be one value, not a %s", kindName(n))
	}
	if r.literal || !strings.Contains(n.Value, "$") {
		return n.Value, nil
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
	if missing, ok := errors.AsType[*template.MissingRequiredError](err); ok {
		why := ""
		if missing.Reason != "" {
			why = " (" + clip(missing.Reason) + ")"
		}
		return "", r.fail(n, "`%s` has to be set%s: put it into .env", clip(missing.Variable), why)
	}
	if err != nil {
		return "", r.fail(n, "`%s` is no form of a variable: write ${NAME} or ${NAME:-VALUE}, and $$ for a $", clip(n.Value))
	}
	return text, nil
}

// environment reads the variables of a service, or the arguments of a build, into
// compose-go's list of NAME=VALUE, and NAME for those that are passed on.
func (r *composeReader) environment(n *yaml.Node, what string, where ...string) ([]any, error) {
	list := []any{}
	add := func(at *yaml.Node, text, name string) {
		if !isVariableName(name) {
			r.skip(at, "`%s` is no name of a variable: left out", clip(name))
			return
		}
		list = append(list, text)
		r.at[key(append(where, name)...)] = r.source(at)
	}
	if n.Kind == yaml.MappingNode {
		for _, e := range r.allEntries(n, what) {
			if isNull(e.value) {
				add(e.at, e.key, e.key)
				continue
			}
			if _, ok := r.text(e.value, fmt.Sprintf("`%s`", clip(e.key))); !ok {
				continue
			}
			value, err := r.interpolate(e.value)
			if err != nil {
				return nil, err
			}
			r.rewritten(e)
			add(e.at, e.key+"="+value, e.key)
		}
		return list, nil
	}
	if n.Kind != yaml.SequenceNode {
		r.skip(n, "%s is to be a map or a list, not a %s: left out", what, kindName(n))
		return list, nil
	}
	for _, item := range n.Content {
		if item.Kind == yaml.MappingNode && len(item.Content) == 2 && item.Content[1].Kind == yaml.ScalarNode {
			r.note(item, "`- %s: ...` is no item of a list of variables: taken for `- %s=...`", clip(item.Content[0].Value), clip(item.Content[0].Value))
			value, err := r.interpolate(item.Content[1])
			if err != nil {
				return nil, err
			}
			add(item, item.Content[0].Value+"="+value, item.Content[0].Value)
			continue
		}
		if _, ok := r.text(item, "an item of "+what); !ok || isNull(item) {
			continue
		}
		text, err := r.interpolate(item)
		if err != nil {
			return nil, err
		}
		name, value, has := strings.Cut(text, "=")
		if trimmed := strings.TrimSpace(name); has && trimmed != name {
			r.note(item, "a blank before the = in `%s`: taken without", clip(text))
			name, text = trimmed, trimmed+"="+value
		}
		add(item, text, name)
	}
	return list, nil
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
	files, _ := list.([]any)
	var vars []Variable
	values := map[string]string{}
	lookup := func(name string) (string, bool) {
		if v, ok := r.lookup(name); ok {
			return v, true
		}
		for _, v := range own {
			if v.Name == name && v.Rule == Literal {
				return v.Value, true
			}
		}
		return "", false
	}
	for _, item := range files {
		file, _ := item.(map[string]any)
		path, _ := file["path"].(string)
		format, _ := file["format"].(string)
		at := r.where("services", name, "env_file", path)
		full := under(r.dir, path)
		data, problem := readEnvFile(full)
		if problem != "" {
			if problem == noSuchFile && !isFalse(file["required"]) {
				r.problem(at, true, "env_file `%s`: no such file: create it, or write `{path: %s, required: false}`", clip(path), clip(path))
			} else if problem != noSuchFile {
				r.problem(at, true, "env_file `%s`: %s", clip(path), problem)
			}
			continue
		}
		logrus.SetOutput(io.Discard)
		before := make(map[string]string, len(values))
		for k, v := range values {
			before[k] = v
		}
		var err error
		if format == "raw" {
			err = rawEnv(data, values)
		} else {
			err = dotenv.ParseWithFormat(bytes.NewReader(data), path, values, lookup, format)
		}
		if err != nil {
			values = before
			reason := strings.TrimPrefix(err.Error(), "failed to read "+path+": ")
			r.problem(at, true, "env_file `%s`: %s", clip(path), clipTo(reason, 120))
			continue
		}
		for _, v := range namesOf(data) {
			value, ok := values[v.Name]
			if !ok {
				continue
			}
			v.Value, v.Rule, v.File = value, Literal, full
			vars = setVariable(vars, v)
		}
	}
	return vars
}

const noSuchFile = "no such file"

// readEnvFile reads an env file; problem says why not.
func readEnvFile(path string) (data []byte, problem string) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, noSuchFile
	}
	if !info.Mode().IsRegular() {
		return nil, "this is no file"
	}
	data, err = readFile(path)
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
func rawEnv(data []byte, values map[string]string) error {
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if ok {
			values[strings.TrimSpace(name)] = value
		}
	}
	return nil
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

func isFalse(v any) bool { s, _ := v.(string); return s == "false" || v == false }

// clipTo makes a library's message fit: of one line, and not longer than most.
func clipTo(s string, most int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return filepath.ToSlash(s)
}
