package manifest

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// port reads 3000, "https:3000" or a map of both.
func (r *convoxReader) port(n *yaml.Node) []Port {
	if n.Kind != yaml.MappingNode {
		return r.schemePort(n, "")
	}
	var at *yaml.Node
	scheme := ""
	for _, e := range r.entries(n, "`port`") {
		switch e.key {
		case "port":
			at = e.value
		case "scheme":
			scheme, _ = r.text(e.value, "`port.scheme`")
		default:
			r.ignored(e, "`port`", []string{"port", "scheme"})
		}
	}
	if at == nil {
		r.skip(n, "`port` has no `port`: write `port: 3000`")
		return nil
	}
	return r.schemePort(at, scheme)
}

func (r *convoxReader) schemePort(n *yaml.Node, scheme string) []Port {
	s, ok := r.text(n, "`port`")
	if !ok {
		return nil
	}
	if before, after, has := strings.Cut(s, ":"); has {
		if _, err := strconv.Atoi(before); err == nil {
			r.note(n, "`port` is `%s`, but only the router says what is published: write `port: %s`", clip(s), clip(after))
		} else if scheme == "" {
			scheme = before
		}
		s = after
	}
	port, ok := r.portNumber(n, s)
	if !ok {
		return nil
	}
	schemes := []string{"http", "https", "grpc", "tcp", "secure-grpc"}
	if scheme = strings.ToLower(scheme); scheme != "" && !slices.Contains(schemes, scheme) {
		r.note(n, "`%s` is no scheme that Convox knows: use http, https or grpc", clip(scheme))
		scheme = ""
	}
	return []Port{{Container: port, Scheme: scheme, Source: r.source(n)}}
}

func (r *convoxReader) portNumber(n *yaml.Node, s string) (int, bool) {
	port, err := strconv.Atoi(s)
	if err != nil || port < 1 || port > 65535 {
		r.skip(n, "`%s` is no port: write a number from 1 to 65535", clip(s))
		return 0, false
	}
	return port, true
}

// ports are further ones, between the services.
func (r *convoxReader) ports(n *yaml.Node) []Port {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	var list []Port
	for _, item := range items {
		s, ok := r.text(item, "an item of `ports`")
		if !ok {
			continue
		}
		number, protocol, _ := strings.Cut(s, "/")
		protocol = strings.ToLower(protocol)
		if protocol != "" && protocol != "tcp" && protocol != "udp" {
			r.skip(item, "`%s` is no protocol of a port, only tcp or udp: left out", clip(protocol))
			continue
		}
		if port, ok := r.portNumber(item, number); ok {
			list = append(list, Port{Container: port, Protocol: protocol, Source: r.source(item)})
		}
	}
	return list
}

// health reads how Convox tells that a service can be used. Where the file does
// not say, its grace is one interval, and a try may take a second less than that.
func (r *convoxReader) health(e entry) *Ready {
	ready := &Ready{Path: "/", Interval: 5 * time.Second, Source: r.source(e.at)}
	if e.value.Kind != yaml.MappingNode {
		ready.Path, _ = r.text(e.value, "`health`")
	}
	known := []string{"path", "interval", "timeout", "grace", "port", "disable"}
	disabled := false
	if e.value.Kind == yaml.MappingNode {
		for _, o := range r.entries(e.value, "`health`") {
			switch o.key {
			case "path":
				ready.Path, _ = r.text(o.value, "`health.path`")
			case "interval":
				ready.Interval = r.seconds(o.value, "`health.interval`")
			case "timeout":
				ready.Timeout = r.seconds(o.value, "`health.timeout`")
			case "grace":
				ready.Grace = r.seconds(o.value, "`health.grace`")
			case "port":
				ready.Port = r.healthPort(o.value)
			case "disable":
				disabled = r.boolean(o.value, "`health.disable`")
			default:
				r.ignored(o, "`health`", known)
			}
		}
	}
	if disabled {
		return nil
	}
	return completed(ready)
}

func completed(ready *Ready) *Ready {
	if ready.Interval == 0 {
		ready.Interval = 5 * time.Second
	}
	if ready.Grace == 0 {
		ready.Grace = ready.Interval
	}
	if ready.Timeout == 0 {
		ready.Timeout = max(ready.Interval-time.Second, time.Second)
	}
	if !strings.HasPrefix(ready.Path, "/") {
		ready.Path = "/" + ready.Path
	}
	return ready
}

func (r *convoxReader) healthPort(n *yaml.Node) int {
	s, ok := r.text(n, "`health.port`")
	if !ok {
		return 0
	}
	if _, after, has := strings.Cut(s, ":"); has {
		s = after
	}
	port, _ := r.portNumber(n, s)
	return port
}

// seconds is a whole number of them, as all times of Convox are.
func (r *convoxReader) seconds(n *yaml.Node, what string) time.Duration {
	if s, ok := r.text(n, what); ok {
		if d, err := time.ParseDuration(s); err == nil && d > 0 {
			r.skip(n, "%s is `%s`, but Convox counts in seconds: write `%d`", what, clip(s), int(d.Seconds()))
			return 0
		}
	}
	v, ok := 0, n.Kind == yaml.ScalarNode
	if ok {
		v, _ = r.number(n, what, 0, 86400)
	}
	return time.Duration(v) * time.Second
}
