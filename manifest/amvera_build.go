package manifest

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// build is how the platform makes the image of a language.
func (r *amveraReader) build() *Build {
	b := &Build{
		Context: ".",
		Base:    r.image("build.image", r.env.base),
		Runtime: r.image("run.image", r.env.runtime),
		Skip:    r.yes("build.skip"),
		Source:  r.source(r.place("meta.environment", "meta.toolchain.name")),
	}
	if b.Skip {
		return b
	}
	b.Artifacts = r.artifacts()
	b.Commands = r.env.steps(r, b.Artifacts)
	return b
}

func (r *amveraReader) image(key, standard string) string {
	if own := r.value(key); own != "" {
		return own
	}
	return strings.ReplaceAll(standard, "%s", r.version)
}

// artifacts are the files that the build hands on; Dest is empty for the
// application's own folder.
func (r *amveraReader) artifacts() []Artifact {
	const key = "build.artifacts"
	e, ok := r.set[key]
	var list []Artifact
	switch {
	case ok && e.value.Kind != yaml.MappingNode:
		r.skip(e.at, "`%s` is to be a map such as `\"dist/*\": /`, not a %s: left out", key, kindName(e.value))
	case ok:
		for _, item := range r.entries(e.value, "`"+key+"`") {
			list = append(list, r.artifact(item)...)
		}
	}
	if len(list) == 0 && r.env.artifact != "" {
		list = []Artifact{{Pattern: r.env.artifact}}
	}
	return list
}

func (r *amveraReader) artifact(item entry) []Artifact {
	pattern := strings.TrimPrefix(strings.TrimSpace(item.key), "./")
	dest, ok := r.text(item.value, "a folder of `build.artifacts`")
	if !ok {
		return nil
	}
	if strings.HasPrefix(pattern, "/") {
		r.note(item.at, "`%s`: a pattern starts at the project's folder, without a slash", clip(pattern))
		pattern = strings.TrimLeft(pattern, "/")
	}
	if pattern == "" || slices.Contains(strings.Split(pattern, "/"), "..") {
		r.skip(item.at, "`%s` is not in the project's folder: left out", clip(item.key))
		return nil
	}
	return []Artifact{{Pattern: pattern, Dest: strings.TrimPrefix(path.Clean("/"+dest), "/")}}
}

// amveraVenv is where Amvera keeps Python's packages, below the project's folder.
const amveraVenv = "venv"

// pipSteps: without the file of requirements nothing is installed, and Amvera
// says nothing of it.
func pipSteps(r *amveraReader, _ []Artifact) []Step {
	steps := []Step{{Command: "python3 -m venv " + amveraVenv, Creates: amveraVenv}}
	from := r.localPath("build.requirementsPath")
	written := from != ""
	if !written {
		from = "requirements.txt"
	}
	if isFile(r.dir, from) {
		return append(steps, Step{Command: amveraVenv + "/bin/pip install -r " + quoteWord(from), Creates: amveraVenv, From: from})
	}
	if written {
		r.note(r.place("build.requirementsPath"), "there is no `%s` here: Amvera then installs nothing, without a word", clip(from))
	}
	return steps
}

// poetrySteps put everything into .venv, where poetry looks for it unasked
// (https://python-poetry.org/docs/configuration/#virtualenvsin-project).
func poetrySteps(r *amveraReader, _ []Artifact) []Step {
	install := ".venv/bin/pip install poetry"
	if v := r.value("meta.toolchain.version"); poetryVersion(v) {
		install += "==" + v
	}
	return []Step{
		{Command: "python3 -m venv .venv", Creates: ".venv"},
		{Command: install, Creates: ".venv/bin/poetry"},
		{Command: ".venv/bin/poetry install --no-root", Creates: ".venv", From: "pyproject.toml"},
	}
}

// poetryVersion tells poetry's versions, 1 and 2, from Python's: both are found
// in files.
func poetryVersion(v string) bool {
	return amveraTag.MatchString(v) && (v[0] == '1' || v[0] == '2')
}

// npmSteps are `npm install && ${build.additionalCommands}`, in two parts so
// that the first need not be repeated with the second.
func npmSteps(r *amveraReader, _ []Artifact) []Step {
	steps := []Step{{Command: "npm install", Creates: "node_modules", From: "package.json"}}
	more := r.buildCommands()
	if more == "" && r.env.toolchain == "browser" {
		more = "npm run build"
	}
	if more != "" {
		steps = append(steps, Step{Command: more})
	}
	return steps
}

// buildCommands are the commands of the build but for the installing that Amvera
// does anyway, joined as a shell takes them.
func (r *amveraReader) buildCommands() string {
	var parts []string
	for _, e := range r.commands {
		list := r.texts(e.value, fmt.Sprintf("`%s`", clip(e.key)))
		if len(list) > 1 {
			r.note(e.at, "`%s` is to be one line, not a list: its lines are joined with &&", clip(e.key))
		}
		for _, part := range list {
			part = strings.TrimSpace(part)
			if !slices.Contains([]string{"", "npm install", "npm i", "npm ci"}, part) {
				parts = append(parts, part)
			}
		}
	}
	return strings.Join(parts, " && ")
}

// nodeCommand is `node ${nodeArguments} ${scriptName} ${scriptArguments}`.
func nodeCommand(r *amveraReader, script string) string {
	if command := r.npmScript(script); command != "" {
		return command
	}
	words := []string{"node", r.line("run.nodeArguments"), r.mainFile(script), r.line("run.scriptArguments")}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

// npmScript is the command for a scriptName that is one of package.json's
// scripts and no file, which node cannot run. Where that is not certain it is
// only said.
func (r *amveraReader) npmScript(script string) string {
	for _, ending := range []string{"", ".js", ".json", ".node", "/index.js"} {
		if isFile(r.dir, script+ending) {
			return ""
		}
	}
	at := r.place("run.scriptName")
	command := "npm run " + quoteWord(script)
	if script == "start" {
		command = "npm start"
	}
	if data, err := readFile(filepath.Join(r.dir, string(PackageJSON))); err == nil {
		pkg, _ := parsePackage(string(PackageJSON), data)
		if slices.Contains(pkg.scripts, script) {
			r.note(at, "`scriptName` is a file for node, and `%s` is a script of package.json: taken as `command: %s`, write that", clip(script), clip(command))
			return command
		}
	}
	usual := []string{"start", "dev", "serve", "build", "develop", "prod", "production", "start:dev", "start:prod"}
	if slices.Contains(usual, script) {
		r.note(at, "`scriptName` is a file for node, and `%s` looks like a script of package.json: for that write `command: %s`", script, command)
	}
	return ""
}

// jarSteps run a builder of the JVM. What they create is where the artifacts
// take the jar from.
func jarSteps(command string, sources ...string) func(*amveraReader, []Artifact) []Step {
	return func(r *amveraReader, artifacts []Artifact) []Step {
		step := Step{Command: strings.TrimSpace(command + " " + r.line("build.args")), From: sources[0]}
		for _, source := range sources {
			if isFile(r.dir, source) {
				step.From = source
				break
			}
		}
		jar := path.Clean(strings.TrimPrefix(r.value("run.jarName"), "/app/"))
		for _, a := range artifacts {
			folder, name := path.Dir(a.Pattern), path.Base(jar)
			matches, _ := path.Match(path.Base(a.Pattern), name)
			if matches && path.Join(a.Dest, name) == jar && !strings.ContainsAny(folder, "*?[") {
				step.Creates = path.Join(folder, name)
				break
			}
		}
		return []Step{step}
	}
}

// goProgram is what the program is called: as the command does, else by a name
// that no folder of the project has.
func (r *amveraReader) goProgram() string {
	if words := splitCommand(r.line("run.command")).words; len(words) > 0 {
		if name, ok := strings.CutPrefix(words[0], "./"); ok && name != "" {
			return name
		}
	}
	if info, err := os.Stat(filepath.Join(r.dir, "app")); err == nil && info.IsDir() {
		return "app.bin"
	}
	return "app"
}

// dotnetSteps leave the program where Amvera's document expects it: in bin, or
// in bin/publish.
func dotnetSteps(r *amveraReader, _ []Artifact) []Step {
	name := dotnetName(r.value("run.buildFileName"))
	command, out := "dotnet build", "bin"
	if strings.HasPrefix(name, "bin/publish/") {
		command, out = "dotnet publish", "bin/publish"
	}
	args := r.line("build.args")
	if words := splitCommand(args).words; !slices.Contains(words, "-o") && !slices.Contains(words, "--output") {
		args = strings.TrimSpace("-o " + out + " " + args)
	}
	step := Step{Command: command + " " + args}
	if name != "" {
		step.Creates = name + ".dll"
	}
	return []Step{step}
}

// dotnetName is the name without an extension, as the document wants it.
func dotnetName(s string) string {
	return strings.TrimSuffix(strings.TrimSuffix(s, ".exe"), ".dll")
}

func monoSteps(r *amveraReader, _ []Artifact) []Step {
	main := r.value("build.mainFile")
	if main == "" {
		return nil
	}
	return []Step{{
		Command: "mcs -out:" + quoteWord(monoProgram(main)) + " " + quoteWord(main),
		Creates: monoProgram(main),
		From:    main,
	}}
}

func monoProgram(source string) string {
	return strings.TrimSuffix(source, path.Ext(source)) + ".exe"
}

// localPath is a path in the project, relative to its folder; "" when the file
// has none.
func (r *amveraReader) localPath(key string) string {
	written := r.value(key)
	if written == "" {
		return ""
	}
	at := r.place(key)
	plain := strings.TrimPrefix(strings.TrimPrefix(written, "/app/"), "/")
	clean := path.Clean(plain)
	if clean == ".." || strings.HasPrefix(clean, "../") || clean == "." || clean[0] == '/' {
		r.skip(at, "`%s` is `%s`, no file in the project's folder: left out", key, clip(written))
		delete(r.set, key)
		return ""
	}
	if plain != written {
		r.note(at, "`%s` starts at the project's folder: taken as `%s`, write it without a slash before", key, clip(clean))
	}
	return clean
}

// isFile says that a path relative to dir is a file.
func isFile(dir, name string) bool {
	info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name)))
	return err == nil && !info.IsDir()
}
