package manifest

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// service reads one service; its value may be null, for all defaults.
func (r *convoxReader) service(e entry) error {
	s := convoxService{Process: Process{Type: e.key, Source: r.source(e.at)}, what: "the service `" + e.key + "`"}
	var own *yaml.Node
	for _, o := range r.allEntries(e.value, s.what) {
		if o.key == "environment" {
			own = o.value
		}
		r.serviceKey(o, &s)
	}
	env, err := r.environment(own)
	if err != nil {
		return err
	}
	s.Env = r.combine(env)
	r.image(&s, e)
	s.Ports = append(s.port, s.ports...)
	if len(s.port) == 0 {
		// Without a port of its own Convox asks nothing of it.
		s.Order.Ready = nil
	}
	s.Stop.Grace = s.grace
	if s.grace == 0 {
		s.Stop.Grace = s.drain
	}
	r.app.Processes = append(r.app.Processes, s.Process)
	return nil
}

// convoxService is a service while it is read: values of which one decides over
// another are kept apart.
type convoxService struct {
	Process
	what         string
	build        *Build
	port, ports  []Port
	grace, drain time.Duration
}

// serviceKey reads one key of a service.
func (r *convoxReader) serviceKey(e entry, s *convoxService) {
	switch e.key {
	case "build", "image", "command", "port", "ports", "health", "scale", "volumes":
		r.needed(e.value)
	}
	if isNull(e.value) {
		return
	}
	switch e.key {
	case "build":
		s.build = r.build(e)
	case "image":
		s.Image.Ref, _ = r.text(e.value, "`image`")
	case "command":
		s.Command = r.command(e.value)
	case "port":
		s.port = r.port(e.value)
	case "ports":
		s.ports = r.ports(e.value)
	case "health":
		s.Order.Ready = r.health(e)
	case "scale":
		s.Count = r.scale(e.value, s.Type)
	case "resources":
		s.Resources = r.uses(e.value, s.what)
	case "links":
		r.links(e.value, s.what)
	case "volumes":
		s.Image.Volumes = r.volumes(e.value)
	case "termination":
		s.grace = r.termination(e)
	case "drain":
		s.drain = r.seconds(e.value, "`drain`")
	default:
		if !slices.Contains(convoxServiceKeys(), e.key) {
			r.ignored(e, s.what, convoxServiceKeys())
		}
	}
}

// convoxServiceKeys are the keys of a service in version 2 or 3. Those that
// serviceKey does not name change nothing on one machine: they are the router's,
// the scheduler's or the cloud's.
func convoxServiceKeys() []string {
	return []string{
		"build", "command", "drain", "environment", "health", "image", "links", "port", "ports",
		"resources", "scale", "termination", "volumes",
		"accessControl", "agent", "annotations", "certificate", "configMounts", "deployment",
		"dnsConfig", "domain", "grpcHealthEnabled", "ingressAnnotations", "init", "initContainer", "internal",
		"internalRouter", "labels", "lifecycle", "liveness", "imagePullSecrets", "nlb",
		"nodeAffinityLabels", "nodeSelectorLabels", "policies", "privileged", "securityContext", "singleton",
		"startupProbe", "sticky", "tags", "telemetry", "test", "timeout", "tls", "topologySpreadConstraints",
		"volumeOptions", "whitelist",
	}
}

// command is as it is written: version 2 gives it to a shell, version 3 takes it
// apart as one would. A list is version 2's.
func (r *convoxReader) command(n *yaml.Node) string {
	if n.Kind == yaml.SequenceNode {
		return quoteWords(r.texts(n, "`command`"))
	}
	command, _ := r.text(n, "`command`")
	return command
}

// build reads a path, or a map of where and how; a Dockerfile is looked for
// below the path.
func (r *convoxReader) build(e entry) *Build {
	b := &Build{Source: r.source(e.at)}
	dir, dockerfile := ".", "Dockerfile"
	known := []string{"path", "manifest", "args"}
	if e.value.Kind != yaml.MappingNode {
		dir, _ = r.text(e.value, "`build`")
	} else {
		for _, o := range r.entries(e.value, "`build`") {
			switch o.key {
			case "path":
				dir, _ = r.text(o.value, "`build.path`")
			case "manifest":
				dockerfile, _ = r.text(o.value, "`build.manifest`")
			case "args":
				b.Args = r.args(o.value)
			default:
				r.ignored(o, "`build`", known)
			}
		}
	}
	if dockerfile == "" {
		dockerfile = "Dockerfile"
	}
	b.Context = path.Clean(dir)
	b.Dockerfile = path.Join(b.Context, dockerfile)
	return b
}

// args are the build's: NAME=value, or NAME for what the user has set.
func (r *convoxReader) args(n *yaml.Node) []Variable {
	if n.Kind != yaml.SequenceNode {
		r.skip(n, "`args` is to be a list of NAME=value, not a %s: left out", kindName(n))
		return nil
	}
	var list []Variable
	for _, item := range n.Content {
		text, ok := r.text(item, "an item of `args`")
		if !ok {
			continue
		}
		name, value, given := strings.Cut(text, "=")
		if !isVariableName(name) {
			r.skip(item, "`%s` in `args` is no NAME=value: left out", clip(text))
			continue
		}
		v := Variable{Name: name, Value: value, Rule: Passed, Source: r.source(item)}
		if given {
			v.Rule = Literal
		}
		list = append(list, v)
	}
	return list
}

// image settles what a service runs in: an image wins over a build, and without
// either the project's own Dockerfile is built.
func (r *convoxReader) image(s *convoxService, e entry) {
	switch {
	case s.Image.Ref == "" && s.build == nil:
		s.Image.Build = &Build{Context: ".", Dockerfile: "Dockerfile", Source: r.source(e.at)}
	case s.Image.Ref == "":
		s.Image.Build = s.build
	case s.build != nil:
		r.problems = append(r.problems, Problem{
			File: r.name, Line: s.build.Line,
			Message: fmt.Sprintf("%s has `image` too, and that wins: remove one of the two", s.what),
		})
	}
}

func (r *convoxReader) termination(e entry) time.Duration {
	var grace time.Duration
	for _, o := range r.entries(e.value, "`termination`") {
		if o.key != "grace" {
			r.ignored(o, "`termination`", []string{"grace"})
			continue
		}
		grace = r.seconds(o.value, "`termination.grace`")
	}
	return grace
}

// scale is how many instances there are at least: 2, "1-5", "2+", or a map with
// such a count.
func (r *convoxReader) scale(n *yaml.Node, name string) int {
	if n.Kind == yaml.MappingNode {
		n = r.scaleCount(n)
		if n == nil {
			return 0
		}
	}
	s, ok := r.text(n, "`scale`")
	if !ok {
		return 0
	}
	least, most, isRange := strings.Cut(strings.TrimSuffix(s, "+"), "-")
	count, err := strconv.Atoi(strings.TrimSpace(least))
	if isRange && err == nil {
		_, err = strconv.Atoi(strings.TrimSpace(most))
	}
	if err != nil || count < 0 || count > 1000 {
		r.skip(n, "`scale` is `%s`, neither a number nor a range such as 1-5: left out", clip(s))
		return 0
	}
	if count == 0 {
		r.note(n, "`%s` has a scale of 0 and does not start; to start it: devrun start %s=1", name, name)
		return -1
	}
	return count
}

// scaleCount finds what says how many in a map: count, or min.
func (r *convoxReader) scaleCount(n *yaml.Node) *yaml.Node {
	known := []string{"count", "min", "max", "cpu", "memory", "limit", "gpu", "targets", "autoscale", "keda", "vpa", "cooldown"}
	var count, least *yaml.Node
	for _, e := range r.entries(n, "`scale`") {
		switch e.key {
		case "count":
			count = e.value
		case "min":
			least = e.value
		default:
			if !slices.Contains(known, e.key) {
				r.ignored(e, "`scale`", known)
			}
		}
	}
	if count == nil || count.Kind != yaml.MappingNode {
		if count != nil {
			return count
		}
		return least
	}
	for _, e := range r.entries(count, "`scale.count`") {
		if e.key == "min" {
			return e.value
		}
	}
	return nil
}

// uses are the resources that a service is given: NAME, or NAME:VARIABLE.
func (r *convoxReader) uses(n *yaml.Node, what string) []string {
	var list []string
	for _, item := range r.texts(n, "`resources`") {
		name, _, _ := strings.Cut(item, ":")
		if !slices.Contains(r.declared, name) {
			hint := ": declare it under the file's own `resources`"
			if near := nearest(name, r.declared); near != "" {
				hint = fmt.Sprintf(": did you mean `%s`?", near)
			}
			r.skip(n, "%s uses the resource `%s`, which is not there%s", what, clip(name), hint)
			continue
		}
		list = append(list, item)
	}
	return list
}

// links give a service the addresses of others, in version 2; they say nothing of
// an order.
func (r *convoxReader) links(n *yaml.Node, what string) {
	for _, name := range r.texts(n, "`links`") {
		if !slices.Contains(r.services, name) {
			r.skip(n, "%s links to a service `%s`, which is not there%s", what, clip(name), r.meantService(name))
		}
	}
}

// volumes reads `/path`, `name:/path` and `/host/path:/path`.
func (r *convoxReader) volumes(n *yaml.Node) []Volume {
	var list []Volume
	for _, item := range r.texts(n, "`volumes`") {
		item = strings.TrimSpace(item)
		from, to, has := strings.Cut(item, ":")
		if !has {
			from, to = "", item
			if item == "/var/run/docker.sock" {
				from = item // Convox gives it the machine's own
			}
		}
		if !path.IsAbs(to) {
			r.skip(n, "the volume `%s` has no absolute path: write `/data` or `name:/data`", clip(item))
			continue
		}
		v := Volume{Path: to}
		if strings.HasPrefix(from, "/") || strings.HasPrefix(from, ".") {
			v.HostPath = from
		} else {
			v.Name = from
		}
		list = append(list, v)
	}
	return list
}
