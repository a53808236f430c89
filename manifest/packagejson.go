package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// readPackageJSON makes the start script of a package.json the process web, as
// `heroku local` does. It runs through the project's own package manager, so that
// hooks and node_modules/.bin are as the script's author expects. The files that
// tell which one that is are looked up beside path.
func readPackageJSON(path string, data []byte) (App, error) {
	app := App{Kind: PackageJSON, File: path}
	pkg, err := parsePackage(path, data)
	if err != nil {
		return app, err
	}
	if pkg.startLine == 0 {
		return app, &Error{File: path, Message: "no `start` script: add one, or write a Procfile with a line such as " + pkg.example()}
	}
	manager, problem := packageManager(path, pkg.manager)
	if problem != "" {
		app.Problems = []Problem{{File: path, Line: pkg.startLine, Message: problem}}
	}
	app.Processes = []Process{{
		Type:    "web",
		Command: manager,
		Source:  Source{File: path, Line: pkg.startLine},
	}}
	return app, nil
}

// packageFile is what a package.json says that matters here.
type packageFile struct {
	// startLine is where the start script is; 0 when there is none.
	startLine int
	scripts   []string
	manager   string
}

func parsePackage(path string, data []byte) (packageFile, error) {
	fail := func(offset int64, message string) error {
		return &Error{File: path, Line: lineAt(data, offset), Message: message}
	}
	var pkg packageFile
	if name := utf16or32(data); name != "" {
		return pkg, &Error{File: path, Message: "this file is in " + name + ": save it as UTF-8"}
	}
	// npm strips a byte order mark too; blanks keep the offsets right.
	text := data
	if bytes.HasPrefix(data, []byte(bom)) {
		text = append([]byte("   "), data[len(bom):]...)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return pkg, &Error{File: path, Message: "this file is empty"}
	}
	var all json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		if se, ok := errors.AsType[*json.SyntaxError](err); ok {
			return pkg, fail(se.Offset, "not valid JSON: "+se.Error())
		}
		return pkg, &Error{File: path, Message: "not valid JSON: " + err.Error()}
	}
	// What follows can no longer meet a syntax error.
	d := json.NewDecoder(bytes.NewReader(text))
	object := eachKey(d, func(key string, _ int64) {
		switch key {
		case "scripts":
			pkg.scripts, pkg.startLine = nil, 0 // the last of two wins, as in JavaScript
			eachKey(d, func(script string, offset int64) {
				pkg.scripts = append(pkg.scripts, script)
				if value := stringValue(d); script == "start" && strings.TrimSpace(value) != "" {
					pkg.startLine = lineAt(data, offset)
				}
			})
		case "packageManager":
			pkg.manager = stringValue(d)
		default:
			skipValue(d)
		}
	})
	if !object {
		return pkg, &Error{File: path, Message: "not a package.json: there is no object in it"}
	}
	return pkg, nil
}

// example is a line for the Procfile that the project could have.
func (p packageFile) example() string {
	for _, script := range []string{"dev", "serve", "develop"} {
		if slices.Contains(p.scripts, script) {
			return "`web: npm run " + script + "`"
		}
	}
	return example
}

// eachKey reads one value. If it is an object it calls use after each of its
// keys, with the offset at which the key ends; use reads the key's value. For any
// other value it returns false.
func eachKey(d *json.Decoder, use func(key string, offset int64)) bool {
	token, err := d.Token()
	if err != nil {
		return false
	}
	if token != json.Delim('{') {
		if token == json.Delim('[') {
			for d.More() {
				skipValue(d)
			}
			skipToken(d)
		}
		return false
	}
	for d.More() {
		token, err = d.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return false
		}
		use(name, d.InputOffset())
	}
	skipToken(d)
	return true
}

// stringValue reads one value; what is not a string is "".
func stringValue(d *json.Decoder) string {
	var v any
	if err := d.Decode(&v); err != nil {
		return ""
	}
	s, ok := v.(string)
	if !ok {
		return ""
	}
	return s
}

func skipValue(d *json.Decoder) {
	var v json.RawMessage
	_ = d.Decode(&v) // the file was parsed once before
}

// skipToken reads the bracket that ends what d is in.
func skipToken(d *json.Decoder) { _, _ = d.Token() }

// lineAt is the line, counted from 1, that holds the byte before offset.
func lineAt(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:min(max(offset-1, 0), int64(len(data)))], []byte("\n"))
}

// packageManager gives the command that runs the start script: of the manager
// that packageManager declares ("pnpm@9.1.0"), else of the one whose lock file
// is there, else npm's. The problem is that the lock files contradict each other.
func packageManager(path, declared string) (command, problem string) {
	commands := map[string]string{"npm": "npm start", "yarn": "yarn start", "pnpm": "pnpm start", "bun": "bun run start"}
	name, _, _ := strings.Cut(declared, "@")
	if commands[name] != "" {
		return commands[name], ""
	}
	var found []string
	var managers []string
	for _, lock := range []struct{ file, manager string }{
		{"package-lock.json", "npm"},
		{"npm-shrinkwrap.json", "npm"},
		{"pnpm-lock.yaml", "pnpm"},
		{"yarn.lock", "yarn"},
		{"bun.lock", "bun"},
		{"bun.lockb", "bun"},
	} {
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), lock.file)); err == nil {
			found = append(found, lock.file)
			managers = append(managers, lock.manager)
		}
	}
	if len(found) == 0 {
		return commands["npm"], ""
	}
	command = commands[managers[0]]
	for _, other := range managers {
		if other != managers[0] {
			return command, fmt.Sprintf("%s are all here, so `%s` is a guess: remove the stale ones, or set packageManager", strings.Join(found, ", "), command)
		}
	}
	return command, ""
}
