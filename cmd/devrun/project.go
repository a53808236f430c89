package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/devrun/devrun/envfile"
	"github.com/devrun/devrun/manifest"
	"github.com/devrun/devrun/plan"
)

// project is what the files of the project's folder say, before anything is
// decided.
type project struct {
	root     string
	app      manifest.App
	passed   []string
	env      []envfile.Value
	files    []string // every file that was read
	warnings []plan.Warning
}

// exampleFiles are the usual names of a .env that is kept in the repository.
func exampleFiles() []string { return []string{".env.example", ".env.sample", ".env.template"} }

// enter makes the project's folder the current one, so that every file is
// named in messages as the user names it, and applies the folder's option
// file. Paths given on the command line are meant from the project's folder,
// or else from where devrun was called.
func (a *app) enter(cmd *cobra.Command, o *options) error {
	p := &o.project
	from, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("cannot tell the current folder: %v; it may have been removed", err)
	}
	if err := a.applyOptionFile(cmd, cmp.Or(p.root, ".")); err != nil {
		return err
	}
	if len(p.files) > 1 {
		return usagef("several -f are not supported: run one manifest at a time")
	}
	folder := p.folder()
	if err := os.Chdir(folder); err != nil {
		return fmt.Errorf("cannot use project folder %s: %w", folder, reason(err))
	}
	for i, f := range p.files {
		p.files[i] = locate(f, from)
	}
	p.envFiles = splitEnvFiles(p.envFiles, from)
	return nil
}

// folder is the project's: as in foreman, the one its Procfile is in. A
// manifest that is no regular file (a process substitution) has no folder to
// speak of.
func (p *projectFlags) folder() string {
	if p.root != "" {
		return p.root
	}
	if len(p.files) == 1 {
		if info, err := os.Stat(p.files[0]); err == nil && info.Mode().IsRegular() {
			return filepath.Dir(p.files[0])
		}
	}
	return "."
}

// splitEnvFiles takes apart what -e was given: a,b is two files.
func splitEnvFiles(lists []string, from string) []string {
	var files []string
	for _, list := range lists {
		for f := range strings.SplitSeq(list, ",") {
			if f = strings.TrimSpace(f); f != "" {
				files = append(files, locate(f, from))
			}
		}
	}
	return files
}

// locate finds a file named on the command line: from the project's folder
// (the current one by now), else from the folder devrun was called in.
func locate(file, from string) string {
	if filepath.IsAbs(file) {
		return relativeTo(file)
	}
	if _, err := os.Stat(file); err == nil {
		return file
	}
	elsewhere := filepath.Join(from, file)
	if _, err := os.Stat(elsewhere); err == nil {
		return relativeTo(elsewhere)
	}
	return file
}

// relativeTo shortens a path that lies inside the project's folder.
func relativeTo(path string) string {
	root, err := os.Getwd()
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(root, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// applyOptionFile takes .foreman's keys as defaults of the flags that the
// command line does not set.
func (a *app) applyOptionFile(cmd *cobra.Command, folder string) error {
	const name = ".foreman"
	path := filepath.Join(folder, name)
	opts, problems, err := manifest.ReadOptions(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, p := range problems {
		a.say("%s:%d: %s", name, p.Line, p.Message)
	}
	for _, opt := range opts {
		if err := applyOption(cmd.Flags(), opt); err != nil {
			return fmt.Errorf("%s:%d: %s: %v", name, opt.Line, opt.Name, err)
		}
	}
	return nil
}

func applyOption(flags *pflag.FlagSet, opt manifest.Option) error {
	name, value := opt.Name, opt.Value
	if name == "timestamp" && value == "false" {
		name, value = "no-timestamp", "true"
	}
	flag := flags.Lookup(name)
	if flag == nil || flag.Changed {
		return nil // a key of another command, or overruled by the command line
	}
	return flags.Set(name, value)
}

// load reads the manifest and the environment's files.
func (a *app) load(o *options, manifestNeeded bool) (*project, error) {
	root, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("cannot tell the project's folder: %v", err)
	}
	p := &project{root: root}
	envErr := p.readEnv(a.environ, o.project.envFiles)
	if err := p.readManifest(o.project.files, p.lookup(a.environ, o.project.envOverride), manifestNeeded); err != nil {
		return nil, err
	}
	return p, envErr
}

// lookup finds a variable for a manifest that refers to it: as the processes
// will have it.
func (p *project) lookup(environ []string, override bool) manifest.Lookup {
	resolved := envfile.Resolve(override, p.env)
	shell := shellLookup(environ)
	return func(name string) (string, bool) {
		at, ok := slices.BinarySearchFunc(resolved, name, func(r envfile.Resolved, name string) int {
			return strings.Compare(r.Name, name)
		})
		if ok {
			return resolved[at].Value.Value, true
		}
		return shell(name)
	}
}

func (p *project) readManifest(files []string, lookup manifest.Lookup, needed bool) error {
	var file string
	var err error
	if len(files) == 1 {
		file = files[0]
	} else if file, p.passed, err = manifest.Find("."); err != nil {
		var none *manifest.NotFoundError
		if errors.As(err, &none) && !needed {
			return nil
		}
		return err
	}
	p.files = append([]string{file}, p.files...)
	if p.app, err = manifest.Read(file, lookup); err != nil {
		return err
	}
	over, err := manifest.Overlay(&p.app, filepath.Dir(file))
	p.files = append(p.files, over...)
	return err
}

// readEnv reads the files named with -e, or .env.
func (p *project) readEnv(environ, named []string) error {
	r := envReader{project: p, shell: shellLookup(environ), defined: make(map[string]string)}
	if len(named) == 0 {
		err := r.read(".env", envfile.DotEnv)
		if errors.Is(err, fs.ErrNotExist) {
			p.warnExample(r.shell)
			err = nil
		}
		if err != nil {
			return err
		}
	}
	for _, path := range named {
		err := r.read(path, envfile.EnvFile)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot read env file %s: there is no such file", path)
		}
		if err != nil {
			return err
		}
	}
	for name := range r.defined {
		if value, ok := r.shell(name); ok {
			p.env = append(p.env, envfile.Value{Name: name, Value: value, Source: envfile.Shell})
		}
	}
	return nil
}

// envReader reads env files one after the other: a later one sees the
// variables of those before it.
type envReader struct {
	project *project
	shell   envfile.Lookup
	defined map[string]string
}

func (r *envReader) read(path string, source envfile.Source) error {
	f, err := envfile.Read(path, func(name string) (string, bool) {
		if value, ok := r.defined[name]; ok {
			return value, true
		}
		return r.shell(name)
	})
	if !errors.Is(err, fs.ErrNotExist) {
		r.project.files = append(r.project.files, path)
	}
	if err != nil {
		return err
	}
	for _, w := range f.Warnings {
		r.project.warnings = append(r.project.warnings, plan.Warning(w))
	}
	for _, v := range f.Vars {
		r.defined[v.Name] = v.Value
	}
	r.project.env = append(r.project.env, f.Values(source)...)
	return nil
}

// warnExample lists what the example of a missing .env names and nobody sets.
func (p *project) warnExample(shell envfile.Lookup) {
	for _, example := range exampleFiles() {
		names, err := envfile.Names(example)
		if err != nil {
			continue
		}
		names = slices.DeleteFunc(names, func(name string) bool {
			_, set := shell(name)
			return set
		})
		if len(names) > 0 {
			p.warnings = append(p.warnings, plan.Warning{File: example, Message: fmt.Sprintf(
				"there is no .env, and nobody sets %s; start from the example: cp %s .env", strings.Join(names, ", "), example)})
		}
		return
	}
}

func shellLookup(environ []string) envfile.Lookup {
	vars := make(map[string]string, len(environ))
	for _, kv := range environ {
		if name, value, ok := strings.Cut(kv, "="); ok {
			vars[name] = value
		}
	}
	return func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	}
}

// toolDirs are the project's own folders of programs that stand before the
// shell's PATH.
func (p *project) toolDirs(shell envfile.Lookup) []string {
	var dirs []string
	if active, _ := shell("VIRTUAL_ENV"); active == "" {
		for _, dir := range []string{"venv/bin", ".venv/bin", "venv/Scripts", ".venv/Scripts"} {
			if isDir(dir) {
				dirs = append(dirs, filepath.Join(p.root, filepath.FromSlash(dir)))
				break
			}
		}
	}
	if bin := filepath.Join("node_modules", ".bin"); isDir(bin) {
		dirs = append(dirs, filepath.Join(p.root, bin))
	}
	return dirs
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// input is what a plan of this project is made from.
func (p *project) input(a *app, o *options, args []string) (plan.Input, error) {
	types, err := plan.ParseTypes(args)
	if err != nil {
		return plan.Input{}, &usageError{err.Error()}
	}
	formation, err := plan.ParseFormation(o.choice.formation)
	if err != nil {
		return plan.Input{}, &usageError{err.Error()}
	}
	c := &o.choice
	var wait time.Duration
	if c.grace.set {
		wait = max(c.grace.d, 1) // 0 asks for no patience at all
	}
	return plan.Input{
		Root:  p.root,
		App:   p.app,
		Env:   p.env,
		Shell: a.environ,
		Tools: p.toolDirs(shellLookup(a.environ)),
		Choices: plan.Choices{
			Types: types, Formation: formation,
			Port: int(c.port), NoPort: c.noPort,
			Grace: wait, OnExit: plan.OnExit(c.onExit), Release: c.release,
			TTY: a.tty(o), EnvOverride: o.project.envOverride,
			Docker: o.project.docker.types, Native: o.project.native.types,
		},
	}, nil
}

// reason is the system's part of a path error, without the path again.
func reason(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

func getwd() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("cannot tell the project's folder: %v; it may have been removed", err)
	}
	return dir, nil
}
