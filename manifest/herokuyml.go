package manifest

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// readHerokuYML reads a heroku.yml, which describes the container stack
// (https://devcenter.heroku.com/articles/build-docker-images-heroku-yml). What
// stands under run and what stands only under build.docker are process types;
// release is one more, called release.
func readHerokuYML(file string, data []byte) (App, error) {
	r := herokuReader{
		yamlFile: yamlFile{name: file},
		app:      App{Kind: HerokuYML, File: file, Containers: true},
		images:   make(map[string]*Build),
	}
	root, err := r.parse(data)
	if err != nil {
		return r.app, err
	}
	if root == nil {
		return r.app, &Error{File: file, Message: "this file is empty: " + herokuExample}
	}
	if root.Kind != yaml.MappingNode {
		return r.app, r.fail(root, "not a heroku.yml, but a %s: %s", kindName(root), herokuExample)
	}
	return r.read(root)
}

const herokuExample = "write `build: {docker: {web: Dockerfile}}` and `run: {web: COMMAND}`"

// herokuType is what names a process type, in every kind of file of Heroku's;
// devrun is no stricter than foreman.
var herokuType = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// herokuReader reads one heroku.yml.
type herokuReader struct {
	yamlFile
	app App
	// images are those of build.docker, by type, and built their types in the
	// order of the file.
	images map[string]*Build
	built  []entry
	args   []Variable
	// unofficial is where build asks for buildpacks.
	unofficial *yaml.Node
}

func (r *herokuReader) read(root *yaml.Node) (App, error) {
	sections := make(map[string]entry)
	known := []string{"setup", "build", "release", "run"}
	for _, e := range r.entries(root, "the file") {
		if !slices.Contains(known, e.key) {
			if e.value.Kind == yaml.ScalarNode && nearest(e.key, known) == "" {
				r.skip(e.at, "`%s` is no key of heroku.yml: commands stand under `run`", clip(e.key))
				continue
			}
			r.unknown(e, "heroku.yml", known)
			continue
		}
		sections[e.key] = e
	}
	// Whatever the order of the file, images have to be known before they are used.
	r.setup(sections["setup"].value)
	r.build(sections["build"].value)
	r.run(sections["run"].value)
	for _, e := range r.built {
		if !r.has(e.key) {
			r.add(Process{Type: e.key, Source: r.source(e.at), Image: Image{Build: r.images[e.key]}})
		}
	}
	if e, ok := sections["release"]; ok {
		r.release(e)
	}
	if len(r.built) == 0 && len(r.app.Processes) > 0 {
		r.nothingBuilt(sections, root)
	}
	slices.SortStableFunc(r.app.Processes, func(a, b Process) int { return a.Line - b.Line })
	slices.SortStableFunc(r.problems, func(a, b Problem) int { return a.Line - b.Line })
	r.app.Problems = r.problems
	if len(r.app.Processes) == 0 {
		return r.app, r.fail(root, "no process types in this file: %s", herokuExample)
	}
	return r.app, nil
}

func (r *herokuReader) has(name string) bool {
	return slices.ContainsFunc(r.app.Processes, func(p Process) bool { return p.Type == name })
}

func (r *herokuReader) add(p Process) { r.app.Processes = append(r.app.Processes, p) }

// nothingBuilt is for a file without an image of its own.
func (r *herokuReader) nothingBuilt(sections map[string]entry, root *yaml.Node) {
	at := root
	if e, ok := sections["build"]; ok {
		at = e.at
	}
	if r.unofficial != nil {
		return
	}
	r.skip(at, "no image to run in: %s", "add `build: {docker: {web: Dockerfile}}`")
}

// setup is what Heroku does when it creates the app.
func (r *herokuReader) setup(n *yaml.Node) {
	known := []string{"addons", "config"}
	for _, e := range r.entries(n, "`setup`") {
		switch e.key {
		case "addons":
			r.app.Resources = append(r.app.Resources, r.addons(e.value, "`setup.addons`")...)
		case "config":
			r.app.Env = r.variables(e.value, "`setup.config`", Default)
		default:
			r.unknown(e, "`setup`", known)
		}
	}
}

func (r *herokuReader) build(n *yaml.Node) {
	known := []string{"docker", "config", "languages", "buildpacks"}
	for _, e := range r.entries(n, "`build`") {
		switch e.key {
		case "docker":
			for _, image := range r.allEntries(e.value, "`build.docker`") {
				r.image(image)
			}
		case "config":
			r.args = r.variables(e.value, "`build.config`", Literal)
		case "languages", "buildpacks":
			r.unofficial = e.at
			r.note(e.at, "`build.%s` is no official part of heroku.yml and devrun runs no buildpacks: name a Dockerfile under build.docker, or use a Procfile", e.key)
		default:
			if e.value.Kind == yaml.ScalarNode && nearest(e.key, known) == "" {
				r.skip(e.at, "`%s` is no key of `build`: Dockerfiles stand under `build.docker`", clip(e.key))
				continue
			}
			r.unknown(e, "`build`", known)
		}
	}
	for _, b := range r.images {
		b.Args = r.args
	}
}

// image reads one type of build.docker. Its context is the Dockerfile's folder,
// as with `heroku container:push`.
func (r *herokuReader) image(e entry) {
	if !r.isType(e) {
		return
	}
	what := fmt.Sprintf("`build.docker.%s`", e.key)
	dockerfile := ""
	if e.value.Kind == yaml.MappingNode {
		for _, o := range r.entries(e.value, what) {
			if o.key != "dockerfile" {
				r.unknown(o, what, []string{"dockerfile"})
				continue
			}
			dockerfile, _ = r.text(o.value, "`dockerfile`")
		}
	} else {
		dockerfile, _ = r.text(e.value, what)
	}
	if dockerfile == "" {
		r.skip(e.at, "%s names no Dockerfile: write `%s: Dockerfile`", what, e.key)
		return
	}
	dockerfile = path.Clean(dockerfile)
	if path.IsAbs(dockerfile) || dockerfile == ".." || strings.HasPrefix(dockerfile, "../") {
		r.skip(e.value, "%s is outside the project, of which Heroku has nothing else: left out", what)
		return
	}
	r.images[e.key] = &Build{Context: path.Dir(dockerfile), Dockerfile: dockerfile, Source: r.source(e.at)}
	r.built = append(r.built, e)
}

func (r *herokuReader) isType(e entry) bool {
	if herokuType.MatchString(e.key) {
		return true
	}
	r.skip(e.at, "`%s` is no process type: only letters, digits, - and _", clip(e.key))
	return false
}

func (r *herokuReader) run(n *yaml.Node) {
	for _, e := range r.allEntries(n, "`run`") {
		if !r.isType(e) {
			continue
		}
		p := Process{Type: e.key, Source: r.source(e.at)}
		image := r.command(e, "`run."+e.key+"`", &p)
		p.Image.Build = r.imageFor(e, image)
		if p.Command == "" && p.Image.Build == nil {
			r.skip(e.at, "`%s` has neither a command nor an image whose own it could be: left out", e.key)
			continue
		}
		r.add(p)
	}
}

// release is what runs once before a release; a list of commands is one after
// the other (https://devcenter.heroku.com/articles/release-phase).
func (r *herokuReader) release(e entry) {
	p := Process{Type: "release", Source: r.source(e.at)}
	image := r.command(e, "`release`", &p)
	if e.value.Kind == yaml.ScalarNode && p.Command != "" {
		r.note(e.value, "`release` is to be a map: write `release: {command: [%s]}`", clip(p.Command))
	}
	for i, other := range r.app.Processes {
		if other.Type != p.Type {
			continue
		}
		if other.Command != "" {
			r.skip(e.at, "`release` is a process type on line %d already: remove one of the two", other.Line)
			return
		}
		r.app.Processes = slices.Delete(r.app.Processes, i, i+1)
		break
	}
	if p.Command == "" {
		r.skip(e.at, "`release` has no command: write `release: {command: [./release.sh]}`")
		return
	}
	p.Image.Build = r.imageFor(e, image)
	r.add(p)
}

// command reads a type's command, alone or in a map with the type whose image it
// uses, which is returned.
func (r *herokuReader) command(e entry, what string, p *Process) (image entry) {
	if isNull(e.value) {
		return entry{}
	}
	if e.value.Kind != yaml.MappingNode {
		p.Command = r.commandText(e.value, what)
		return entry{}
	}
	for _, o := range r.entries(e.value, what) {
		switch o.key {
		case "command":
			p.Command = r.commandText(o.value, what)
		case "image":
			if name, ok := r.text(o.value, "`image`"); ok {
				image = entry{key: name, at: o.value}
			}
		default:
			r.unknown(o, what, []string{"command", "image"})
		}
	}
	return image
}

// commandText is one command out of a string or list. The documentation's lists
// have one item, which is a command for a shell; of several it says nothing.
func (r *herokuReader) commandText(n *yaml.Node, what string) string {
	items := r.texts(n, what)
	for i, item := range items {
		items[i] = strings.TrimSpace(item)
	}
	items = slices.DeleteFunc(items, func(s string) bool { return s == "" })
	if len(items) == 0 {
		return ""
	}
	if len(items) == 1 {
		return items[0]
	}
	command := joinWords(items)
	if areCommands(items) {
		command = strings.Join(items, " && ")
	}
	r.note(n, "a list of several: %s is taken for `%s`; write it as one", what, clip(command))
	return command
}

// areCommands tells a list of commands from one of a command's words.
func areCommands(items []string) bool {
	if strings.ContainsAny(items[0], " \t") {
		return true
	}
	for _, item := range items {
		if !strings.HasPrefix(item, "./") && !strings.HasPrefix(item, "bin/") {
			return false
		}
	}
	return true
}

// joinWords leaves variables ($PORT) for the shell.
func joinWords(words []string) string {
	list := slices.Clone(words)
	for i, w := range list {
		if strings.ContainsAny(w, " \t\n") {
			list[i] = quoteWord(w)
		}
	}
	return strings.Join(list, " ")
}

// imageFor is the image a type runs in: the one it names, its own, else that of
// web, else the first.
func (r *herokuReader) imageFor(e, named entry) *Build {
	if named.key != "" {
		if b := r.images[named.key]; b != nil {
			return b
		}
		r.skip(named.at, "no image `%s` under build.docker%s", clip(named.key), r.meant(named.key))
	}
	if b := r.images[e.key]; b != nil {
		return b
	}
	if len(r.built) == 0 {
		return nil
	}
	from := r.built[0].key
	if r.images["web"] != nil {
		from = "web"
	}
	if named.key == "" && e.key != "release" {
		r.note(e.at, "`%s` has no Dockerfile under build.docker: it runs in the image of `%s`; write `image: %s` beside its command", e.key, from, from)
	}
	return r.images[from]
}

func (r *herokuReader) meant(name string) string {
	types := make([]string, len(r.built))
	for i, e := range r.built {
		types[i] = e.key
	}
	if near := nearest(name, types); near != "" {
		return fmt.Sprintf(": did you mean `%s`?", near)
	}
	if len(types) == 0 {
		return ""
	}
	return ": there is " + strings.Join(types, ", ")
}
