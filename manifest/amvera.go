package manifest

import (
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// readAmvera reads an amvera.yml
// (https://docs.amvera.ru/applications/configuration/config-file.html). An Amvera
// project is one process, which is called web here. Files beside it are looked up
// where what Amvera does depends on them.
//
// The web process always has a port. The line of its place is 0 where the file
// names none, and the number is Amvera's default.
func readAmvera(file string, data []byte) (App, error) {
	r := amveraReader{
		yamlFile: yamlFile{name: file},
		dir:      filepath.Dir(file),
		set:      make(map[string]entry),
		first:    &yaml.Node{Line: 1},
	}
	app := App{Kind: Amvera, File: file}
	root, err := r.parse(data)
	if err != nil {
		return app, explainAmvera(err, string(data))
	}
	if root != nil {
		r.first = root
		err = r.refuse(root)
	}
	if err == nil {
		err = r.read(root, &app)
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int { return a.Line - b.Line })
	app.Problems = r.problems
	return app, err
}

const amveraExample = "write `meta: {environment: python, toolchain: {name: pip}}` and `run: {scriptName: app.py}`"

// amveraReader reads one amvera.yml.
type amveraReader struct {
	yamlFile
	dir string
	// set is what the file says, by the whole name of the key ("run.command"),
	// whatever the author called it.
	set map[string]entry
	// commands are those of the build, which may stand in several places.
	commands []entry
	// guessed are the keys that were taken for others, strangers those that
	// mean nothing.
	guessed   []guessedKey
	strangers []amveraKey
	env       amveraEnv
	version   string
	// slipped says that what belongs to run stands in build.
	slipped bool
	// first is the place of what is said of the whole file.
	first *yaml.Node
}

// refuse tells of files that are no amvera.yml at all.
func (r *amveraReader) refuse(root *yaml.Node) error {
	if root.Kind != yaml.MappingNode {
		return r.fail(root, "not an amvera.yml, but a %s: %s", kindName(root), amveraExample)
	}
	for _, e := range r.entries(root, "the file") {
		// https://docs.amvera.ru/applications/configuration/docker.html
		if e.key == "services" && e.value.Kind == yaml.MappingNode {
			return r.fail(e.at, "this is a compose file, which Amvera does not read: call it compose.yaml to run it here, and for Amvera write `build: {dockerfile: Dockerfile}` in this one")
		}
	}
	return nil
}

func (r *amveraReader) read(root *yaml.Node, app *App) error {
	r.resolve(r.collect(root))
	err := r.chooseEnv()
	if err == nil {
		r.accept()
	}
	r.sayGuesses()
	if err != nil {
		return err
	}
	app.Containers = r.env.onlyContainers()
	web := Process{
		Type:   "web",
		Source: r.source(r.first),
		Ports:  r.ports(),
		Image:  Image{Volumes: r.volumes()},
	}
	if r.env.environment == "docker" {
		err = r.container(&web)
	} else {
		r.version = r.tag()
		err = r.command(&web)
		web.Image.Build = r.build()
		app.Containers = app.Containers || strings.HasPrefix(web.Command, amveraApache)
	}
	if err != nil {
		return err
	}
	app.Processes = []Process{web}
	return nil
}

// value is what the file says for a key, or "".
func (r *amveraReader) value(key string) string {
	e, ok := r.set[key]
	if !ok {
		return ""
	}
	s, ok := r.text(e.value, "`"+key+"`")
	if !ok {
		delete(r.set, key) // said once
	}
	return s
}

// line is a command line, which some write as a list of words.
func (r *amveraReader) line(key string) string {
	e, ok := r.set[key]
	if !ok || e.value.Kind != yaml.SequenceNode {
		return r.value(key)
	}
	words := r.texts(e.value, "`"+key+"`")
	line := strings.Join(words, "")
	if len(words) > 1 {
		line = quoteWords(words)
		r.note(e.at, "`%s` is to be one line, not a list: its words are joined", key)
	}
	joined := *e.value
	joined.Kind, joined.Tag, joined.Value, joined.Content = yaml.ScalarNode, "!!str", line, nil
	r.set[key] = entry{e.key, e.at, &joined}
	return line
}

// yes is a boolean.
func (r *amveraReader) yes(key string) bool {
	e, ok := r.set[key]
	return ok && r.boolean(e.value, "`"+key+"`")
}

// place is where the first of the keys stands that is set, else the start of
// the file.
func (r *amveraReader) place(keys ...string) *yaml.Node {
	for _, key := range keys {
		if e, ok := r.set[key]; ok {
			return e.at
		}
	}
	return r.first
}

// command fills in what the platform would run, and where that is written.
func (r *amveraReader) command(web *Process) error {
	env := r.env
	own, main := r.line("run.command"), r.value(env.main)
	at := r.place(env.main)
	switch {
	case env.command == nil:
		r.note(r.place("meta.toolchain.name", "meta.environment"), "node/browser has no command, nginx serves what is built: it runs only in Docker")
	case own != "":
		web.Source = r.source(r.place("run.command"))
		web.Command = own
		if main != "" && env.exclusive {
			r.note(at, "`%s` and `command` exclude each other: `command` is taken, remove this one", lastPart(env.main))
		}
	case main == "" && env.main != "":
		return r.fail(r.place("meta.environment", "meta.toolchain.name"), "nothing to run: add %s", env.example)
	case r.wholeCommand(main):
		r.note(at, "`%s` is to be a file, and `%s` is a command: taken as `command`, write that", lastPart(env.main), clip(main))
		web.Source = r.source(at)
		web.Command = main
	default:
		web.Source = r.source(r.place(env.main, "meta.environment"))
		web.Command = env.command(r, main)
	}
	return nil
}

// wholeCommand says that what is to be a file is a command.
func (r *amveraReader) wholeCommand(main string) bool {
	program, _, more := strings.Cut(main, " ")
	programs := []string{"python", "python3", "node", "npm", "npx", "yarn", "pnpm", "gunicorn", "uvicorn", "celery", "java", "ruby", "bundle", "rails", "poetry", "dotnet", "mono", "sh", "bash"}
	return more && slices.Contains(programs, program) && !isFile(r.dir, main)
}

// mainFile is the file to run for a shell. Amvera puts it into the command as it
// is, so arguments may follow it.
func (r *amveraReader) mainFile(main string) string {
	if strings.ContainsAny(main, " \t") && isFile(r.dir, main) {
		return quoteWord(main)
	}
	return main
}

// amveraTag is what Docker lets the tag of an image be.
var amveraTag = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)

// tag is the version, which is a tag of the image.
func (r *amveraReader) tag() string {
	const key = "meta.toolchain.version"
	v := r.value(key)
	at := r.place(key)
	switch {
	case r.env.toolchain == "poetry" && poetryVersion(v):
		return r.env.tag
	case v == "" && r.env.environment == "jvm":
		r.note(r.place("meta.toolchain.name", "meta.environment"), "no `version` under `toolchain` to say which Java: %s is taken", r.env.tag)
		return r.env.tag
	case v == "":
		return r.env.tag
	}
	plain := strings.TrimSuffix(v, ".x")
	if len(plain) > 1 && plain[0] == 'v' && '0' <= plain[1] && plain[1] <= '9' {
		plain = plain[1:]
	}
	if !amveraTag.MatchString(plain) {
		r.skip(at, "version `%s` is no tag of a Docker image: left out, %s is taken", clip(v), r.env.tag)
		return r.env.tag
	}
	if plain != v {
		r.note(at, "version `%s` is no tag of the Docker image: taken as %s", clip(v), plain)
	}
	return plain
}

// ports are those of containerPort: a number, several with commas, or a list
// (https://docs.amvera.ru/applications/configuration/network.html). servicePort is
// how Amvera's other projects reach them, and means nothing on one machine.
func (r *amveraReader) ports() []Port {
	var ports []Port
	r.eachPort("run.containerPort", func(number int, at *yaml.Node) {
		if !slices.ContainsFunc(ports, func(p Port) bool { return p.Container == number }) {
			ports = append(ports, Port{Container: number, Protocol: "tcp", Source: r.source(at)})
		}
	})
	services := 0
	r.eachPort("run.servicePort", func(int, *yaml.Node) { services++ })
	if services > 1 && services != len(ports) {
		r.note(r.place("run.servicePort"), "`servicePort` has %d ports and `containerPort` %d: there is to be one for each", services, max(len(ports), 1))
	}
	if len(ports) == 0 {
		ports = append(ports, Port{Container: 80, Protocol: "tcp", Source: Source{File: r.name}})
	}
	return ports
}

func (r *amveraReader) eachPort(key string, use func(number int, at *yaml.Node)) {
	e, ok := r.set[key]
	if !ok {
		return
	}
	items := []*yaml.Node{e.value}
	if e.value.Kind == yaml.SequenceNode {
		items = e.value.Content
	}
	for _, item := range items {
		text, isText := r.text(item, "`"+key+"`")
		if !isText || isNull(item) {
			continue
		}
		for part := range strings.SplitSeq(text, ",") {
			part = strings.TrimSpace(part)
			number, err := strconv.Atoi(part)
			switch {
			case part == "":
			case err == nil && 0 < number && number < 1<<16:
				use(number, item)
			default:
				r.skip(item, "`%s` is `%s`, not a number from 1 to 65535%s: left out", key, clip(part), portHint(part))
			}
		}
	}
}

// portHint says what was probably meant.
func portHint(part string) string {
	if strings.Contains(part, "$") {
		return " (it is what Amvera makes PORT of, not the other way round)"
	}
	if strings.Contains(part, ":") {
		return " (only the port inside the container)"
	}
	return ""
}

// volumes is the one folder that outlives a container
// (https://docs.amvera.ru/applications/storage.html).
func (r *amveraReader) volumes() []Volume {
	if r.env.toolchain == "browser" {
		return nil // nginx keeps nothing
	}
	const key = "run.persistenceMount"
	mount := r.value(key)
	if mount == "" {
		return []Volume{{Name: "data", Path: "/data"}}
	}
	clean := path.Clean("/" + mount)
	switch {
	case clean == "/":
		r.skip(r.place(key), "`%s` is `%s`, which would hide all of the container: /data is taken", key, clip(mount))
		clean = "/data"
	case mount[0] != '/':
		r.note(r.place(key), "`%s` is to be a whole path in the container: taken as `%s`", key, clip(clean))
	case r.env.environment != "docker" && (clean == "/app" || strings.HasPrefix(clean, "/app/")):
		r.note(r.place(key), "`%s` is in /app, where the program is, which Amvera says may misbehave: better is /data", key)
	}
	return []Volume{{Name: "data", Path: clean}}
}

// explainAmvera says more of common mistakes than that the YAML is none.
func explainAmvera(err error, text string) error {
	e, ok := err.(*Error) //nolint:errorlint // parse gives the error itself
	lines := strings.Split(text, "\n")
	if !ok || e.Line == 0 || e.Line > len(lines) {
		return err
	}
	if indent := lines[e.Line-1]; strings.Contains(indent[:len(indent)-len(strings.TrimLeft(indent, " \t"))], "\t") {
		return &Error{File: e.File, Line: e.Line, Message: "not valid YAML: a tab before the first word: only spaces can be there"}
	}
	// The parser may notice only lines later.
	for n := e.Line; n > max(0, e.Line-5); n-- {
		line := strings.TrimSpace(lines[n-1])
		if strings.HasPrefix(line, "*") {
			return &Error{File: e.File, Line: n, Message: "not valid YAML: a pattern that starts with * needs quotes: write `\"*\": /`"}
		}
		if line == "additionalCommands:" || line == "command:" {
			return &Error{File: e.File, Line: n, Message: fmt.Sprintf("not valid YAML: what belongs to `%s` has to stand further in than it: write it on the same line, commands joined with &&", strings.TrimSuffix(line, ":"))}
		}
	}
	return err
}
