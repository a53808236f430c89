package manifest

import (
	"cmp"
	"path/filepath"
	"strings"
)

// Lookup finds a variable of the user's: some files refer to them.
type Lookup func(name string) (value string, ok bool)

// Read reads the file at path, once and to its end, so a pipe will do. The
// file's name tells its kind; a name that says nothing is taken for a Procfile.
// lookup is asked for the variables that convox and compose files refer to.
//
// When the error is an *Error the App may still hold the Problems that led to
// it.
func Read(path string, lookup Lookup) (App, error) {
	app, err := readKind(path, lookup)
	for i := range app.Processes {
		app.Processes[i].Native = native(app.Processes[i], filepath.Dir(path))
	}
	return app, err
}

// native is the command of p without its image, if that is not p.Command.
func native(p Process, dir string) string {
	switch {
	case len(p.Image.Entrypoint) > 0:
		return strings.TrimSpace(quoteWords(p.Image.Entrypoint) + " " + p.Command)
	case p.Command == "" && p.Image.Ref == "" && p.Image.Build != nil && p.Image.Build.Target == "" && p.Image.Build.Base == "":
		build := p.Image.Build
		return dockerfileCommand(filepath.Join(dir, filepath.FromSlash(cmp.Or(build.Dockerfile, "Dockerfile"))))
	}
	return ""
}

func readKind(path string, lookup Lookup) (App, error) {
	kind := kindOf(path)
	if kind == Compose {
		return readCompose(composeWith(path), lookup)
	}
	data, err := readFile(path)
	if err != nil {
		return App{}, err
	}
	switch kind {
	case PackageJSON:
		return readPackageJSON(path, data)
	case Amvera:
		return readAmvera(path, data)
	case HerokuYML:
		return readHerokuYML(path, data)
	case Convox:
		return readConvox(path, data, lookup)
	case Dockerfile:
		return readDockerfile(path, data)
	case appJSON:
		return readAppJSON(path, data)
	case unknownKind:
		return App{}, &Error{File: path, Message: "devrun does not know this kind of file: name a Procfile, or a file of a platform it reads, with -f"}
	case Procfile, Compose, Devrun:
	}
	app, err := ParseProcfile(path, data)
	if err != nil && strings.HasPrefix(filepath.Base(path), ".env") {
		return App{}, &Error{File: path, Message: "this is an environment file: name it with -e, and a Procfile with -f"}
	}
	if what := disguised(path, data, app); what != "" {
		return App{}, &Error{File: path, Message: "this looks like " + what + ", not like a Procfile; a platform's file is known by its name (amvera.yml, heroku.yml, convox.yml, compose.yaml)"}
	}
	return app, err
}

// Kinds that no App has.
const (
	appJSON     Kind = "app.json"
	unknownKind Kind = "unknown"
)

// kindOf tells by its name what a file is.
func kindOf(path string) Kind {
	name := strings.ToLower(filepath.Base(path))
	ext := filepath.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	isYAML := ext == ".yml" || ext == ".yaml"
	switch {
	case name == string(PackageJSON):
		return PackageJSON
	case name == string(appJSON):
		return appJSON
	case isYAML && (strings.HasPrefix(stem, "amvera") || strings.HasPrefix(stem, "amverum")):
		return Amvera
	case isYAML && (stem == "heroku" || strings.HasPrefix(stem, "heroku.")):
		return HerokuYML
	case isYAML && (stem == "convox" || strings.HasPrefix(stem, "convox.")):
		return Convox
	case isYAML && strings.Contains(stem, "compose"):
		return Compose
	case stem == "dockerfile" || ext == ".dockerfile":
		return Dockerfile
	case ext == ".json" || ext == ".toml" || isYAML && stem == "devrun":
		return unknownKind
	}
	return Procfile
}

// composeWith is a compose file with what goes over it: a file that has the
// name that is looked for has its override files, any other stands alone.
func composeWith(path string) []string {
	dir, name := filepath.Split(path)
	if files := composeFiles(dir); len(files) > 0 && filepath.Base(files[0]) == name {
		return files
	}
	return []string{path}
}

// Overlay adds to app what the files beside its own say: app.json, which says
// nothing about a run of its own. It returns the files that were read.
func Overlay(app *App, dir string) ([]string, error) {
	if app.Kind != Procfile && app.Kind != HerokuYML && app.Kind != PackageJSON {
		return nil, nil
	}
	path := filepath.Join(dir, string(appJSON))
	if !declares(path) {
		return nil, nil
	}
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return []string{path}, app.overlayAppJSON(path, data)
}
