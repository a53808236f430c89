package manifest

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// environment reads a list of NAME, NAME=default and "*". A list in it is of the
// same, which lets anchors be used.
func (r *convoxReader) environment(n *yaml.Node) ([]Variable, error) {
	if n == nil || isNull(n) {
		return nil, nil
	}
	if n.Kind != yaml.SequenceNode {
		// Convox refuses the whole file, so a run without the variables would
		// be worse than none.
		return nil, r.fail(n, "`environment` is to be a list, not a %s: write `- NAME=value`, or `- NAME` for what has to be set", kindName(n))
	}
	var list []Variable
	for _, item := range n.Content {
		if item.Kind != yaml.SequenceNode {
			list = r.declaration(list, item)
			continue
		}
		for _, inner := range item.Content {
			list = r.declaration(list, inner)
		}
	}
	return list, nil
}

// declaration adds one item of an environment.
func (r *convoxReader) declaration(list []Variable, n *yaml.Node) []Variable {
	if n.Kind == yaml.MappingNode && len(n.Content) >= 2 && n.Content[1].Kind == yaml.ScalarNode {
		name := clip(n.Content[0].Value)
		r.skip(n, "`%s: ` in a list is passed over by Convox: write `- %s=%s`", name, name, clip(n.Content[1].Value))
		return list
	}
	if n.Kind != yaml.ScalarNode {
		r.skip(n, "an item of `environment` is a %s, which Convox passes over: write `- NAME=value`", kindName(n))
		return list
	}
	if isNull(n) {
		return list
	}
	r.needed(n)
	name, value, given := strings.Cut(n.Value, "=")
	if name != "*" && !isVariableName(name) {
		hint := "write `- NAME=value`"
		if tidy := strings.TrimSpace(name); isVariableName(tidy) {
			hint = "no blanks round the ="
		}
		r.skip(n, "`%s` is no name of a variable: %s", clip(name), hint)
		return list
	}
	v := Variable{Name: name, Value: value, Rule: Required, Source: r.source(n)}
	switch {
	case given:
		v.Rule = Default
	case name == "*":
		v.Rule = Passed
	}
	return append(list, v)
}

// combine puts a service's own variables behind those of all, as Convox does.
// Of two defaults the later one counts; but a name that anyone requires is
// required, whatever defaults it has elsewhere.
func (r *convoxReader) combine(own []Variable) []Variable {
	var list []Variable
	for _, v := range slices.Concat(r.env, own) {
		i := slices.IndexFunc(list, func(o Variable) bool { return o.Name == v.Name })
		switch {
		case i < 0:
			list = append(list, v)
		case list[i].Rule == Required && v.Rule == Default:
			r.useless(v, list[i])
		case list[i].Rule == Default && v.Rule == Required:
			r.useless(list[i], v)
			list[i] = v
		default:
			list[i] = v
		}
	}
	return list
}

// useless notes a default of a variable that is required elsewhere; once, for it
// may be one of all services.
func (r *convoxReader) useless(def, required Variable) {
	p := Problem{File: def.File, Line: def.Line, Message: fmt.Sprintf(
		"the default of `%s` never counts: line %d has it without one, so Convox wants it set; remove one of the two",
		clip(def.Name), required.Line,
	)}
	if !slices.Contains(r.problems, p) {
		r.problems = append(r.problems, p)
	}
}
