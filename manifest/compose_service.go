package manifest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

var composeName = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// composeTop and composeKeys are the keys of compose-go's schema; composeRead are
// those that have a place in an App.
//
//nolint:gochecknoglobals // tables
var (
	composeTop  = []string{"version", "name", "include", "services", "models", "networks", "volumes", "secrets", "configs", "jobs"}
	composeKeys = strings.Fields(`annotations attach blkio_config build cap_add cap_drop cgroup cgroup_parent command configs
		container_name cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset
		credential_spec depends_on deploy develop device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint
		env_file environment expose extends external_links extra_hosts gpus group_add healthcheck hostname image init ipc
		isolation label_file labels links logging mac_address mem_limit mem_reservation mem_swappiness memswap_limit models
		network_mode networks oom_kill_disable oom_score_adj pid pids_limit platform ports post_start pre_start pre_stop
		privileged profiles provider pull_policy pull_refresh_after read_only restart runtime scale secrets security_opt
		shm_size stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits umask use_api_socket user
		userns_mode uts volumes volumes_from working_dir`)
	buildKeys = strings.Fields(`additional_contexts args cache_from cache_to context dockerfile dockerfile_inline entitlements
		extra_hosts isolation labels network no_cache no_cache_filter platforms privileged provenance pull sbom secrets shm_size
		ssh tags target ulimits`)
	healthKeys = []string{"disable", "interval", "retries", "test", "timeout", "start_period", "start_interval"}
)

// service reads what devrun understands of a service into compose-go's canonical
// form. What is wrong is left out, so that a file with one bad value is not lost;
// the rest is for Docker alone.
func (r *composeReader) service(part *composeFile, e entry) map[string]any {
	service := map[string]any{}
	for _, o := range r.allEntries(r.oldBuild(e.value), fmt.Sprintf("`%s`", e.key)) {
		if isReplaced(o.value) {
			part.replaced = append(part.replaced, []string{"services", e.key, o.key})
		}
		if isNull(o.value) || o.value.Tag == resetTag {
			continue
		}
		where := []string{"services", part.scope + e.key, o.key}
		r.at[key(where...)] = r.source(o.at)
		if o.key == "extends" {
			r.extends(part, e.key, o)
		} else if value := r.value(o, where); value != nil {
			service[o.key] = value
		}
	}
	return service
}

// The tags with which an override file takes something out, or puts it in the
// place of what is there (https://docs.docker.com/reference/compose-file/merge/).
const (
	resetTag    = "!reset"
	overrideTag = "!override"
)

func isReplaced(n *yaml.Node) bool { return n.Tag == resetTag || n.Tag == overrideTag }

// value reads one key of a service; nil leaves it out.
func (r *composeReader) value(o entry, where []string) any {
	what := fmt.Sprintf("`%s`", o.key)
	switch o.key {
	case "image", "restart", "stop_signal", "stop_grace_period", "working_dir", "scale", "network_mode":
		return r.scalar(o.value, what)
	case "command", "entrypoint":
		return r.command(o.value, what, where)
	case "environment":
		return r.environment(o.value, what, where)
	case "labels":
		return r.labels(o.value, where)
	case "env_file":
		return r.envFileList(o.value, where)
	case "depends_on":
		return r.dependsOn(o.value, where)
	case "links", "profiles", "expose", "volumes_from":
		return r.words(o.value, what, where)
	case "ports", "volumes":
		return r.mounts(o, where)
	case "build":
		return r.buildMap(o.value, where)
	case "healthcheck":
		return r.healthcheck(o.value, where)
	case "deploy":
		return r.deploy(o.value, where)
	}
	if !slices.Contains(composeKeys, o.key) && !slices.Contains(oldKeys, o.key) && !strings.HasPrefix(o.key, "x-") {
		r.unknown(o, "a service", composeKeys)
	}
	return nil
}

// scalar is one value as text; nil when it is none.
func (r *composeReader) scalar(n *yaml.Node, what string) any {
	if _, ok := r.text(n, what); !ok {
		return nil
	}
	return r.interpolate(n)
}

// scalars are the single values of a map, by their keys. A key that is not known
// is told of, unless known is nil.
func (r *composeReader) scalars(n *yaml.Node, what string, known []string) map[string]any {
	m := map[string]any{}
	for _, e := range r.entries(n, what) {
		if known != nil && !slices.Contains(known, e.key) {
			r.unknown(e, what, known)
			continue
		}
		if e.value.Kind != yaml.ScalarNode && known == nil {
			continue // an option that only Docker reads
		}
		if v := r.scalar(e.value, fmt.Sprintf("`%s`", clip(e.key))); v != nil {
			m[e.key] = v
		}
	}
	return m
}

// words is a list of scalars, or one for a list of one.
func (r *composeReader) words(n *yaml.Node, what string, where []string) any {
	if n.Kind == yaml.MappingNode {
		r.skip(n, "%s is to be a list, not a map: left out", what)
		return nil
	}
	list := []any{}
	for _, item := range itemsOf(n) {
		if s, ok := r.scalar(item, "an item of "+what).(string); ok {
			list = append(list, s)
			r.at[key(append(slices.Clone(where), s)...)] = r.source(item)
		}
	}
	return list
}

// itemsOf lists what is in a list, or n alone; nulls are left out.
func itemsOf(n *yaml.Node) []*yaml.Node {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = slices.Clone(n.Content)
	}
	return slices.DeleteFunc(items, isNull)
}

// command is a text, which Compose takes apart, or a list of words.
func (r *composeReader) command(n *yaml.Node, what string, where []string) any {
	if n.Kind == yaml.MappingNode {
		r.skip(n, "%s is to be a command or a list of its words, not a map: left out", what)
		return nil
	}
	if n.Kind == yaml.ScalarNode {
		return r.scalar(n, what)
	}
	return r.words(n, what, where)
}

// labels are nothing to devrun but for a few of Convox', so that nothing in them
// is worth a message.
func (r *composeReader) labels(n *yaml.Node, where []string) any {
	problems, unset, failed := len(r.problems), maps.Clone(r.unset), r.failed
	list := r.environment(n, "`labels`", where)
	r.problems, r.unset, r.failed = r.problems[:problems], unset, failed
	return list
}

func (r *composeReader) extends(part *composeFile, name string, o entry) {
	ext := extension{Source: r.source(o.at)}
	if o.value.Kind == yaml.ScalarNode {
		ext.service = r.interpolate(o.value)
	} else {
		m := r.scalars(o.value, "`extends`", []string{"service", "file"})
		ext.service, _ = m["service"].(string)
		ext.file, _ = m["file"].(string)
	}
	if ext.service == "" {
		r.skip(o.at, "`extends` names no `service`: left out")
		return
	}
	part.extends[name] = ext
}

func (r *composeReader) envFileList(n *yaml.Node, where []string) any {
	list := []any{}
	for _, item := range itemsOf(n) {
		file := map[string]any{}
		if item.Kind == yaml.MappingNode {
			file = r.scalars(item, "`env_file`", []string{"path", "required", "format"})
		} else if v := r.scalar(item, "an item of `env_file`"); v != nil {
			file["path"] = v
		}
		path, _ := file["path"].(string)
		if path == "" {
			r.skip(item, "an item of `env_file` has no `path`: left out")
			continue
		}
		list = append(list, file)
		r.at[key(append(slices.Clone(where), path)...)] = r.source(item)
	}
	return list
}

func (r *composeReader) dependsOn(n *yaml.Node, where []string) any {
	deps := map[string]any{}
	if n.Kind != yaml.MappingNode {
		list := r.words(n, "`depends_on`", where)
		for _, name := range stringsOf(list) {
			deps[name] = map[string]any{"condition": "service_started", "required": "true"}
		}
		return deps
	}
	for _, e := range r.allEntries(n, "`depends_on`") {
		deps[e.key] = r.scalars(e.value, "`depends_on`", []string{"condition", "required", "restart"})
		r.at[key(append(slices.Clone(where), e.key)...)] = r.source(e.at)
	}
	return deps
}

// mounts reads ports or volumes: each item in its short form or as a map.
func (r *composeReader) mounts(o entry, where []string) any {
	all := []any{}
	for _, item := range itemsOf(o.value) {
		value := r.mount(item, o.key)
		if value == nil {
			continue
		}
		list, err := canonical(o.key, []any{value})
		if err != nil {
			such := map[string]string{"ports": "port, such as 8080:80", "volumes": "volume, such as ./data:/data"}
			r.skip(item, "`%s` is no %s: left out (%s)", clip(item.Value), such[o.key], saying(err))
			continue
		}
		for _, m := range list {
			r.at[key(append(slices.Clone(where), mountKey(m))...)] = r.source(item)
		}
		all = append(all, list...)
	}
	return all
}

func (r *composeReader) mount(item *yaml.Node, what string) any {
	if item.Kind != yaml.MappingNode {
		return r.scalar(item, "an item of `"+what+"`")
	}
	m := r.scalars(item, "an item of `"+what+"`", nil)
	if m["target"] == nil {
		r.skip(item, "an item of `%s` has no `target`: left out", what)
		return nil
	}
	return m
}

// mountKey tells one port or volume of a service from the others.
func mountKey(v any) string {
	m, _ := v.(map[string]any)
	return fmt.Sprint(m["target"], m["published"], m["protocol"], m["host_ip"])
}

func (r *composeReader) buildMap(n *yaml.Node, where []string) any {
	if n.Kind == yaml.ScalarNode {
		return map[string]any{"context": r.interpolate(n)}
	}
	build := map[string]any{}
	for _, e := range r.entries(n, "`build`") {
		at := append(slices.Clone(where), e.key)
		r.at[key(at...)] = r.source(e.at)
		var v any
		switch e.key {
		case "context", "dockerfile", "target":
			v = r.scalar(e.value, fmt.Sprintf("`build.%s`", e.key))
		case "args":
			v = r.environment(e.value, "`build.args`", at)
		case "dockerfile_inline":
			r.skip(e.at, "`dockerfile_inline` is not read: put it into a Dockerfile and name that")
		default:
			if !slices.Contains(buildKeys, e.key) && !strings.HasPrefix(e.key, "x-") {
				r.unknown(e, "`build`", buildKeys)
			}
		}
		if v != nil {
			build[e.key] = v
		}
	}
	return build
}

func (r *composeReader) healthcheck(n *yaml.Node, where []string) any {
	check := map[string]any{}
	for _, e := range r.entries(n, "`healthcheck`") {
		at := append(slices.Clone(where), e.key)
		r.at[key(at...)] = r.source(e.at)
		var v any
		switch {
		case !slices.Contains(healthKeys, e.key):
			r.unknown(e, "`healthcheck`", healthKeys)
		case e.key == "test":
			v = r.command(e.value, "`test`", at)
		default:
			v = r.scalar(e.value, fmt.Sprintf("`%s`", e.key))
		}
		if v != nil {
			check[e.key] = v
		}
	}
	return check
}

// deploy reads how many instances there are and what follows an end; the rest is
// for a swarm.
func (r *composeReader) deploy(n *yaml.Node, where []string) any {
	deploy := map[string]any{}
	for _, e := range r.entries(n, "`deploy`") {
		r.at[key(append(slices.Clone(where), e.key)...)] = r.source(e.at)
		switch e.key {
		case "replicas":
			if v := r.scalar(e.value, "`replicas`"); v != nil {
				deploy[e.key] = v
			}
		case "restart_policy":
			deploy[e.key] = r.scalars(e.value, "`restart_policy`", nil)
		}
	}
	return deploy
}
