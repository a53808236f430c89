package manifest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Options are what an option file sets, in its order; no name occurs twice.
type Options []Option

// Option is the value of one flag: Name is the flag's long name as the file has
// it, without dashes before it. Whether there is such a flag, and what its value
// may be, is for the caller to say.
type Option struct {
	Name string
	// Value is as on a command line: a boolean is true or false, a list is
	// joined with commas, a map is name=value joined with commas.
	Value string
	Source
}

// ReadOptions reads a file like foreman's .foreman: a YAML map of flag names to
// defaults. A missing file has no options. The error, if any, is an *Error.
func ReadOptions(path string) (Options, []Problem, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	data, err := readFile(path)
	if err != nil {
		return nil, nil, err
	}
	return parseOptions(path, data)
}

func parseOptions(file string, data []byte) (Options, []Problem, error) {
	if name := utf16or32(data); name != "" {
		return nil, nil, &Error{File: file, Message: "this file is in " + name + ": save it as UTF-8"}
	}
	// YAML 1.1 has three more line ends, which no editor counts.
	text := strings.NewReplacer("\u0085", " ", "\u2028", " ", "\u2029", " ").Replace(string(data))
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil, nil, yamlError(file, text, err)
	}
	if len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
		return nil, nil, nil
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, nil, &Error{File: file, Line: root.Line, Message: "not an option file: write one `name: value` a line, such as `port: 3000`"}
	}
	var options Options
	var problems []Problem
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		source := Source{File: file, Line: key.Line}
		name, given, why := option(key, value)
		if why != "" {
			problems = append(problems, Problem{File: file, Line: key.Line, Message: "option left out: " + why, Skipped: true})
			continue
		}
		for _, other := range options {
			if other.Name == name {
				return nil, problems, &Error{File: file, Line: key.Line, Message: fmt.Sprintf("`%s` is set twice, first on line %d: remove one of the two", clip(name), other.Line)}
			}
		}
		options = append(options, Option{Name: name, Value: given, Source: source})
	}
	return options, problems, nil
}

// option reads one entry; why says that it cannot be one.
func option(key, value *yaml.Node) (name, given, why string) {
	if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
		return "", "", "its name is not a plain word"
	}
	name = strings.TrimLeft(key.Value, "-")
	if _, _, ok := cutName(name + ":"); !ok {
		return "", "", fmt.Sprintf("`%s` is not the name of a flag", clip(key.Value))
	}
	if value.Kind == yaml.AliasNode {
		value = value.Alias
	}
	if value.Kind == yaml.ScalarNode && value.Tag == "!!null" {
		return "", "", fmt.Sprintf("`%s` has no value", clip(name))
	}
	given, ok := flat(value)
	if !ok {
		return "", "", fmt.Sprintf("the value of `%s` is nested too deep: write it as on the command line", clip(name))
	}
	return name, given, ""
}

// flat writes a value as on a command line. It is false for what has no such
// form.
func flat(value *yaml.Node) (string, bool) {
	if value.Kind == yaml.ScalarNode {
		return scalar(value), true
	}
	for _, n := range value.Content {
		if n.Kind != yaml.ScalarNode {
			return "", false
		}
	}
	var parts []string
	for i := 0; i < len(value.Content); i++ {
		part := scalar(value.Content[i])
		if value.Kind == yaml.MappingNode {
			i++
			part += "=" + scalar(value.Content[i])
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ","), true
}

// scalar is the text of a value. The unquoted words that Ruby, for which .foreman
// files are written, takes for booleans become what a flag understands.
func scalar(n *yaml.Node) string {
	if n.Style != 0 {
		return n.Value
	}
	switch strings.ToLower(n.Value) {
	case "true", "yes", "on":
		return "true"
	case "false", "no", "off":
		return "false"
	}
	return n.Value
}

// yamlError takes the line out of a message such as
// "yaml: line 3: mapping values are not allowed in this context".
func yamlError(file, text string, err error) error {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	e := &Error{File: file, Message: "not valid YAML: " + message}
	where, what, ok := strings.Cut(message, ": ")
	if number, is := strings.CutPrefix(where, "line "); ok && is {
		if line, err := strconv.Atoi(number); err == nil && line >= 1 {
			// At the end of the file it may count one too many.
			e.Line = min(line, 1+strings.Count(text, "\n")+strings.Count(text, "\r")-strings.Count(text, "\r\n"))
			e.Message = "not valid YAML: " + what
		}
	}
	return e
}
