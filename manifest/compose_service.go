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
func (r *composeReader) service(part *composeFile, e entry) (map[string]any, error) {
	service := map[string]any{}
	n := r.oldBuild(e.value)
	for _, o := range r.allEntries(n, fmt.Sprintf("`%s`", e.key)) {
		where := []string{"services", part.scope + e.key, o.key}
		if o.value.Tag == "!reset" || o.value.Tag == "!override" {
			part.replaced = append(part.replaced, []string{"services", e.key, o.key})
		}
		if isNull(o.value) || o.value.Tag == "!reset" {
			continue
		}
		r.at[key(where...)] = r.source(o.at)
		if o.key == "extends" {
			if err := r.extends(part, e.key, o); err != nil {
				return nil, err
			}
			continue
		}
		value, err := r.value(o, where)
		if err != nil {
			return nil, err
		}
		if value != nil {
			service[o.key] = value
		}
	}
	return service, nil
}

// value reads one key of a service; nil leaves it out.
func (r *composeReader) value(o entry, where []string) (any, error) {
	what := fmt.Sprintf("`%s`", o.key)
	switch o.key {
	case "image", "restart", "stop_signal", "stop_grace_period", "working_dir", "scale", "network_mode":
		return r.scalar(o.value, what)
	case "command", "entrypoint":
		if o.value.Kind == yaml.MappingNode {
			r.skip(o.value, "%s is to be a command or a list of its words, not a map: left out", what)
			return nil, nil
		}
		if o.value.Kind == yaml.ScalarNode {
			return r.scalar(o.value, what)
		}
		return r.words(o.value, what, where)
	case "environment":
		return r.environment(o.value, what, where...)
	case "labels":
		return r.quietly(func() ([]any, error) { return r.environment(o.value, what, where...) })
	case "env_file":
		return r.envFileList(o, where)
	case "depends_on":
		return r.dependsOn(o, where)
	case "links", "profiles", "expose", "volumes_from":
		return r.words(o.value, what, where)
	case "ports", "volumes":
		return r.mounts(o, where)
	case "build":
		return r.buildMap(o, where)
	case "healthcheck":
		return r.healthcheck(o, where)
	case "deploy":
		return r.deploy(o, where)
	}
	if !slices.Contains(composeKeys, o.key) && !slices.Contains(oldKeys, o.key) && !strings.HasPrefix(o.key, "x-") {
		r.unknown(o, "a service", composeKeys)
	}
	return nil, nil
}

// scalar is one value as text; nil when it is none.
func (r *composeReader) scalar(n *yaml.Node, what string) (any, error) {
	if _, ok := r.text(n, what); !ok {
		return nil, nil
	}
	s, err := r.interpolate(n)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// words is a list of scalars, or one for a list of one.
func (r *composeReader) words(n *yaml.Node, what string, where []string) (any, error) {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	} else if n.Kind == yaml.MappingNode {
		r.skip(n, "%s is to be a list, not a map: left out", what)
		return nil, nil
	}
	list := []any{}
	for _, item := range items {
		if isNull(item) {
			continue
		}
		v, err := r.scalar(item, "an item of "+what)
		if err != nil {
			return nil, err
		}
		if s, ok := v.(string); ok {
			list = append(list, s)
			r.at[key(append(slices.Clone(where), s)...)] = r.source(item)
		}
	}
	return list, nil
}

// quietly reads what is nothing to devrun but for a few of Convox' labels.
func (r *composeReader) quietly(read func() ([]any, error)) (any, error) {
	problems, unset := len(r.problems), maps.Clone(r.unset)
	list, err := read()
	r.problems, r.unset = r.problems[:problems], unset
	if err != nil {
		return nil, nil //nolint:nilerr // a label that only Docker reads is no reason to stop
	}
	return list, nil
}

func (r *composeReader) extends(part *composeFile, name string, o entry) error {
	ext := extension{Source: r.source(o.at)}
	if o.value.Kind == yaml.ScalarNode {
		var err error
		ext.service, err = r.interpolate(o.value)
		part.extends[name] = ext
		return err
	}
	for _, e := range r.entries(o.value, "`extends`") {
		v, err := r.interpolate(e.value)
		if err != nil {
			return err
		}
		switch e.key {
		case "service":
			ext.service = v
		case "file":
			ext.file = v
		default:
			r.unknown(e, "`extends`", []string{"service", "file"})
		}
	}
	if ext.service == "" {
		r.skip(o.at, "`extends` names no `service`: left out")
		return nil
	}
	part.extends[name] = ext
	return nil
}

func (r *composeReader) envFileList(o entry, where []string) (any, error) {
	items := []*yaml.Node{o.value}
	if o.value.Kind == yaml.SequenceNode {
		items = o.value.Content
	}
	list := []any{}
	for _, item := range items {
		file := map[string]any{"required": "true"}
		if item.Kind == yaml.MappingNode {
			for _, e := range r.entries(item, "an item of `env_file`") {
				v, err := r.scalar(e.value, fmt.Sprintf("`%s`", clip(e.key)))
				if err != nil {
					return nil, err
				}
				if v != nil {
					file[e.key] = v
				}
			}
		} else if v, err := r.scalar(item, "an item of `env_file`"); err != nil {
			return nil, err
		} else if v != nil {
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
	return list, nil
}

func (r *composeReader) dependsOn(o entry, where []string) (any, error) {
	deps := map[string]any{}
	if o.value.Kind != yaml.MappingNode {
		list, err := r.words(o.value, "`depends_on`", where)
		names, _ := list.([]any)
		for _, name := range names {
			deps[name.(string)] = map[string]any{"condition": "service_started", "required": "true"}
		}
		return deps, err
	}
	for _, e := range r.allEntries(o.value, "`depends_on`") {
		dep := map[string]any{"condition": "service_started", "required": "true"}
		for _, d := range r.entries(e.value, fmt.Sprintf("`depends_on.%s`", clip(e.key))) {
			if !slices.Contains([]string{"condition", "required", "restart"}, d.key) {
				r.unknown(d, "`depends_on`", []string{"condition", "required", "restart"})
				continue
			}
			v, err := r.scalar(d.value, fmt.Sprintf("`%s`", d.key))
			if err != nil {
				return nil, err
			}
			if v != nil {
				dep[d.key] = v
			}
		}
		deps[e.key] = dep
		r.at[key(append(slices.Clone(where), e.key)...)] = r.source(e.at)
	}
	return deps, nil
}

// mounts reads ports or volumes: each item in its short form or as a map.
func (r *composeReader) mounts(o entry, where []string) (any, error) {
	items := []*yaml.Node{o.value}
	if o.value.Kind == yaml.SequenceNode {
		items = o.value.Content
	}
	all := []any{}
	for _, item := range items {
		if isNull(item) {
			continue
		}
		value, err := r.mount(item, o.key)
		if err != nil {
			return nil, err
		}
		if value == nil {
			continue
		}
		long, err := canonical(o.key, []any{value})
		list, ok := long.([]any)
		if err != nil || !ok {
			such := map[string]string{"ports": "port, such as 8080:80", "volumes": "volume, such as ./data:/data"}
			r.skip(item, "`%s` is no %s: left out (%s)", clip(itemText(item)), such[o.key], clipTo(fmt.Sprint(err), 100))
			continue
		}
		for _, m := range list {
			r.at[key(append(slices.Clone(where), mountKey(m))...)] = r.source(item)
		}
		all = append(all, list...)
	}
	return all, nil
}

func (r *composeReader) mount(item *yaml.Node, what string) (any, error) {
	if item.Kind != yaml.MappingNode {
		return r.scalar(item, "an item of `"+what+"`")
	}
	m := map[string]any{}
	for _, e := range r.entries(item, "an item of `"+what+"`") {
		if e.value.Kind != yaml.ScalarNode {
			continue // options of a mount that only Docker reads
		}
		v, err := r.scalar(e.value, fmt.Sprintf("`%s`", clip(e.key)))
		if err != nil {
			return nil, err
		}
		if v != nil {
			m[e.key] = v
		}
	}
	if m["target"] == nil {
		r.skip(item, "an item of `%s` has no `target`", what)
		return nil, nil
	}
	return m, nil
}

func itemText(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return n.Value
	}
	return "a " + kindName(n)
}

// mountKey tells one port or volume of a service from the others.
func mountKey(v any) string {
	m, _ := v.(map[string]any)
	return fmt.Sprint(m["target"], m["published"], m["protocol"], m["host_ip"])
}

func (r *composeReader) buildMap(o entry, where []string) (any, error) {
	if o.value.Kind == yaml.ScalarNode {
		context, err := r.scalar(o.value, "`build`")
		if err != nil || context == nil {
			return nil, err
		}
		return map[string]any{"context": context}, nil
	}
	build := map[string]any{}
	for _, e := range r.entries(o.value, "`build`") {
		var v any
		var err error
		r.at[key(append(slices.Clone(where), e.key)...)] = r.source(e.at)
		switch e.key {
		case "context", "dockerfile", "target":
			v, err = r.scalar(e.value, fmt.Sprintf("`build.%s`", e.key))
		case "args":
			v, err = r.environment(e.value, "`build.args`", append(slices.Clone(where), e.key)...)
		case "dockerfile_inline":
			r.skip(e.at, "`dockerfile_inline` is not read: put it into a Dockerfile and name that")
		default:
			if !slices.Contains(buildKeys, e.key) && !strings.HasPrefix(e.key, "x-") {
				r.unknown(e, "`build`", buildKeys)
			}
		}
		if err != nil {
			return nil, err
		}
		if v != nil {
			build[e.key] = v
		}
	}
	return build, nil
}

func (r *composeReader) healthcheck(o entry, where []string) (any, error) {
	check := map[string]any{}
	for _, e := range r.entries(o.value, "`healthcheck`") {
		var v any
		var err error
		switch {
		case !slices.Contains(healthKeys, e.key):
			r.unknown(e, "`healthcheck`", healthKeys)
		case e.key == "test" && e.value.Kind == yaml.SequenceNode:
			v, err = r.words(e.value, "`test`", append(slices.Clone(where), e.key))
		default:
			v, err = r.scalar(e.value, fmt.Sprintf("`%s`", e.key))
		}
		if err != nil {
			return nil, err
		}
		if v != nil {
			check[e.key] = v
			r.at[key(append(slices.Clone(where), e.key)...)] = r.source(e.at)
		}
	}
	return check, nil
}

// deploy reads how many instances there are and what follows an end; the rest is
// for a swarm.
func (r *composeReader) deploy(o entry, where []string) (any, error) {
	deploy := map[string]any{}
	for _, e := range r.entries(o.value, "`deploy`") {
		switch e.key {
		case "replicas":
			v, err := r.scalar(e.value, "`replicas`")
			if err != nil {
				return nil, err
			}
			if v == nil {
				continue
			}
			deploy[e.key] = v
			r.at[key(append(slices.Clone(where), e.key)...)] = r.source(e.at)
		case "restart_policy":
			for _, p := range r.entries(e.value, "`restart_policy`") {
				if p.key != "condition" {
					continue
				}
				v, err := r.scalar(p.value, "`condition`")
				if err != nil {
					return nil, err
				}
				deploy[e.key] = map[string]any{p.key: v}
			}
		}
	}
	return deploy, nil
}
