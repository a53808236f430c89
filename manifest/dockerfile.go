package manifest

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
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

// parseDockerfile reads a Dockerfile no further than devrun needs it. A stage
// that is built on an earlier one has what that one says.
func parseDockerfile(file string, data []byte) (d dockerfile, ok bool) {
	stages := make(map[string]dockerfile)
	name := "" // of the stage
	for _, in := range dockerInstructions(string(data)) {
		switch in.name {
		case "FROM":
			stages[name] = d
			words := strings.Fields(strings.ToLower(in.rest))
			words = slices.DeleteFunc(words, func(w string) bool { return strings.HasPrefix(w, "--") })
			d, name = dockerfile{}, ""
			if len(words) > 0 {
				d, ok = stages[words[0]], true
			}
			if len(words) == 3 && words[1] == "as" {
				name = words[2]
			}
		case "CMD":
			d.command = parseInstruction(in.rest, in.line)
		case "ENTRYPOINT":
			d.entrypoint = parseInstruction(in.rest, in.line)
			d.command = instruction{} // an earlier CMD was for another entrypoint
		case "EXPOSE":
			d.expose(in.rest, Source{File: file, Line: in.line})
		}
	}
	return d, ok
}

// dockerInstruction is one instruction with the lines that continue it.
type dockerInstruction struct {
	name, rest string
	line       int
}

// heredoc is the beginning of a text that reaches to a line with its word alone.
var heredoc = regexp.MustCompile(`<<-?["']?([A-Za-z_][A-Za-z0-9_]*)["']?`)

func dockerInstructions(text string) []dockerInstruction {
	var list []dockerInstruction
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for n := 0; n < len(lines); {
		in := dockerInstruction{line: n + 1}
		in.name, n = wholeInstruction(lines, n)
		if i := strings.IndexAny(in.name, " \t"); i >= 0 {
			in.name, in.rest = in.name[:i], strings.TrimSpace(in.name[i:])
		}
		in.name = strings.ToUpper(in.name)
		if in.name == "RUN" || in.name == "COPY" || in.name == "ADD" {
			n = afterHeredocs(lines, n, in.rest)
		}
		list = append(list, in)
	}
	return list
}

// wholeInstruction joins the lines that continue the one at n, and returns where
// the next begins. A comment is empty.
func wholeInstruction(lines []string, n int) (whole string, next int) {
	whole = strings.TrimSpace(lines[n])
	if strings.HasPrefix(whole, "#") {
		return "", n + 1
	}
	for n++; strings.HasSuffix(whole, "\\") && n < len(lines); n++ {
		line := strings.TrimSpace(lines[n])
		// An empty line or a comment is no part of the instruction, nor its end.
		if line != "" && line[0] != '#' {
			whole = strings.TrimSuffix(whole, "\\") + line
		}
	}
	return whole, n
}

// afterHeredocs returns where the texts end that an instruction begins.
func afterHeredocs(lines []string, n int, rest string) int {
	for _, m := range heredoc.FindAllStringSubmatch(rest, -1) {
		for n < len(lines) && strings.TrimSpace(lines[n]) != m[1] {
			n++
		}
		n++
	}
	return n
}

func parseInstruction(rest string, line int) instruction {
	var words []string
	if strings.HasPrefix(rest, "[") && json.Unmarshal([]byte(rest), &words) == nil {
		return instruction{words: words, line: line}
	}
	return instruction{text: rest, line: line}
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
	case entry.words == nil || cmd.line == 0:
		// A shell-form ENTRYPOINT takes no arguments.
		return entry.shell(), entry.line
	case cmd.words == nil:
		// A shell-form CMD is an argument list of its own: /bin/sh -c TEXT.
		return entry.shell() + " " + quoteWords([]string{"/bin/sh", "-c", cmd.text}), entry.line
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
	d, _ := parseDockerfile(path, data)
	command, _ := d.run()
	return command
}

// readDockerfile makes a project of one process, web, of a Dockerfile alone.
func readDockerfile(file string, data []byte) (App, error) {
	app := App{Kind: Dockerfile, File: file, Containers: true}
	if name := utf16or32(data); name != "" {
		return app, &Error{File: file, Message: "this file is in " + name + ": save it as UTF-8"}
	}
	d, ok := parseDockerfile(file, data)
	if !ok {
		return app, &Error{File: file, Message: "not a Dockerfile: it has no FROM"}
	}
	command, line := d.run()
	if len(d.ports) == 0 {
		// The platform's default, which nobody asked for.
		d.ports = []Port{{Container: 80, Protocol: "tcp"}}
	}
	app.Processes = []Process{{
		Type: "web", Command: command, Source: Source{File: file, Line: max(line, 1)},
		Ports: d.ports, Image: Image{Build: &Build{Context: ".", Dockerfile: filepath.Base(file)}},
	}}
	return app, nil
}
