package manifest

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// oldKeys are what a service had in version 1 and 2 of the format, and what only
// Convox' first generation reads. None has a place in an App.
//
//nolint:gochecknoglobals // a table
var oldKeys = []string{"net", "log_driver", "log_opt", "volume_driver", "dockerfile", "external_links", "cpu_quota", "memswap_limit"}

// oldBuild puts the Dockerfile that a service of version 1 names beside its build
// into it.
func (r *composeReader) oldBuild(service *yaml.Node) *yaml.Node {
	var dockerfile, build *yaml.Node
	rest := *service
	rest.Content = nil
	for i := 0; i+1 < len(service.Content); i += 2 {
		k, v := service.Content[i], service.Content[i+1]
		switch {
		case k.Value == "dockerfile" && !isNull(v):
			dockerfile = v
		case k.Value == "build" && !isNull(v):
			build = v
		default:
			rest.Content = append(rest.Content, k, v)
		}
	}
	if dockerfile == nil {
		return service
	}
	word := func(s string, at *yaml.Node) *yaml.Node {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s, Line: at.Line}
	}
	long := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: dockerfile.Line}
	switch {
	case build == nil:
		build = dockerfile
		long.Content = []*yaml.Node{word("context", build), word(".", build)}
	case build.Kind != yaml.MappingNode:
		long.Content = []*yaml.Node{word("context", build), build}
	default:
		long.Content = r.without(build, "dockerfile", dockerfile.Line)
	}
	long.Content = append(long.Content, word("dockerfile", dockerfile), dockerfile)
	rest.Content = append(rest.Content, word("build", build), long)
	return &rest
}

// without is a map's content without a key, of which line says it once more.
func (r *composeReader) without(n *yaml.Node, name string, line int) []*yaml.Node {
	var content []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != name {
			content = append(content, n.Content[i], n.Content[i+1])
			continue
		}
		r.skip(n.Content[i], "`%s` is there twice, also on line %d: remove one of the two", name, line)
	}
	return content
}

// modernize makes a file of today's form out of a file of version 1 or 2, as
// Convox' first generation and docker-compose 1 read them. Every node keeps its
// line. What it returns may share nodes with root.
func (r *composeReader) modernize(root *yaml.Node) *yaml.Node {
	top := *root
	top.Content = nil
	for i := 0; i+1 < len(root.Content); i += 2 {
		k, v := root.Content[i], root.Content[i+1]
		if k.Value != "version" {
			top.Content = append(top.Content, k, v)
			continue
		}
		// docker-compose has always refused a number; Convox' guides have one.
		r.gen1Files[r.name] = v.Tag == "!!int"
	}
	if !isVersion1(&top) {
		return &top
	}
	services := top
	services.Content = nil
	for i := 0; i+1 < len(top.Content); i += 2 {
		if !strings.HasPrefix(top.Content[i].Value, "x-") {
			services.Content = append(services.Content, top.Content[i], top.Content[i+1])
		}
	}
	top.Content = []*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!str", Value: "services", Line: root.Line}, &services}
	return &top
}

// isVersion1 says that the services are the file's top level.
func isVersion1(root *yaml.Node) bool {
	found := false
	for i := 0; i+1 < len(root.Content); i += 2 {
		k, v := root.Content[i].Value, root.Content[i+1]
		if k == "services" || k == "include" {
			return false
		}
		if v.Kind != yaml.MappingNode || slices.Contains(composeTop, k) {
			continue
		}
		for j := 0; j+1 < len(v.Content); j += 2 {
			found = found || slices.Contains([]string{"image", "build", "command", "dockerfile", "extends"}, v.Content[j].Value)
		}
	}
	return found
}

// convox reads the labels of Convox' first generation that have a place in a
// process (https://docsv1.convox.com/docs/docker-compose-labels/).
func (c composeService) convox(p *Process) {
	check := Ready{Source: p.Source}
	for _, text := range stringsOf(c.is["labels"]) {
		name, value, _ := strings.Cut(text, "=")
		label, ok := strings.CutPrefix(name, "convox.")
		if !ok {
			continue
		}
		at := c.at("labels", name)
		number, err := strconv.Atoi(value)
		if err != nil {
			number = 0
		}
		seconds := time.Duration(min(max(number, 0), maxSeconds)) * time.Second
		switch label {
		case "health.path":
			check.Path, check.Source = value, at
		case "health.port":
			check.Port = number
		case "health.interval":
			check.Interval = seconds
		case "health.timeout":
			check.Timeout = seconds
		case "draining.timeout":
			if p.Stop.Grace == 0 {
				p.Stop.Grace = seconds
			}
		default:
			c.convoxPort(p, label, value)
		}
	}
	if check.Path != "" && p.Order.Ready == nil {
		p.Order.Ready = &check
	}
}

// convoxPort reads convox.port.443.protocol, where 443 is the published port.
func (c composeService) convoxPort(p *Process, label, value string) {
	rest, ok := strings.CutPrefix(label, "port.")
	number, what, _ := strings.Cut(rest, ".")
	if !ok || what != "protocol" {
		return
	}
	for i, port := range p.Ports {
		if strconv.Itoa(port.Host) == number && (value == "http" || value == "https") {
			p.Ports[i].Scheme = value
		}
	}
}
