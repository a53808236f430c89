package manifest

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// accept drops the keys that the environment does not have, and says so.
func (r *amveraReader) accept() {
	for _, whole := range amveraKeys() {
		e, ok := r.set[whole]
		if !ok || r.has(whole) || r.takes(whole, e) {
			continue
		}
		delete(r.set, whole)
		if r.env.toolchain == "browser" && slices.Contains([]string{"80", "/data", ""}, e.value.Value) {
			continue // the interface writes the defaults even there
		}
		r.skip(e.at, "`%s` means nothing to %s: left out%s", clip(e.key), r.env, r.instead(whole, e))
	}
}

// takes says that a key has a meaning which no document of the environment
// gives it.
func (r *amveraReader) takes(whole string, e entry) bool {
	switch whole {
	case "run.command", "build.skip":
		if r.env.onlyContainers() {
			return false
		}
		r.note(e.at, "`%s` is not documented for %s: taken, but try it there", lastPart(whole), r.env)
		return true
	case "run.scriptName", "run.mainScript", "run.jarName", "run.buildFileName":
		return r.exchange(whole, e)
	}
	return false
}

// exchange takes the file to run of one language for that of another.
func (r *amveraReader) exchange(whole string, e entry) bool {
	main := r.env.main
	if main == "" || main == "build.mainFile" {
		return false
	}
	if _, ok := r.set[main]; ok {
		return false
	}
	r.set[main] = e
	delete(r.set, whole)
	r.note(e.at, "`%s` is what other environments have: taken as `%s`, as %s calls it", clip(e.key), lastPart(main), r.env)
	return true
}

// instead says what to do about a key that the environment does not have.
func (r *amveraReader) instead(whole string, e entry) string {
	switch {
	case whole == "build.dockerfile" && e.value.Kind == yaml.ScalarNode && isNo(e.value.Value):
		return ", it is not needed"
	case whole == "build.dockerfile":
		return "; a Dockerfile is built with `environment: docker`"
	case whole == "build.additionalCommands" && r.env.environment == "python":
		return "; Amvera's build only installs requirements, the rest goes before the command with &&"
	case whole == "build.additionalCommands":
		return "; use `environment: docker` with a Dockerfile for it"
	case whole == "run.args":
		return ", arguments stand in the command"
	case whole == "run.command" && r.env.toolchain == "browser":
		return "; a server takes `toolchain: {name: npm}`"
	case strings.HasPrefix(whole, "run.") && r.env.toolchain == "browser":
		return ", nginx listens on 80 and keeps nothing"
	case strings.HasSuffix(whole, ".image"):
		return "; the version says the image, `environment: docker` takes any"
	case r.env.environment == "docker" && strings.HasPrefix(whole, "run."):
		return "; the Dockerfile or `run.command` says what runs"
	}
	return ""
}

func isNo(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "false", "no", "none", "off", "null", "":
		return true
	}
	return false
}
