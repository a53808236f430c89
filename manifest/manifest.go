// Package manifest reads what a project's own file says about its processes,
// with file and line, and decides nothing: which processes run, with which
// environment and on which port is for its callers.
//
// It is lenient where a developer would be: what can be understood is returned,
// and what cannot is returned as a Problem that says why. Only a file from which
// nothing sensible can be made is an error.
package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Kind is the kind of file an App was read from.
type Kind string

// The kinds that Read understands.
const (
	Procfile    Kind = "Procfile"
	PackageJSON Kind = "package.json"
	Amvera      Kind = "amvera.yml"
	HerokuYML   Kind = "heroku.yml"
	Convox      Kind = "convox.yml"
	Compose     Kind = "compose.yaml"
	Dockerfile  Kind = "Dockerfile"
	Devrun      Kind = "devrun.yml"
)

// App is what one file says. Nothing in it refers to the file any more: it may
// be kept while the file changes.
type App struct {
	Kind Kind
	// File is the path as it was given.
	File string
	// Processes are in the order of the file, and no Type occurs twice. A
	// release process is one of them.
	Processes []Process
	// Containers says that the file describes containers: it runs in Docker unless
	// the user wants otherwise.
	Containers bool
	// Env are the variables that the file declares for all processes.
	Env []Variable
	// Resources are what the processes need beside themselves.
	Resources []Resource
	// Problems are in the order of the file.
	Problems []Problem
}

// Process is one process type as the file declares it.
type Process struct {
	Type string
	// Command is for the platform's shell, exactly as it is written but for the
	// white space round it. A list of words is quoted so that a shell takes it
	// apart again. Empty: the image's own command.
	Command string
	// Native is what runs without a container, where that is not Command: with
	// the entrypoint before it, or what the Dockerfile runs. Empty: Command.
	Native string
	Source
	// Dir is where it runs, relative to the manifest's folder; empty is that
	// folder.
	Dir   string
	Env   []Variable
	Ports []Port
	Image Image
	Order Order
	Stop  Stop
	// Resources are the names of those of the App that it is given. Of convox's
	// `name:VARIABLE` it gets the address alone, as VARIABLE.
	Resources []string
	// Count is how many instances the file wants; 0 when it does not say, -1
	// when it wants none.
	Count int
}

// Source is a place in a file. Line counts from 1.
type Source struct {
	File string
	Line int
}

// Problem is something in the file that its author should know. Line counts
// from 1, and is 0 when the file as a whole is meant.
type Problem struct {
	File    string
	Line    int
	Message string
	// Skipped says that the line was left out of the App. Otherwise it was
	// taken as it is, and the message is a mere warning.
	Skipped bool
}

// String gives the problem as editors and terminals recognize a place in a file:
// "Procfile:3: message".
func (p Problem) String() string { return place(p.File, p.Line) + ": " + p.Message }

// Error says why nothing could be made of a file. Line counts from 1, and is 0
// when the file as a whole is meant.
type Error struct {
	File    string
	Line    int
	Message string
}

func (e *Error) Error() string { return place(e.File, e.Line) + ": " + e.Message }

func place(file string, line int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// maxSize is far beyond any manifest that a person wrote, and small enough to be
// refused or read at once.
const maxSize = 16 << 20

// disguised tells by its content that what was parsed as a Procfile is something
// else, and gives words for it; else "". A file called Procfile is believed.
func disguised(path string, data []byte, app App) string {
	name := strings.ToLower(filepath.Base(path))
	if strings.HasPrefix(name, "procfile") {
		return ""
	}
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return "JSON"
	}
	skipped := false
	for _, p := range app.Problems {
		skipped = skipped || p.Skipped
	}
	if ext := filepath.Ext(name); skipped && (ext == ".yml" || ext == ".yaml") {
		return "YAML"
	}
	return ""
}

// readFile reads all of a file that is no folder and not huge. Its errors name
// the path once.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{File: path, Message: missing(path)}
	}
	if err != nil {
		return nil, &Error{File: path, Message: "cannot open it: " + cause(err)}
	}
	defer f.Close()
	if info, statErr := f.Stat(); statErr == nil && info.IsDir() {
		return nil, &Error{File: path, Message: "this is a folder: name the file in it"}
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, &Error{File: path, Message: "cannot read it: " + cause(err)}
	}
	if len(data) > maxSize {
		return nil, &Error{File: path, Message: fmt.Sprintf("this is larger than %d MB: is it the right file?", maxSize>>20)}
	}
	return data, nil
}

// cause is the system's own reason, without the path that the error repeats.
func cause(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err.Error()
	}
	return err.Error()
}

// missing says that a file is not there, and what is there instead.
func missing(path string) string {
	if target, err := os.Readlink(path); err == nil {
		return "this is a link to " + target + ", which does not exist"
	}
	dir := filepath.Dir(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "no such file, nor the folder it would be in"
	}
	var others []string
	for _, e := range entries {
		if strings.HasPrefix(strings.ToLower(e.Name()), "procfile") && !e.IsDir() {
			others = append(others, e.Name())
		}
	}
	if len(others) == 0 {
		return "no such file"
	}
	return "no such file: its folder has " + strings.Join(others, ", ")
}
