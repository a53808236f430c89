package manifest

import (
	"slices"
	"strings"
	"unicode"
)

// AmveraDockerfile gives the Dockerfile that Amvera builds a project from when
// no amvera.yml names one, relative to the project's folder, and whether there
// is one.
func AmveraDockerfile(dir string) (string, bool) {
	place := dockerfilePlace(dir)
	return place, place != ""
}

// dockerfilePlaces are where Amvera looks, in this order
// (https://docs.amvera.ru/applications/configuration/docker.html).
func dockerfilePlaces() []string {
	return []string{"amvera/Dockerfile", "Dockerfile", "docker/Dockerfile", "deploy/Dockerfile", "deployment/Dockerfile"}
}

// dockerfilePlace is the first of the places that has a file, or "".
func dockerfilePlace(dir string) string {
	for _, place := range dockerfilePlaces() {
		if isFile(dir, place) {
			return place
		}
	}
	return ""
}

// container fills in what runs in the docker environment: run.command is
// Docker's ENTRYPOINT and run.args its CMD, each taken apart into words, and no
// shell sees them. Where neither is given the image's own run.
func (r *amveraReader) container(web *Process) error {
	web.Source = r.source(r.place("run.command", "run.args", "run.image", "build.dockerfile", "meta.environment"))
	web.Image.Entrypoint = r.words("run.command")
	web.Command = quoteWords(r.words("run.args"))
	web.Image.Ref = r.value("run.image")
	skip := r.yes("build.skip")
	if web.Image.Ref != "" {
		if !skip && r.value("build.dockerfile") == "" && dockerfilePlace(r.dir) == "" {
			r.note(r.place("run.image"), "there is no Dockerfile, and Amvera builds one unless told not to: add `build: {skip: yes}`")
		}
		return nil
	}
	if skip {
		r.skip(r.place("build.skip"), "`skip` without `run.image` leaves nothing to run: left out, name an image")
	}
	dockerfile := ""
	if isNo(r.value("build.dockerfile")) {
		delete(r.set, "build.dockerfile")
	} else if dockerfile = r.localPath("build.dockerfile"); dockerfile != "" && !isFile(r.dir, dockerfile) {
		r.note(r.place("build.dockerfile"), "there is no `%s` here, from which Amvera is to build%s", clip(dockerfile), r.otherDockerfile())
	}
	if dockerfile == "" {
		dockerfile = dockerfilePlace(r.dir)
	}
	if dockerfile == "" {
		if web.Command == "" && web.Image.Entrypoint == nil {
			return r.fail(r.place("meta.environment"), "there is no Dockerfile (looked for %s): add one, or name it with `build: {dockerfile: ...}`, or a ready image with `run: {image: ...}`", keyList(dockerfilePlaces()))
		}
		dockerfile = "Dockerfile"
		r.note(r.place("meta.environment", "run.command"), "there is no Dockerfile (looked for %s): Amvera cannot build this; add one, or name a language's environment", keyList(dockerfilePlaces()))
	}
	web.Image.Build = &Build{
		Context:    ".",
		Dockerfile: dockerfile,
		Source:     r.source(r.place("build.dockerfile", "meta.environment")),
	}
	return nil
}

func (r *amveraReader) otherDockerfile() string {
	if place := dockerfilePlace(r.dir); place != "" {
		return "; there is `" + place + "`"
	}
	return ""
}

// words takes a value apart as a shell does; nil when there is none.
func (r *amveraReader) words(key string) []string {
	e, ok := r.set[key]
	if !ok {
		return nil
	}
	line := r.line(key)
	if line == "" {
		return nil
	}
	split := splitCommand(line)
	switch {
	case split.open:
		r.skip(e.at, "`%s` has a quote that is not closed: taken apart at its spaces", clip(e.key))
		return strings.Fields(line)
	case split.operator != "" && key == "run.command":
		r.note(e.at, "`%s` needs a shell, and here is none: taken as `sh -c`; write `command: sh` and `args: -c \"...\"`", split.operator)
		return []string{"sh", "-c", line}
	case split.operator != "":
		r.note(e.at, "`%s` needs a shell, and here is none: it reaches the program as a word", split.operator)
	case split.variable != "":
		r.note(e.at, "`%s` needs a shell, and here is none: it reaches the program as it is; write `command: sh` and `args: -c \"...\"`", clip(split.variable))
	}
	return slices.Clip(split.words)
}

// commandLine is a line taken apart.
type commandLine struct {
	words []string
	// operator and variable are the first for which one needs a shell, outside of
	// quotes that keep it from one; the script of `-c` does not count.
	operator, variable string
	open               bool // a quote is not closed
}

// splitCommand takes a command line apart into words by the rules of a shell's
// quotes and backslashes, and does nothing else that a shell does.
func splitCommand(line string) commandLine {
	var (
		c     commandLine
		word  strings.Builder
		in    bool // a word has begun, if only with quotes
		quote rune
	)
	end := func() {
		if in {
			c.words = append(c.words, word.String())
		}
		word.Reset()
		in = false
	}
	runes := []rune(line)
	for i := 0; i < len(runes); i++ {
		ch := runes[i]
		next := rune(0)
		if i+1 < len(runes) {
			next = runes[i+1]
		}
		switch {
		case ch == '\\' && quote != '\'' && next != 0 && (quote == 0 || strings.ContainsRune("\\\"$`", next)):
			i++
			if next != '\n' {
				word.WriteRune(next)
				in = true
			}
		case quote != 0 && ch == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(ch)
		case ch == '\'' || ch == '"':
			quote, in = ch, true
		case ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r':
			end()
		default:
			c.needsShell(ch, runes[i+1:])
			word.WriteRune(ch)
			in = true
		}
	}
	end()
	c.open = quote != 0
	return c
}

// needsShell remembers the first character that only a shell understands.
func (c *commandLine) needsShell(ch rune, rest []rune) {
	switch {
	case strings.ContainsRune("&|;<>", ch) && c.operator == "":
		c.operator = string(ch)
		if len(rest) > 0 && rest[0] == ch {
			c.operator += string(ch)
		}
	case ch == '$' && c.variable == "" && len(rest) > 0:
		end := slices.IndexFunc(rest, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_({", r)
		})
		if end < 0 {
			end = len(rest)
		}
		c.variable = "$" + string(rest[:end])
	}
}
