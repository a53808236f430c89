package manifest

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/paths"
	"github.com/compose-spec/compose-go/v2/types"
)

// processes makes a process of each service that the profiles leave on
// (https://docs.docker.com/compose/how-tos/profiles/).
func (r *composeReader) processes(services map[string]any) {
	wanted, _ := r.lookup("COMPOSE_PROFILES")
	on := strings.Split(strings.ReplaceAll(wanted, " ", ""), ",")
	isOff := func(profiles []string) bool {
		return len(profiles) > 0 && !slices.Contains(on, "*") &&
			!slices.ContainsFunc(profiles, func(p string) bool { return slices.Contains(on, p) })
	}
	var list []composeService
	var names []string
	for _, name := range r.order {
		service, ok := services[name].(map[string]any)
		switch {
		case !ok:
		case isOff(stringsOf(service["profiles"])):
			r.hidden = append(r.hidden, name)
		default:
			names = append(names, name)
			list = append(list, composeService{composeReader: r, name: name, is: service})
		}
	}
	for _, c := range list {
		c.running = names
		p := c.process()
		if p.Image.Ref == "" && p.Image.Build == nil {
			// Without Docker a command is enough.
			r.problem(p.Source, p.Command == "", "`%s` has neither `image` nor `build`: add one of the two", c.name)
			if p.Command == "" {
				continue
			}
		}
		r.app.Processes = append(r.app.Processes, p)
	}
}

// composeService is one service of the merged model.
type composeService struct {
	*composeReader
	name string
	is   map[string]any
	// running are the services that no profile hides.
	running []string
}

func (c composeService) at(parts ...string) Source {
	return c.where(append([]string{"services", c.name}, parts...)...)
}

func (c composeService) text(what string) string {
	s, _ := c.is[what].(string)
	return strings.TrimSpace(s)
}

func (c composeService) process() Process {
	p := Process{Type: c.name, Source: c.at()}
	own := c.composeVariables(c.is["environment"], "services", c.name, "environment")
	for _, v := range c.envFiles(c.name, c.is["env_file"], own) {
		if !slices.ContainsFunc(own, func(o Variable) bool { return o.Name == v.Name && o.Rule == Literal }) {
			p.Env = append(p.Env, v)
		}
	}
	p.Env = append(p.Env, own...)
	p.Image = Image{Ref: c.text("image"), Build: c.build(), Volumes: c.volumes(), WorkDir: c.text("working_dir")}
	p.Command, p.Image.Entrypoint = c.command()
	p.Ports = c.ports()
	p.Order = Order{After: c.after(), Ready: c.ready()}
	p.Stop = c.stop()
	p.Count = c.count()
	c.convox(&p)
	return p
}

// command is what runs in the image: the words of the entrypoint and of the
// command. Compose takes both apart as a shell would, but no shell runs them.
func (c composeService) command() (command string, entrypoint []string) {
	words, isText := c.commandWords("command")
	entry, _ := c.commandWords("entrypoint")
	if entry != nil {
		words = slices.Concat(entry, words)
		entrypoint = []string{} // its words are part of the command
	} else if text := c.text("command"); isText && c.gen1Service() && text != "" {
		return text, nil // Convox' first generation has a shell run it
	}
	return quoteWords(words), entrypoint
}

// commandWords takes a command apart; nil when the service does not say.
func (c composeService) commandWords(what string) (words []string, isText bool) {
	value, ok := c.is[what]
	if !ok {
		return nil, false
	}
	_, isText = value.(string)
	var command types.ShellCommand
	if err := command.DecodeMapstructure(value); err != nil {
		c.problem(c.at(what), true, "`%s` cannot be taken apart into words (%s): is a quote missing? left out", what, saying(err))
		return nil, isText
	}
	return append([]string{}, command...), isText
}

func (c composeService) gen1Service() bool { return c.gen1Files[c.at().File] }

func (c composeService) build() *Build {
	build, ok := c.is["build"].(map[string]any)
	if !ok {
		return nil
	}
	get := func(what string) string { s, _ := build[what].(string); return strings.TrimSpace(s) }
	b := &Build{Context: cmp.Or(get("context"), "."), Target: get("target"), Source: c.at("build")}
	b.Args = c.composeVariables(build["args"], "services", c.name, "build", "args")
	for i, v := range b.Args {
		// An argument without a value comes from the environment of the build
		// (https://docs.docker.com/reference/compose-file/build/#args).
		if value, set := c.lookup(v.Name); v.Rule == Passed && set {
			b.Args[i].Value, b.Args[i].Rule = value, Literal
		}
	}
	if isRemote(b.Context) {
		c.problem(c.at("build", "context"), false, "`%s` is not built from this folder: only Docker can build it", clip(b.Context))
		b.Dockerfile = get("dockerfile")
		return b
	}
	b.Context = filepath.Clean(b.Context)
	b.Dockerfile = under(b.Context, cmp.Or(get("dockerfile"), "Dockerfile"))
	return b
}

func (c composeService) volumes() []Volume {
	list, _ := c.is["volumes"].([]any)
	var volumes []Volume
	for _, item := range list {
		m, _ := item.(map[string]any)
		get := func(what string) string { s, _ := m[what].(string); return s }
		v := Volume{Path: get("target"), ReadOnly: strings.EqualFold(fmt.Sprint(m["read_only"]), "true")}
		switch get("type") {
		case types.VolumeTypeBind:
			v.HostPath = filepath.Clean(paths.ExpandUser(get("source")))
		case types.VolumeTypeVolume, "":
			v.Name = get("source")
		default:
			continue // tmpfs and the like outlive nothing
		}
		volumes = append(volumes, v)
	}
	return volumes
}

// ports are those that are published, else those that are only exposed to the
// other services.
func (c composeService) ports() []Port {
	list, _ := c.is["ports"].([]any)
	var ports []Port
	for _, item := range list {
		if p, ok := c.port(item); ok {
			ports = append(ports, p)
		}
	}
	if len(ports) > 0 {
		return ports
	}
	for _, text := range stringsOf(c.is["expose"]) {
		number, protocol, _ := strings.Cut(text, "/")
		if n, err := strconv.Atoi(number); err == nil && n > 0 && n < 65536 {
			ports = append(ports, Port{Container: n, Protocol: cmp.Or(protocol, "tcp"), Source: c.at("expose", text)})
		}
	}
	return ports
}

func (c composeService) port(item any) (Port, bool) {
	m, _ := item.(map[string]any)
	get := func(what string) string { s, _ := m[what].(string); return s }
	at := c.at("ports", mountKey(item))
	container, err := strconv.Atoi(fmt.Sprint(m["target"]))
	if err != nil || container < 1 || container > 65535 {
		c.problem(at, true, "`%s` is no port: left out", clip(fmt.Sprint(m["target"])))
		return Port{}, false
	}
	p := Port{Container: container, Address: get("host_ip"), Protocol: cmp.Or(get("protocol"), "tcp"), Scheme: get("app_protocol"), Source: at}
	host := get("published")
	if host == "" || strings.Contains(host, "-") {
		return p, true // a range: whichever is free
	}
	if p.Host, err = strconv.Atoi(host); err != nil || p.Host < 0 || p.Host > 65535 {
		p.Host = 0
		c.problem(at, true, "`%s` is no port of this machine: a free one is taken", clip(host))
	}
	return p, true
}

// after is what has to be there first: depends_on, and the services whose
// network or volumes this one uses.
func (c composeService) after() []Dependency {
	deps, _ := c.is["depends_on"].(map[string]any)
	var list []Dependency
	for _, name := range slices.Sorted(maps.Keys(deps)) {
		dep, _ := deps[name].(map[string]any)
		d := Dependency{Type: name, Optional: isFalse(dep["required"]), Source: c.at("depends_on", name)}
		switch condition, _ := dep["condition"].(string); condition {
		case "service_started", "":
			d.Until = UntilStarted
		case "service_healthy":
			d.Until = UntilReady
		case "service_completed_successfully":
			d.Until = UntilCompleted
		default:
			known := []string{"service_started", "service_healthy", "service_completed_successfully"}
			c.problem(d.Source, true, "`%s` is no condition of depends_on%s", clip(condition), didYouMean(condition, known))
			d.Until = UntilStarted
		}
		list = append(list, d)
	}
	// The model is a map: the order is that of the file.
	slices.SortStableFunc(list, func(a, b Dependency) int { return a.Line - b.Line })
	add := func(name string, at Source) {
		if !slices.ContainsFunc(list, func(d Dependency) bool { return d.Type == name }) {
			list = append(list, Dependency{Type: name, Until: UntilStarted, Source: at})
		}
	}
	for _, link := range stringsOf(c.is["links"]) {
		name, _, _ := strings.Cut(link, ":")
		add(name, c.at("links", link))
	}
	for _, from := range stringsOf(c.is["volumes_from"]) {
		if name, _, _ := strings.Cut(from, ":"); name != "container" {
			add(name, c.at("volumes_from", from))
		}
	}
	if name, ok := strings.CutPrefix(c.text("network_mode"), "service:"); ok {
		add(name, c.at("network_mode"))
	}
	return slices.DeleteFunc(list, c.dropped)
}

// dropped says that a dependency does not run, and tells of it.
func (c composeService) dropped(d Dependency) bool {
	switch {
	case d.Type == c.name:
		c.problem(d.Source, true, "`%s` waits for itself: left out", c.name)
	case slices.Contains(c.running, d.Type):
		return false
	case d.Optional:
	case slices.Contains(c.hidden, d.Type):
		c.problem(d.Source, true, "`%s` waits for `%s`, which has a profile that is not on: name it in COMPOSE_PROFILES, or write `required: false`", c.name, d.Type)
	default:
		c.problem(d.Source, true, "there is no service `%s` to wait for%s", clip(d.Type), didYouMean(d.Type, c.running))
	}
	return true
}

// ready is the healthcheck; nil when the service has none of its own
// (https://docs.docker.com/reference/compose-file/services/#healthcheck).
func (c composeService) ready() *Ready {
	check, _ := c.is["healthcheck"].(map[string]any)
	disable, _ := check["disable"].(string)
	if check == nil || strings.EqualFold(disable, "true") {
		return nil
	}
	ready := &Ready{Source: c.at("healthcheck")}
	switch test := check["test"].(type) {
	case string:
		ready.Command = strings.TrimSpace(test)
	case []any:
		words := stringsOf(test)
		switch {
		case len(words) == 0 || words[0] == "NONE":
		case words[0] == "CMD-SHELL":
			ready.Command = strings.Join(words[1:], " ")
		case words[0] == "CMD":
			ready.Command = quoteWords(words[1:])
		default:
			c.problem(c.at("healthcheck", "test"), true, "the first word of `test` is to be CMD, CMD-SHELL or NONE, not `%s`: write `test: [CMD, %s, ...]`", clip(words[0]), clip(words[0]))
		}
	}
	if ready.Command == "" {
		return nil
	}
	ready.Interval = c.duration(check["interval"], "healthcheck", "interval")
	ready.Timeout = c.duration(check["timeout"], "healthcheck", "timeout")
	ready.Grace = c.duration(check["start_period"], "healthcheck", "start_period")
	if text, ok := check["retries"].(string); ok {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 0 {
			c.problem(c.at("healthcheck", "retries"), true, "`retries` is `%s`, no number: left out", clip(text))
			n = 0
		}
		ready.Retries = n
	}
	return ready
}

// maxSeconds keeps a number of seconds a Duration.
const maxSeconds = 1 << 31

func (c composeService) duration(value any, where ...string) time.Duration {
	text, ok := value.(string)
	if !ok {
		return 0
	}
	var d types.Duration
	if n, err := strconv.Atoi(strings.TrimSpace(text)); err == nil && n > 0 {
		c.problem(c.at(where...), false, "`%s: %d` has no unit, which Docker Compose refuses: taken for %ds", where[len(where)-1], n, n)
		return time.Duration(min(n, maxSeconds)) * time.Second
	}
	if err := d.DecodeMapstructure(strings.TrimSpace(text)); err != nil || d < 0 {
		c.problem(c.at(where...), true, "`%s: %s` is no time such as 10s or 1m30s: left out", where[len(where)-1], clip(text))
		return 0
	}
	return time.Duration(d)
}

func (c composeService) stop() Stop {
	s := Stop{Signal: c.text("stop_signal"), Grace: c.duration(c.is["stop_grace_period"], "stop_grace_period")}
	if s.Signal != "" && !strings.HasPrefix(s.Signal, "SIG") {
		if _, err := strconv.Atoi(s.Signal); err != nil {
			s.Signal = "SIG" + strings.ToUpper(s.Signal)
		}
	}
	policy, _, _ := strings.Cut(c.text("restart"), ":") // on-failure:5
	known := []string{"no", "always", "on-failure", "unless-stopped"}
	switch {
	case policy == "false":
		s.Restart = "no" // without quotes, YAML 1.1 takes no for false
	case slices.Contains(known, policy):
		s.Restart = policy
	case policy != "":
		c.problem(c.at("restart"), true, "`restart: %s` is none of %s: left out", clip(policy), strings.Join(known, ", "))
	}
	deploy, _ := c.is["deploy"].(map[string]any)
	after, _ := deploy["restart_policy"].(map[string]any)
	if condition, _ := after["condition"].(string); s.Restart == "" {
		s.Restart = map[string]string{"none": "no", "on-failure": "on-failure", "any": "always"}[condition]
	}
	return s
}

// count is how many instances there are: -1 for none, 0 when the file does not
// say.
func (c composeService) count() int {
	deploy, _ := c.is["deploy"].(map[string]any)
	value, at := deploy["replicas"], c.at("deploy", "replicas")
	if value == nil {
		value, at = c.is["scale"], c.at("scale")
	}
	text, ok := value.(string)
	if !ok {
		return 0
	}
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 0 || n > 1000 {
		c.problem(at, true, "`%s` is no number of instances: left out", clip(text))
		return 0
	}
	if n == 0 {
		return -1
	}
	return n
}

func stringsOf(v any) []string {
	list, _ := v.([]any)
	var texts []string
	for _, item := range list {
		if s, ok := item.(string); ok {
			texts = append(texts, s)
		}
	}
	return texts
}
