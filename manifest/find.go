package manifest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// NotFoundError says that a folder holds nothing that can be run.
type NotFoundError struct {
	// Dir is the folder as it was given.
	Dir string
	// Names are what was looked for, in order.
	Names []string
	// Similar are names in the folder that were perhaps meant to be one of
	// Names.
	Similar []string
}

func (e *NotFoundError) Error() string {
	where := "this folder"
	if e.Dir != "" && e.Dir != "." {
		where = e.Dir
	}
	said := fmt.Sprintf("nothing to run in %s: looked for %s with a start script", where, strings.Join(e.Names, ", "))
	if len(e.Similar) > 0 {
		return said + "; is " + e.Similar[0] + " meant? rename it, or name it with -f"
	}
	return said + "; write a Procfile with a line such as " + example
}

// Find looks in dir for the file to read when the user named none. chosen and
// passed are paths that start with dir. passed are the other files there that
// say what to run.
//
// A file that is there but cannot be read, or is malformed, is chosen all the
// same: to take another one would hide the mistake. The exception is a
// package.json, which has to have a start script. When nothing can be chosen the
// error is a *NotFoundError.
func Find(dir string) (chosen string, passed []string, err error) {
	info, err := os.Stat(dirOrHere(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, &Error{File: dir, Message: "no such folder"}
	}
	if err != nil {
		return "", nil, &Error{File: dir, Message: "cannot look into it: " + cause(err)}
	}
	if !info.IsDir() {
		return "", nil, &Error{File: dir, Message: "this is a file, not a folder: name it with -f"}
	}
	for _, name := range candidates() {
		path := filepath.Join(dir, name)
		if !declares(path) {
			continue
		}
		if chosen != "" {
			passed = append(passed, path)
			continue
		}
		chosen = path
	}
	if chosen == "" {
		return "", passed, &NotFoundError{Dir: dir, Names: lookedFor(), Similar: similar(dir)}
	}
	return chosen, passed, nil
}

func dirOrHere(dir string) string {
	if dir == "" {
		return "."
	}
	return dir
}

// candidates are the names of all files that say what to run, those that are
// meant for a developer's machine first.
func candidates() []string {
	names := []string{
		"Procfile.dev", "Procfile", "amvera.yml", "amvera.yaml", "heroku.yml", "convox.yml",
		"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml",
	}
	return append(append(names, dockerfilePlaces()...), "package.json")
}

// lookedFor are the candidates in a sentence: each kind once.
func lookedFor() []string {
	return []string{
		"Procfile.dev", "Procfile", "amvera.yml", "heroku.yml", "convox.yml", "compose.yaml", "docker-compose.yml",
		"Dockerfile", "package.json",
	}
}

// declares says that path is there, and may say what to run. A link to nowhere
// counts: its author meant it to be there.
func declares(path string) bool {
	if _, err := os.Lstat(path); err != nil {
		return false
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return false
	}
	if filepath.Base(path) != string(PackageJSON) {
		return true
	}
	data, err := readFile(path)
	if err != nil {
		return true
	}
	pkg, err := parsePackage(path, data)
	return err != nil || pkg.startLine > 0
}

// similar lists names in dir that differ from a Procfile's only as an editor or
// a keyboard makes them differ.
func similar(dir string) []string {
	entries, err := os.ReadDir(dirOrHere(dir))
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		name := strings.TrimSuffix(strings.ToLower(e.Name()), ".txt")
		if !e.IsDir() && (name == "procfile" || strings.HasPrefix(name, "procfile.") || name == "profile") {
			names = append(names, e.Name())
		}
	}
	return names
}
