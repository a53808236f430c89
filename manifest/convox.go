package manifest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// readConvox reads a convox.yml (https://docs.convox.com/configuration/convox-yml/)
// of a rack of version 2 or 3. The two differ in few keys, and no file says which
// it is for, so what either of them knows is no mistake.
//
// `${NAME}` is replaced by what lookup says, and by nothing where that knows no
// NAME, before anything else, as Convox does it; a nil lookup leaves it as it is.
func readConvox(file string, data []byte, lookup func(string) (string, bool)) (App, error) {
	r := convoxReader{
		yamlFile: yamlFile{name: file},
		app:      App{Kind: Convox, File: file, Containers: true},
		unset:    make(map[int]string),
	}
	root, err := r.parse(r.interpolate(data, lookup))
	if err != nil {
		return r.app, err
	}
	if root == nil {
		return r.app, &Error{File: file, Message: "this file is empty: " + convoxExample}
	}
	if root.Kind != yaml.MappingNode {
		return r.app, r.fail(root, "not a convox.yml, but a %s: %s", kindName(root), convoxExample)
	}
	err = r.read(root)
	slices.SortStableFunc(r.problems, func(a, b Problem) int { return a.Line - b.Line })
	r.app.Problems = r.problems
	return r.app, err
}

const convoxExample = "write `services: {web: {build: ., port: 3000}}`"

var (
	// convoxName is what Convox lets services and resources be called.
	convoxName = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	// convoxVariable may not span lines here, unlike Convox's own: no name does,
	// and the lines stay where they were.
	convoxVariable = regexp.MustCompile(`\$\{([^}\r\n]*)\}`)
)

// convoxReader reads one convox.yml.
type convoxReader struct {
	yamlFile
	app App
	// unset is the variable that nothing replaced, by line.
	unset map[int]string
	// env are the variables of all services; Convox puts them before a
	// service's own.
	env []Variable
	// services and declared are the names of services and resources, for what
	// refers to them.
	services, declared []string
}

func (r *convoxReader) interpolate(data []byte, lookup func(string) (string, bool)) []byte {
	if lookup == nil {
		return data
	}
	lines := strings.Split(string(data), "\n")
	for i, line := range lines {
		lines[i] = convoxVariable.ReplaceAllStringFunc(line, func(match string) string {
			name := match[2 : len(match)-1]
			value, ok := lookup(name)
			if !ok {
				r.unset[i+1] = name
			}
			// YAML makes a blank of a line end inside a value; done here, it
			// leaves the lines where they were.
			return strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(value)
		})
	}
	return []byte(strings.Join(lines, "\n"))
}

// needed notes that a variable was replaced by nothing in a value that matters.
func (r *convoxReader) needed(n *yaml.Node) {
	if name, ok := r.unset[n.Line]; ok {
		delete(r.unset, n.Line) // once for the line
		r.note(n, "`${%s}` is set nowhere, so nothing is in its place: set it in .env", clip(name))
	}
	for _, c := range n.Content {
		r.needed(c)
	}
}

func (r *convoxReader) read(root *yaml.Node) error {
	known := []string{
		"environment", "resources", "services", "timers", // what a run needs
		"appSettings", "balancers", "budget", "configs", "labels", "params",
	}
	sections := make(map[string]*yaml.Node)
	for _, e := range r.entries(root, "the file") {
		if !slices.Contains(known, e.key) {
			r.ignored(e, "convox.yml", known)
			continue
		}
		sections[e.key] = e.value
	}
	services := r.allEntries(sections["services"], "`services`")
	if len(services) == 0 {
		return r.noServices(root)
	}
	for _, e := range services {
		if err := r.checkName(e); err != nil {
			return err
		}
		r.services = append(r.services, e.key)
	}
	var err error
	if r.env, err = r.environment(sections["environment"]); err != nil {
		return err
	}
	r.resources(sections["resources"])
	for _, e := range services {
		if err := r.service(e); err != nil {
			return err
		}
	}
	r.timers(sections["timers"])
	return nil
}

func (r *convoxReader) noServices(root *yaml.Node) error {
	for _, e := range r.entries(root, "the file") {
		if e.key != "services" && nearest(e.key, []string{"services"}) != "" {
			return r.fail(e.at, "no services in this file: did you mean `services` instead of `%s`?", clip(e.key))
		}
	}
	return r.fail(root, "no services in this file: %s", convoxExample)
}

func (r *convoxReader) checkName(e entry) error {
	if convoxName.MatchString(e.key) {
		return nil
	}
	better := strings.ToLower(strings.NewReplacer("_", "-", ".", "-", " ", "-").Replace(e.key))
	hint := ""
	if convoxName.MatchString(better) {
		hint = fmt.Sprintf(": write `%s`", better)
	}
	return r.fail(e.at, "a service cannot be called `%s`, only a letter and then letters, digits and dashes, in lower case%s", clip(e.key), hint)
}

// ignored notes a key that Convox's loader passes over without a word.
func (r *convoxReader) ignored(e entry, where string, known []string) {
	if strings.HasPrefix(e.key, "x-") {
		return // the custom for templates
	}
	// What those who know compose write.
	habits := map[string]string{
		"env":               "`environment`",
		"env_file":          "`environment`, with the values in .env",
		"dockerfile":        "`build: {path: ., manifest: FILE}`",
		"entrypoint":        "`command`",
		"healthcheck":       "`health`",
		"replicas":          "`scale`",
		"deploy":            "`scale`",
		"stop_grace_period": "`termination: {grace: SECONDS}`",
		"expose":            "`port`",
	}
	hint := habits[e.key]
	if near := nearest(e.key, known); near != "" {
		hint = "`" + near + "`"
	}
	if hint != "" {
		hint = ": did you mean " + hint + "?"
	}
	r.note(e.at, "`%s` is no key of %s, and Convox ignores it%s", clip(e.key), where, hint)
}

// resources are what Convox would run or rent beside the services.
func (r *convoxReader) resources(n *yaml.Node) {
	for _, e := range r.allEntries(n, "`resources`") {
		what := fmt.Sprintf("the resource `%s`", clip(e.key))
		if !convoxName.MatchString(e.key) {
			r.note(e.at, "Convox refuses the name of %s: only letters, digits and dashes, in lower case", what)
		}
		r.declared = append(r.declared, e.key)
		res := r.resource(e, what)
		if r.resourceType(e, what, res.Type) {
			r.app.Resources = append(r.app.Resources, res)
		}
	}
}

func (r *convoxReader) resource(e entry, what string) Resource {
	res := Resource{Name: e.key, Source: r.source(e.at)}
	known := []string{"type", "image", "options", "provider", "tags"}
	for _, o := range r.entries(e.value, what) {
		switch o.key {
		case "type":
			res.Type, _ = r.text(o.value, "`type`")
		case "image":
			res.Image, _ = r.text(o.value, "`image`")
		case "options":
			for _, option := range r.entries(o.value, "`options`") {
				if option.key == "version" {
					res.Version, _ = r.text(option.value, "`version`")
				}
			}
		case "provider", "tags":
		default:
			r.ignored(o, what, known)
		}
	}
	return res
}

func (r *convoxReader) resourceType(e entry, what, kind string) bool {
	known := []string{"postgres", "postgis", "mysql", "mariadb", "redis", "memcached", "valkey", "efs", "syslog", "webhook"}
	if kind == "" {
		r.skip(e.at, "%s has no type: write `type: postgres`", what)
		return false
	}
	if slices.Contains(known, kind) || strings.HasPrefix(kind, "rds-") || strings.HasPrefix(kind, "elasticache-") {
		return true
	}
	hint := ""
	if near := nearest(kind, known); near != "" {
		hint = fmt.Sprintf(": did you mean `%s`?", near)
	}
	r.note(e.at, "%s is of type `%s`, which Convox does not have%s", what, clip(kind), hint)
	return true
}

// timers are commands that Convox runs at times; devrun leaves that to the user.
func (r *convoxReader) timers(n *yaml.Node) {
	known := []string{"schedule", "command", "service", "concurrency", "parallelCount", "annotations"}
	for _, e := range r.allEntries(n, "`timers`") {
		what := fmt.Sprintf("the timer `%s`", clip(e.key))
		command, service := "", ""
		for _, o := range r.entries(e.value, what) {
			switch o.key {
			case "command":
				command, _ = r.text(o.value, "`command`")
			case "service":
				service, _ = r.text(o.value, "`service`")
			case "schedule", "concurrency", "parallelCount", "annotations":
			default:
				r.ignored(o, what, known)
			}
		}
		switch {
		case command == "" || service == "":
			r.note(e.at, "%s lacks its command or service: write `command: CMD` and `service: %s`", what, r.services[0])
		case !slices.Contains(r.services, service):
			r.note(e.at, "%s is for a service `%s`, which is not there%s", what, clip(service), r.meantService(service))
		default:
			if clip(command) != command {
				command = "and its command" // half of it would be of no use
			}
			r.note(e.at, "%s is not run by devrun; to do it once: devrun run --type %s %s", what, service, command)
		}
	}
}

func (r *convoxReader) meantService(name string) string {
	if near := nearest(name, r.services); near != "" {
		return fmt.Sprintf(": did you mean `%s`?", near)
	}
	return ""
}
