package manifest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/override"
	"github.com/compose-spec/compose-go/v2/transform"
	"go.yaml.in/yaml/v3"
)

// composeFiles lists the compose file of a folder with its override files, in
// the order in which they are merged; nil when there is none. The names and their
// order are compose-go's (cli.DefaultFileNames and DefaultOverrideFileNames): an
// override goes with any of the four.
func composeFiles(dir string) []string {
	first := func(names ...string) []string {
		for _, name := range names {
			file := filepath.Join(dir, name)
			if info, err := os.Stat(file); err == nil && !info.IsDir() {
				return []string{file}
			}
		}
		return nil
	}
	main := first("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
	if main == nil {
		return nil
	}
	return append(main, first("compose.override.yml", "compose.override.yaml",
		"docker-compose.override.yml", "docker-compose.override.yaml")...)
}

const composeExample = "write `services: {web: {build: ., command: COMMAND}}`"

// readCompose reads a compose file, and merges into it the files that follow it
// (https://docs.docker.com/reference/compose-file/merge/). lookup gives the
// variables that ${NAME} stands for; without it that is left as it is.
//
// Interpolation, merging, the short forms of ports and volumes, and env files are
// compose-go's. Its loader is not used: importing it makes each start of the
// program 4 ms longer, for it compiles JSON schemas in an init function, and its
// errors have no lines.
func readCompose(files []string, lookup func(string) (string, bool)) (app App, err error) {
	if len(files) == 0 {
		return App{Kind: Compose}, &Error{File: string(Compose), Message: "no compose file is named"}
	}
	r := &composeReader{
		yamlFile: yamlFile{name: files[0]},
		app:      App{Kind: Compose, File: files[0], Containers: true},
		dir:      filepath.Dir(files[0]),
		lookup:   lookup,
		at:       make(map[string]Source),
		unset:    make(map[string]bool),

		gen1Files: make(map[string]bool),
	}
	if lookup == nil {
		r.literal, r.lookup = true, func(string) (string, bool) { return "", false }
	}
	// compose-go takes what its loader's schema has checked before for granted.
	defer func() {
		if v := recover(); v != nil {
			app, err = r.app, &Error{File: r.name, Message: "compose-go cannot read this file: " + saying(fmt.Errorf("%v", v))}
		}
	}()
	model, err := r.model(files, origin{dir: r.dir})
	if err == nil {
		services, _ := model["services"].(map[string]any)
		r.processes(services)
	}
	r.sortProblems(files)
	if err != nil {
		return r.app, err
	}
	if len(r.app.Processes) == 0 {
		return r.app, r.nothing()
	}
	return r.app, nil
}

// composeReader reads compose files into one App. The name of its yamlFile is
// the file that is being read.
type composeReader struct {
	yamlFile
	app    App
	dir    string // of the first file: paths are relative to it
	lookup func(string) (string, bool)
	// literal says that variables are not replaced.
	literal bool
	// at is where each path of the model was last written.
	at    map[string]Source
	order []string // services, as they occur
	unset map[string]bool
	// failed is the first mistake that makes the whole file unusable.
	failed error
	// gen1Files are those that only Convox' first generation reads.
	gen1Files map[string]bool
	// hidden are services of profiles that are not on.
	hidden []string
}

// sortProblems puts them in the order of the files and their lines, each once:
// what several services have by an anchor is read several times.
func (r *composeReader) sortProblems(files []string) {
	rank := func(file string) int {
		if i := slices.Index(files, file); i >= 0 {
			return i
		}
		return len(files)
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		if c := rank(a.File) - rank(b.File); c != 0 {
			return c
		}
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		return a.Line - b.Line
	})
	seen := make(map[Problem]bool)
	r.problems = slices.DeleteFunc(r.problems, func(p Problem) bool {
		again := seen[p]
		seen[p] = true
		return again
	})
	r.app.Problems = r.problems
}

// nothing is the error of a file of which no service runs.
func (r *composeReader) nothing() error {
	e := &Error{File: r.app.File}
	if len(r.hidden) > 0 {
		e.Message = fmt.Sprintf("all services have profiles (%s): name one in COMPOSE_PROFILES", strings.Join(r.hidden, ", "))
		return e
	}
	for _, p := range r.problems {
		if p.Skipped {
			e.File, e.Line, e.Message = p.File, p.Line, "no services are left in this file: "+p.Message
			return e
		}
	}
	e.Message = "no services in this file: " + composeExample
	return e
}

// key names a path of the model in at.
func key(parts ...string) string { return strings.Join(parts, "\x00") }

// where is the place of a path of the model, or of what it is in.
func (r *composeReader) where(parts ...string) Source {
	for ; len(parts) > 0; parts = parts[:len(parts)-1] {
		if s, ok := r.at[key(parts...)]; ok {
			return s
		}
	}
	return Source{File: r.app.File}
}

func (r *composeReader) problem(at Source, skipped bool, format string, args ...any) {
	r.problems = append(r.problems, Problem{File: at.File, Line: at.Line, Message: fmt.Sprintf(format, args...), Skipped: skipped})
}

// origin is how a file came to be read.
type origin struct {
	// dir is what the file's paths are relative to.
	dir string
	// stack are the files that led here by include and extends.
	stack []string
}

func (o origin) to(dir, link string) origin {
	return origin{dir: dir, stack: append(slices.Clone(o.stack), link)}
}

// model reads files and merges each into those before it.
func (r *composeReader) model(files []string, from origin) (map[string]any, error) {
	dict := map[string]any{}
	for _, file := range files {
		link := filepath.Clean(file)
		if slices.Contains(from.stack, link) {
			return nil, &Error{File: file, Message: "this file includes itself"}
		}
		part, err := r.file(file, "", from.to(from.dir, link))
		for _, name := range slices.Sorted(maps.Keys(part.services)) {
			if err == nil {
				err = r.extend(&part, name, from.to(from.dir, link))
			}
		}
		if err != nil {
			return nil, err
		}
		if dict, err = merge(dict, part); err != nil {
			return nil, &Error{File: file, Message: "cannot merge it: " + saying(err)}
		}
	}
	return dict, nil
}

func merge(dict map[string]any, part composeFile) (map[string]any, error) {
	for _, p := range part.replaced {
		remove(dict, p)
	}
	dict, err := override.Merge(dict, map[string]any{"services": part.services})
	if err != nil {
		return nil, err
	}
	return override.EnforceUnicity(dict)
}

// composeFile is one file's part of the model, in compose-go's canonical form
// with every scalar a string.
type composeFile struct {
	name string
	// scope comes before the services' names in at: it is empty unless the file is
	// there only for one of them to be extended.
	scope    string
	services map[string]any
	// extends are the services that build on others.
	extends map[string]extension
	// replaced are the paths that the files before have no say in: their values
	// have the tag !reset or !override.
	replaced [][]string
}

// extension is what a service extends: a service of a file, or of its own.
type extension struct {
	service, file string
	Source
}

func (r *composeReader) file(file, scope string, from origin) (composeFile, error) {
	part := composeFile{name: file, scope: scope, services: map[string]any{}, extends: map[string]extension{}}
	root, err := r.open(file)
	if err != nil || root == nil {
		return part, err
	}
	var include *yaml.Node
	for _, e := range r.entries(root, "the file") {
		switch {
		case e.key == "services":
			r.serviceMaps(&part, e)
		case e.key == "include":
			include = e.value
		case !slices.Contains(composeTop, e.key) && !strings.HasPrefix(e.key, "x-"):
			r.unknown(e, "a compose file", composeTop)
		}
	}
	if err := r.rebase(part.services, from.dir); err != nil {
		return part, &Error{File: file, Message: saying(err)}
	}
	if include != nil && r.failed == nil {
		err = r.include(&part, include, from)
	}
	if err == nil {
		err = r.failed
	}
	return part, err
}

// open parses a file and makes one of today's form out of an older one.
func (r *composeReader) open(file string) (*yaml.Node, error) {
	r.name = file
	data, err := readFile(file)
	if err != nil {
		return nil, err
	}
	if name := utf16or32(data); name != "" {
		return nil, &Error{File: file, Message: "this file is in " + name + ": save it as UTF-8"}
	}
	root, err := r.parse(data)
	if err != nil {
		return nil, err
	}
	if root == nil {
		if file == r.app.File {
			return nil, &Error{File: file, Message: "this file is empty: " + composeExample}
		}
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, r.fail(root, "not a compose file, but a %s: %s", kindName(root), composeExample)
	}
	return r.modernize(root), nil
}

func (r *composeReader) serviceMaps(part *composeFile, all entry) {
	for _, e := range r.allEntries(all.value, "`services`") {
		if !composeName.MatchString(e.key) {
			r.skip(e.at, "`%s` is no name of a service: only letters, digits, ., - and _", clip(e.key))
			continue
		}
		if isReplaced(e.value) {
			part.replaced = append(part.replaced, []string{"services", e.key})
		}
		switch {
		case e.value.Tag == resetTag:
			continue
		case e.value.Kind != yaml.MappingNode && !isNull(e.value):
			r.skip(e.at, "`%s` is no service, but a %s: left out", e.key, kindName(e.value))
			continue
		}
		part.services[e.key] = r.service(part, e)
		place := key("services", part.scope+e.key)
		if _, seen := r.at[place]; !seen {
			r.at[place] = r.source(e.at)
		}
		if part.scope == "" && !slices.Contains(r.order, e.key) {
			r.order = append(r.order, e.key)
		}
	}
}

// canonical turns a list of a service into compose-go's long form.
func canonical(what string, list []any) ([]any, error) {
	const name = "any"
	all, err := transform.Canonical(map[string]any{"services": map[string]any{name: map[string]any{what: list}}}, false)
	if err != nil {
		return nil, err
	}
	services, _ := all["services"].(map[string]any)
	service, _ := services[name].(map[string]any)
	long, _ := service[what].([]any)
	return long, nil
}

// remove takes a path out of a model.
func remove(model map[string]any, at []string) {
	for ; len(at) > 1; at = at[1:] {
		next, ok := model[at[0]].(map[string]any)
		if !ok {
			return
		}
		model = next
	}
	delete(model, at[0])
}

func didYouMean(word string, known []string) string {
	if near := nearest(word, known); near != "" {
		return fmt.Sprintf(": did you mean `%s`?", near)
	}
	if len(known) == 0 {
		return ""
	}
	return ": there is " + strings.Join(known, ", ")
}
