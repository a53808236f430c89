package manifest

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// addons reads the add-ons of a heroku.yml or app.json: a plan, or a map with a
// plan and the name it is attached as.
func (f *yamlFile) addons(n *yaml.Node, what string) []Resource {
	if n.Kind != yaml.SequenceNode {
		f.skip(n, "%s is to be a list of plans such as heroku-postgresql, not a %s: left out", what, kindName(n))
		return nil
	}
	var list []Resource
	for _, item := range n.Content {
		if item.Kind == yaml.ScalarNode {
			list = f.addon(list, item, item.Value, "")
			continue
		}
		var plan, as string
		known := []string{"plan", "as", "options"}
		for _, e := range f.entries(item, "an item of "+what) {
			switch e.key {
			case "plan":
				plan, _ = f.text(e.value, "`plan`")
			case "as":
				as, _ = f.text(e.value, "`as`")
			case "options":
			default:
				f.unknown(e, "an add-on", known)
			}
		}
		if item.Kind == yaml.MappingNode {
			list = f.addon(list, item, plan, as)
		}
	}
	return list
}

func (f *yamlFile) addon(list []Resource, at *yaml.Node, plan, as string) []Resource {
	plan = strings.TrimSpace(plan)
	if plan == "" {
		f.skip(at, "an add-on without a plan such as heroku-postgresql: left out")
		return list
	}
	name := as
	if name == "" {
		name, _, _ = strings.Cut(plan, ":")
	}
	return append(list, Resource{Name: name, Type: plan, Source: f.source(at)})
}

// variables reads a map of names and values.
func (f *yamlFile) variables(n *yaml.Node, what string, rule Rule) []Variable {
	var list []Variable
	for _, e := range f.allEntries(n, what) {
		if !isVariableName(e.key) {
			f.skip(e.at, "`%s` is no name of a variable: left out", clip(e.key))
			continue
		}
		v := Variable{Name: e.key, Rule: rule, Source: f.source(e.at)}
		if !isNull(e.value) {
			if _, ok := f.text(e.value, fmt.Sprintf("`%s`", clip(e.key))); !ok {
				continue
			}
			v.Value = e.value.Value // a value is data: its blanks are kept
		}
		list = append(list, v)
	}
	return list
}

// isVariableName says that an environment can hold the name.
func isVariableName(s string) bool {
	return s != "" && !strings.ContainsAny(s, "= \t\r\n\x00")
}

// allEntries is entries with those whose value is null.
func (f *yamlFile) allEntries(n *yaml.Node, what string) []entry {
	if n == nil || n.Kind != yaml.MappingNode {
		return f.entries(n, what)
	}
	var list []entry
	for i := 0; i+1 < len(n.Content); i += 2 {
		list = append(list, entry{n.Content[i].Value, n.Content[i], n.Content[i+1]})
	}
	return list
}
