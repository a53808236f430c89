package manifest

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/override"
	"github.com/compose-spec/compose-go/v2/paths"
	"github.com/compose-spec/compose-go/v2/tree"
	"go.yaml.in/yaml/v3"
)

// include adds the services of other projects' files, whose paths are relative to
// those (https://docs.docker.com/reference/compose-file/include/).
func (r *composeReader) include(part *composeFile, n *yaml.Node, from origin) error {
	if n.Kind != yaml.SequenceNode {
		r.skip(n, "`include` is to be a list of files, not a %s: left out", kindName(n))
		return nil
	}
	for _, item := range itemsOf(n) {
		r.name = part.name // the files before have changed it
		files, project := r.included(item, filepath.Dir(part.name))
		for _, file := range files {
			if why := notAFile(file); why != "" {
				return r.fail(item, "cannot include `%s`: %s", clip(file), why)
			}
		}
		model, err := r.model(files, origin{dir: project, stack: from.stack})
		if err != nil {
			return err
		}
		r.name = part.name
		if err := part.adopt(model); err != nil {
			return r.fail(item, "cannot include it: %s", saying(err))
		}
	}
	return nil
}

// adopt puts services of other files beneath those of its own.
func (part *composeFile) adopt(model map[string]any) error {
	others, _ := model["services"].(map[string]any)
	for name, service := range others {
		if own, ok := part.services[name]; ok {
			var err error
			if service, err = override.MergeYaml(service, own, tree.NewPath("services").Next(name)); err != nil {
				return err
			}
		}
		part.services[name] = service
	}
	return nil
}

// included reads an item of include: its files, and the folder their paths are
// relative to.
func (r *composeReader) included(item *yaml.Node, dir string) (files []string, project string) {
	list := item
	if item.Kind == yaml.MappingNode {
		list = nil
		for _, e := range r.entries(item, "an item of `include`") {
			switch e.key {
			case "path":
				list = e.value
			case "project_directory":
				project = r.interpolate(e.value)
			case "env_file":
				r.note(e.at, "`env_file` of an include is not read: put its variables into the project's .env")
			default:
				r.unknown(e, "`include`", []string{"path", "project_directory", "env_file"})
			}
		}
	}
	if list == nil {
		r.skip(item, "an item of `include` has no `path`: left out")
		return nil, ""
	}
	for _, v := range itemsOf(list) {
		name := r.interpolate(v)
		if isRemote(name) {
			r.skip(v, "`%s` is not on this machine: devrun includes local files only", clip(name))
			return nil, ""
		}
		files = append(files, under(dir, name))
	}
	if project != "" || len(files) == 0 {
		return files, under(dir, project)
	}
	return files, filepath.Dir(files[0])
}

// rebase makes the paths of services that are written in another folder relative
// to the main file's.
func (r *composeReader) rebase(services map[string]any, dir string) error {
	rel, err := filepath.Rel(r.dir, dir)
	if err != nil {
		rel = dir
	}
	if rel == "." {
		return nil
	}
	return paths.ResolveRelativePaths(map[string]any{"services": services}, rel, nil)
}

// extend puts the service that another one extends beneath it
// (https://docs.docker.com/reference/compose-file/services/#extends).
func (r *composeReader) extend(part *composeFile, name string, from origin) error {
	ext, ok := part.extends[name]
	if !ok {
		return nil
	}
	fail := func(format string, args ...any) error {
		return &Error{File: ext.File, Line: ext.Line, Message: fmt.Sprintf(format, args...)}
	}
	target := part.extended(ext)
	link := target + " " + ext.service
	if slices.Contains(from.stack, link) || target == filepath.Clean(part.name) && ext.service == name {
		return fail("`%s` extends itself", name)
	}
	from = from.to(filepath.Dir(target), link)
	source := part
	if target != filepath.Clean(part.name) {
		if why := notAFile(target); why != "" {
			return fail("cannot extend a service of `%s`: %s", clip(ext.file), why)
		}
		other, err := r.foreign(target, from)
		if err != nil {
			return err
		}
		source = &other
	}
	if _, ok := source.services[ext.service].(map[string]any); !ok {
		return fail("there is no service `%s` to extend%s", clip(ext.service), didYouMean(ext.service, slices.Sorted(maps.Keys(source.services))))
	}
	if err := r.extend(source, ext.service, from); err != nil {
		return err
	}
	r.inherit(part.scope+name, source.scope+ext.service)
	own, _ := part.services[name].(map[string]any)
	base, _ := clone(source.services[ext.service]).(map[string]any)
	merged, err := override.ExtendService(base, own)
	if err != nil {
		return fail("cannot extend `%s`: %s", clip(ext.service), saying(err))
	}
	part.services[name] = merged
	delete(part.extends, name)
	return nil
}

// extended is the file of the service that is extended.
func (part *composeFile) extended(ext extension) string {
	if ext.file == "" {
		return filepath.Clean(part.name)
	}
	return under(filepath.Dir(part.name), ext.file)
}

// inherit gives a service the places of what it has from another.
func (r *composeReader) inherit(name, base string) {
	prefix := key("services", base) + "\x00"
	for place, s := range maps.Clone(r.at) {
		if rest, ok := strings.CutPrefix(place, prefix); ok {
			if own := key("services", name, rest); r.at[own] == (Source{}) {
				r.at[own] = s
			}
		}
	}
}

// foreign reads a file of which one service is extended. Its services do not
// become part of the project.
func (r *composeReader) foreign(file string, from origin) (composeFile, error) {
	name := r.name
	part, err := r.file(file, file+"\x00", from)
	r.name = name
	return part, err
}

// under is a path of a file as seen from that file's folder.
func under(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, filepath.FromSlash(name))
}

// notAFile says why a path cannot be read as a file; empty when it can.
func notAFile(path string) string {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "no such file"
	case info.IsDir():
		return "this is a folder"
	case !info.Mode().IsRegular():
		return "this is no file"
	}
	return ""
}

// isRemote tells a git repository, an OCI artifact and the like from a path.
func isRemote(name string) bool {
	return strings.Contains(name, "://") || strings.HasPrefix(name, "git@") || strings.HasPrefix(name, "github.com/") || path.Ext(strings.SplitN(name, "#", 2)[0]) == ".git"
}

func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		c := make(map[string]any, len(v))
		for k, e := range v {
			c[k] = clone(e)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, e := range v {
			c[i] = clone(e)
		}
		return c
	}
	return v
}
