package manifest

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// amveraKeys are the whole names of all keys, of whatever environment.
func amveraKeys() []string {
	return []string{
		"meta.environment", "meta.toolchain.name", "meta.toolchain.version",
		"build.additionalCommands", "build.args", "build.artifacts", "build.dockerfile", "build.image",
		"build.mainFile", "build.requirementsPath", "build.skip",
		"build.useCache", // the interface writes it, no document has it
		"run.args", "run.buildFileName", "run.command", "run.containerPort", "run.image", "run.jarName", "run.mainScript",
		"run.nodeArguments", "run.persistenceMount", "run.scriptArguments", "run.scriptName", "run.servicePort",
	}
}

// amveraSynonyms are names that people invent, without their separators, and
// what they mean by them.
func amveraSynonyms() map[string]string {
	return map[string]string{
		"port": "run.containerPort", "ports": "run.containerPort", "listen": "run.containerPort", "internalport": "run.containerPort",
		"requirements": "build.requirementsPath", "requirementsfile": "build.requirementsPath", "requirementstxt": "build.requirementsPath",
		"start": "run.command", "startcommand": "run.command", "runcommand": "run.command", "cmd": "run.command", "run": "run.command",
		"web": "run.command", "exec": "run.command", "entrypoint": "run.command", "launchcommand": "run.command",
		"script": "run.scriptName", "main": "run.scriptName", "entryfile": "run.scriptName", "scriptpath": "run.scriptName",
		"scriptfile": "run.scriptName", "file": "run.scriptName",
		"scriptargs": "run.scriptArguments", "nodeargs": "run.nodeArguments",
		"jar": "run.jarName", "jarfile": "run.jarName", "jarpath": "run.jarName",
		"volume": "run.persistenceMount", "mount": "run.persistenceMount", "mountpath": "run.persistenceMount", "persistence": "run.persistenceMount",
		"persistencepath": "run.persistenceMount", "storage": "run.persistenceMount", "datadir": "run.persistenceMount",
		"language": "meta.environment", "lang": "meta.environment", "env": "meta.environment", "meta": "meta.environment", "platform": "meta.environment",
		"tool": "meta.toolchain.name", "toolchain": "meta.toolchain.name", "toolname": "meta.toolchain.name", "packagemanager": "meta.toolchain.name", "buildtool": "meta.toolchain.name",
		"toolversion": "meta.toolchain.version", "toolchainversion": "meta.toolchain.version", "languageversion": "meta.toolchain.version",
		"pythonversion": "meta.toolchain.version", "nodeversion": "meta.toolchain.version", "goversion": "meta.toolchain.version",
		"javaversion": "meta.toolchain.version", "jdkversion": "meta.toolchain.version", "rubyversion": "meta.toolchain.version",
		"dockerfilepath": "build.dockerfile",
		"artifact":       "build.artifacts",
		"cache":          "build.useCache",
		"build":          "build.additionalCommands", "buildcommand": "build.additionalCommands", "buildcommands": "build.additionalCommands",
		"commands": "build.additionalCommands", "install": "build.additionalCommands", "installcommand": "build.additionalCommands",
		"additionalcommand": "build.additionalCommands",
	}
}

// amveraForeign are keys of other platforms, and where that is done with Amvera.
func amveraForeign(plain string) string {
	switch plain {
	case "restart", "restartpolicy":
		return "Amvera starts again whatever ends"
	case "env", "environment", "environments", "variables", "envvars", "secrets", "envfile":
		return "variables are set in Amvera's interface, and here in .env"
	case "release", "predeploy", "prestart", "migrate":
		return "Amvera has no release phase, put it before the command with &&"
	case "worker", "workers", "processes", "replicas", "instances", "scale":
		return "an Amvera project is one process, each further one is a project of its own"
	case "healthcheck", "health", "probe", "probes", "livenessprobe", "readinessprobe":
		return "probes are set in Amvera's interface"
	case "builddir", "workdir", "workingdir", "rootdir", "context", "dir":
		return "Amvera works in the project's folder, use cd in the command"
	case "volumes", "mounts":
		return "there is one volume, `persistenceMount: /data`"
	}
	return ""
}

// amveraKey is a key as it was found, with the section it stands in.
type amveraKey struct {
	section string
	entry
}

// guessedKey is a key that was taken for one which is called whole.
type guessedKey struct {
	amveraKey
	whole string
}

func (k amveraKey) whole() string { return strings.TrimPrefix(k.section+"."+k.key, ".") }

// where names the section for a message.
func (k amveraKey) where() string {
	if k.section == "" {
		return "amvera.yml"
	}
	return "`" + k.section + "`"
}

func lastPart(whole string) string { return whole[strings.LastIndexByte(whole, '.')+1:] }

// plainKey is a key without what people write differently: container_port.
func plainKey(s string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "", ".", "").Replace(s))
}

// collect lists the keys of all sections.
func (r *amveraReader) collect(root *yaml.Node) []amveraKey {
	var keys []amveraKey
	for _, e := range r.entries(root, "the file") {
		section := amveraSection(e)
		switch {
		case section == "":
			// The interface writes `version: null` and `serviceType: compute`.
			if e.key != "version" && e.key != "serviceType" {
				keys = append(keys, amveraKey{"", e})
			}
			continue
		case section != e.key:
			r.note(e.at, "`%s` is no section: taken as `%s`, write it so", clip(e.key), section)
		}
		keys = r.walk(keys, section, e)
	}
	return keys
}

// amveraSection is the section that a key is, or is meant to be; "" for none.
func amveraSection(e entry) string {
	if e.value.Kind != yaml.MappingNode {
		return ""
	}
	sections := []string{"meta", "build", "run"}
	if plainKey(e.key) == "deploy" {
		return "run"
	}
	if plainKey(e.key) == "toolchain" {
		return "meta.toolchain"
	}
	return nearest(e.key, sections)
}

// walk adds the keys of a section, and of those that stand in it by mistake.
func (r *amveraReader) walk(keys []amveraKey, section string, in entry) []amveraKey {
	if section == "build" {
		r.slip(in.value)
	}
	for _, e := range r.entries(in.value, "`"+section+"`") {
		plain := plainKey(e.key)
		isMap := e.value.Kind == yaml.MappingNode
		if plain == "persistence" && isMap {
			if mount := mountPath(e.value); mount != nil {
				e.value = mount
			}
		}
		switch {
		case plain == "toolchain" && section != "meta.toolchain":
			keys = r.toolchain(keys, section, e)
		case isMap && e.key != section && isSection(e.key) && section != "meta.toolchain":
			r.note(e.at, "`%s` stands inside `%s`: taken as a section, move it to the start of the line", e.key, section)
			keys = r.walk(keys, e.key, e)
		default:
			keys = append(keys, amveraKey{section, e})
		}
	}
	return keys
}

func isSection(key string) bool { return key == "meta" || key == "build" || key == "run" }

// toolchain adds the keys of a toolchain, which Amvera's own examples also write
// as its name alone (https://docs.amvera.ru/general/examples/go_full.html).
func (r *amveraReader) toolchain(keys []amveraKey, section string, e entry) []amveraKey {
	if section != "meta" {
		r.note(e.at, "`toolchain` stands under `%s`: taken as `meta.toolchain`, move it there", section)
	}
	if e.value.Kind != yaml.MappingNode {
		return append(keys, amveraKey{"meta.toolchain", entry{"name", e.at, e.value}})
	}
	return r.walk(keys, "meta.toolchain", e)
}

// slip notes a `run:` that got into build, with its keys beside it instead of
// below it.
func (r *amveraReader) slip(build *yaml.Node) {
	for i := 0; i+1 < len(build.Content); i += 2 {
		if key := build.Content[i]; key.Value == "run" && isNull(build.Content[i+1]) {
			r.slipped = true
			r.note(key, "`run:` stands inside `build` and is empty: what follows is taken as its keys; put `run:` at the start of the line and them two spaces in")
		}
	}
}

// mountPath finds the folder in what is modelled on Kubernetes' mounts.
func mountPath(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.ScalarNode {
		if strings.HasPrefix(n.Value, "/") {
			return n
		}
		return nil
	}
	for _, c := range n.Content {
		if found := mountPath(c); found != nil {
			return found
		}
	}
	return nil
}

// resolve finds out what each key means. What is written as Amvera reads it
// goes before what is only meant so.
func (r *amveraReader) resolve(keys []amveraKey) {
	known := amveraKeys()
	var rest []amveraKey
	for _, k := range keys {
		whole := k.whole()
		_, twice := r.set[whole]
		switch {
		case !slices.Contains(known, whole), twice:
			rest = append(rest, k)
		case whole == "build.additionalCommands":
			r.commands = append(r.commands, k.entry)
			r.set[whole] = k.entry
		default:
			r.set[whole] = k.entry
		}
	}
	for _, k := range rest {
		r.guess(k)
	}
}

// guess takes a key for what it is likely to mean.
func (r *amveraReader) guess(k amveraKey) {
	whole := r.meaning(k)
	if whole == "" || !fits(whole, k.value) {
		r.strangers = append(r.strangers, k)
		return
	}
	if whole == "build.additionalCommands" {
		r.commands = append(r.commands, k.entry)
	} else if other, ok := r.set[whole]; ok {
		r.skip(k.at, "`%s` under %s is left out: `%s` on line %d says it", clip(k.key), k.where(), lastPart(whole), other.at.Line)
		return
	}
	r.set[whole] = k.entry
	r.guessed = append(r.guessed, guessedKey{k, whole})
}

// sayGuesses notes what was taken for something else, unless that has been left
// out since, and what means nothing.
func (r *amveraReader) sayGuesses() {
	for _, k := range r.strangers {
		r.strange(k)
	}
	for _, g := range r.guessed {
		last := lastPart(g.whole)
		section := strings.TrimSuffix(g.whole, "."+last)
		_, kept := r.set[g.whole]
		switch {
		case !kept, r.slipped && g.section == "build" && section == "run":
			// The slip was said once for all.
		case g.section == "" && isSection(g.key):
			r.note(g.at, "`%s` is a section with keys of its own: its value is taken as `%s`", g.key, g.whole)
		case last == g.key && g.section == "":
			r.note(g.at, "`%s` stands outside of the sections: taken as `%s`, move it under `%s`", g.key, g.whole, section)
		case last == g.key:
			r.note(g.at, "`%s` stands under `%s`: taken as `%s`, move it under `%s`", g.key, g.section, g.whole, section)
		default:
			r.note(g.at, "`%s` is no key of %s: taken as `%s`, write that", clip(g.key), g.where(), g.whole)
		}
	}
}

// meaning is the whole name of the key that was meant, or "".
func (r *amveraReader) meaning(k amveraKey) string {
	plain := plainKey(k.key)
	var own, others []string
	for _, whole := range amveraKeys() {
		last := lastPart(whole)
		if strings.TrimSuffix(whole, "."+last) == k.section {
			own = append(own, last)
			if plainKey(last) == plain {
				return whole
			}
		} else if plainKey(last) == plain {
			others = append(others, whole)
		}
	}
	if k.section == "build" && plain == "command" && !r.slipped {
		return "build.additionalCommands"
	}
	if whole := amveraSynonyms()[plain]; whole != "" {
		return whole
	}
	if len(others) > 0 {
		return others[len(others)-1] // run before build
	}
	if near := nearest(k.key, own); near != "" {
		return k.section + "." + near
	}
	return ""
}

// fits says that a value can be that of a key which the author called something
// else.
func fits(whole string, value *yaml.Node) bool {
	switch whole {
	case "build.artifacts":
		return value.Kind == yaml.MappingNode
	case "build.additionalCommands", "run.command", "run.containerPort", "run.servicePort":
		return value.Kind != yaml.MappingNode
	case "meta.environment", "meta.toolchain.name":
		if value.Kind != yaml.ScalarNode {
			return false
		}
		guess := meantEnv(value.Value)
		return guess.environment != ""
	}
	return value.Kind == yaml.ScalarNode
}

// strange notes a key that means nothing.
func (r *amveraReader) strange(k amveraKey) {
	if why := amveraForeign(plainKey(k.key)); why != "" {
		r.skip(k.at, "`%s` is no key of %s: %s", clip(k.key), k.where(), why)
		return
	}
	var own []string
	for _, whole := range amveraKeys() {
		rest, ok := strings.CutPrefix(whole, k.section+".")
		if ok && !strings.Contains(rest, ".") && r.has(whole) {
			own = append(own, rest)
		}
	}
	switch k.section {
	case "":
		own = []string{"meta", "build", "run"}
	case "meta":
		own = append(own, "toolchain")
	}
	has := "none here"
	if len(own) > 0 {
		has = "which has " + strings.Join(own, ", ")
	}
	r.skip(k.at, "`%s` is no key of %s, %s: left out", clip(k.key), k.where(), has)
}

// has says that the environment has a key.
func (r *amveraReader) has(whole string) bool {
	switch whole {
	case "build.useCache":
		return true
	case "run.containerPort", "run.servicePort", "run.persistenceMount":
		return r.env.toolchain != "browser"
	}
	return strings.HasPrefix(whole, "meta.") || slices.Contains(r.env.keys, whole) || r.env.environment == ""
}

// keyList is for messages.
func keyList(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return fmt.Sprintf("%s or %s", strings.Join(list[:len(list)-1], ", "), list[len(list)-1])
}
