package manifest

import (
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
)

// dockerfile is what the last stage of a Dockerfile says of the process
// (https://docs.docker.com/reference/dockerfile/).
type dockerfile struct {
	entrypoint, command instruction
	ports               []Port
}

// instruction is a CMD or ENTRYPOINT: the words of its exec form, or the text of
// its shell form.
type instruction struct {
	words []string
	text  string
	line  int
}

// shell is the instruction as a shell takes it.
func (i instruction) shell() string {
	if i.words != nil {
		return quoteWords(i.words)
	}
	return i.text
}

// parseDockerfile reads a Dockerfile no further than devrun needs it.
func parseDockerfile(file string, data []byte) dockerfile {
	var d dockerfile
	lines := strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
	for n := 0; n < len(lines); n++ {
		at := n + 1
		text := strings.TrimSpace(lines[n])
		for strings.HasSuffix(text, "\\") && n+1 < len(lines) {
			n++
			next := strings.TrimSpace(lines[n])
			if strings.HasPrefix(next, "#") {
				next = "\\" // a comment between continued lines is no part of them
			}
			text = strings.TrimSuffix(text, "\\") + " " + next
		}
		name, rest, _ := strings.Cut(text, " ")
		rest = strings.TrimSpace(rest)
		switch strings.ToUpper(name) {
		case "FROM":
			d = dockerfile{}
		case "CMD":
			d.command = parseInstruction(rest, at)
		case "ENTRYPOINT":
			d.entrypoint = parseInstruction(rest, at)
			d.command = instruction{} // an earlier CMD was for another entrypoint
		case "EXPOSE":
			d.expose(rest, Source{File: file, Line: at})
		}
	}
	return d
}

func parseInstruction(rest string, line int) instruction {
	var words []string
	if strings.HasPrefix(rest, "[") && json.Unmarshal([]byte(rest), &words) == nil {
		return instruction{words: words, line: line}
	}
	return instruction{text: strings.Join(strings.Fields(rest), " "), line: line}
}

func (d *dockerfile) expose(rest string, at Source) {
	for word := range strings.FieldsSeq(rest) {
		number, protocol, _ := strings.Cut(word, "/")
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > 65535 {
			continue // a variable, or a range
		}
		if protocol == "" {
			protocol = "tcp"
		}
		d.ports = append(d.ports, Port{Container: n, Protocol: protocol, Source: at})
	}
}

// run is the command of the image, and its line.
func (d dockerfile) run() (command string, line int) {
	entry, cmd := d.entrypoint, d.command
	switch {
	case entry.line == 0:
		return cmd.shell(), cmd.line
	case entry.words == nil || cmd.words == nil:
		// A shell-form ENTRYPOINT takes no arguments.
		return entry.shell(), entry.line
	}
	return entry.shell() + " " + cmd.shell(), entry.line
}

// dockerfileCommand is what the Dockerfile at path runs; empty when that cannot
// be told.
func dockerfileCommand(path string) string {
	data, err := readFile(path)
	if err != nil {
		return ""
	}
	command, _ := parseDockerfile(path, data).run()
	return command
}

// readDockerfile makes a project of one process, web, of a Dockerfile alone.
func readDockerfile(file string, data []byte) (App, error) {
	app := App{Kind: Dockerfile, File: file, Containers: true}
	if name := utf16or32(data); name != "" {
		return app, &Error{File: file, Message: "this file is in " + name + ": save it as UTF-8"}
	}
	if !strings.Contains(strings.ToUpper(string(data)), "FROM") {
		return app, &Error{File: file, Message: "not a Dockerfile: it has no FROM"}
	}
	d := parseDockerfile(file, data)
	command, line := d.run()
	app.Processes = []Process{{
		Type: "web", Command: command, Source: Source{File: file, Line: max(line, 1)},
		Ports: d.ports, Image: Image{Build: &Build{Context: ".", Dockerfile: filepath.ToSlash(file)}},
	}}
	return app, nil
}
