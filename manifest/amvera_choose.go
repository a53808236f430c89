package manifest

import (
	"path"
	"regexp"
	"slices"
)

// versioned is a name with a version behind it: python:3.11, node-18.
var versioned = regexp.MustCompile(`^([A-Za-z#.]+?)[-:@ _]?v?([0-9]+(?:\.[0-9]+)*)$`)

// chooseEnv finds the environment that the file asks for.
func (r *amveraReader) chooseEnv() error {
	name := r.value("meta.environment")
	if name == "" {
		return r.impliedEnv()
	}
	at := r.place("meta.environment")
	env := findEnv(name, "")
	if env.environment == "" {
		word, version := name, ""
		if m := versioned.FindStringSubmatch(name); m != nil && plainKey(name) != "python3" {
			word, version = m[1], m[2]
		}
		env = meantEnv(word)
		switch {
		case env.environment == "":
			return r.noSuchEnv(name)
		case version != "":
			r.note(at, "environment `%s`: taken as `%s`, the version %s belongs under `toolchain`", clip(name), env.environment, version)
			if e, ok := r.set["meta.environment"]; ok && r.value("meta.toolchain.version") == "" {
				number := *e.value
				number.Value = version
				r.set["meta.toolchain.version"] = entry{"version", e.at, &number}
			}
		default:
			r.note(at, "environment `%s`: did you mean `%s`? it is taken so", clip(name), env.environment)
		}
	}
	r.env = r.withToolchain(env)
	if r.env.guessed {
		r.note(r.place("meta.toolchain.name"), "%s is in no Amvera document: its images and its build are guesses", r.env)
	}
	return nil
}

// withToolchain is the environment with the toolchain that the file names.
func (r *amveraReader) withToolchain(env amveraEnv) amveraEnv {
	name := r.value("meta.toolchain.name")
	if name == "" {
		if env.environment == "jvm" {
			env = r.jvm()
		}
		if env.environment != "docker" {
			r.note(r.place("meta.environment"), "no `meta.toolchain.name`: taken as `%s`, write `toolchain: {name: %s}`", env.toolchain, env.toolchain)
		}
		return env
	}
	if exact := findEnv(env.environment, name); exact.environment != "" {
		return exact
	}
	at := r.place("meta.toolchain.name")
	meant := meantEnv(name)
	switch {
	case meant.environment == "docker":
		r.note(at, "toolchain `%s` belongs to `environment: docker`: taken as docker, write both", clip(name))
		return meant
	case env.environment == "docker" && meant.environment != "":
		r.note(at, "toolchain `%s` belongs to `environment: %s`: taken as docker, since the environment says so", clip(name), meant.environment)
		return env
	case env.environment == meant.environment:
		r.note(at, "toolchain `%s`: did you mean `%s`? it is taken so", clip(name), meant.toolchain)
		return meant
	}
	return r.otherToolchain(env, name)
}

// otherToolchain is for a name that is none of the environment's toolchains.
func (r *amveraReader) otherToolchain(env amveraEnv, name string) amveraEnv {
	var known []string
	for _, e := range amveraEnvs() {
		if e.environment == env.environment {
			known = append(known, e.toolchain)
		}
	}
	if near := nearest(name, known); near != "" {
		env = findEnv(env.environment, near)
	}
	r.note(r.place("meta.toolchain.name"), "toolchain `%s` is none of `%s`, which has %s: taken as `%s`", clip(name), env.environment, keyList(known), env.toolchain)
	return env
}

// impliedEnv is docker (https://docs.amvera.ru/applications/configuration/docker.html),
// unless there is nothing for Docker and everything for a language.
func (r *amveraReader) impliedEnv() error {
	if name := r.value("meta.toolchain.name"); name != "" {
		env := meantEnv(name)
		if exact := findEnv(env.environment, name); exact.environment != "" {
			env = exact
		}
		if env.environment != "" {
			r.note(r.place("meta.toolchain.name"), "no `meta.environment`: taken as `%s`, since the toolchain is `%s`", env.environment, clip(name))
			r.env = env
			return nil
		}
	}
	r.env = findEnv("docker", "")
	_, hasFile := r.set["build.dockerfile"]
	_, hasImage := r.set["run.image"]
	if hasFile || hasImage || dockerfilePlace(r.dir) != "" {
		return nil
	}
	for _, key := range []string{"run.scriptName", "run.jarName", "run.mainScript", "run.buildFileName", "build.mainFile", "build.requirementsPath"} {
		if env := r.envOf(key); env.environment != "" {
			r.note(r.place(key), "no `meta.environment`, which means docker, and there is no Dockerfile: taken as %s because of `%s`", env, lastPart(key))
			r.env = env
			return nil
		}
	}
	if len(r.set) == 0 || r.line("run.command") == "" {
		return r.fail(r.first, "no `meta.environment`, so Amvera takes a Dockerfile, and there is none (looked for %s): add one, or %s", keyList(dockerfilePlaces()), amveraExample)
	}
	return nil
}

// envOf is the environment that a key is used in.
func (r *amveraReader) envOf(key string) amveraEnv {
	v := r.value(key)
	switch {
	case v == "":
		return amveraEnv{}
	case key == "build.requirementsPath" || path.Ext(v) == ".py":
		return findEnv("python", "pip")
	case slices.Contains([]string{".js", ".mjs", ".cjs", ".ts"}, path.Ext(v)):
		return findEnv("node", "npm")
	case key == "run.jarName":
		return r.jvm()
	case key == "run.mainScript":
		return findEnv("ruby", "bundle")
	case key == "run.buildFileName":
		return findEnv("csharp", "dotnet")
	case key == "build.mainFile":
		return findEnv("csharp", "mono")
	}
	return amveraEnv{}
}

// jvm is the toolchain whose files are there; Maven's without any.
func (r *amveraReader) jvm() amveraEnv {
	if !isFile(r.dir, "pom.xml") && (isFile(r.dir, "build.gradle") || isFile(r.dir, "build.gradle.kts")) {
		return findEnv("jvm", "gradle")
	}
	return findEnv("jvm", "maven")
}

// noSuchEnv is for an environment that is none of Amvera's: with a Dockerfile
// one can go on.
func (r *amveraReader) noSuchEnv(name string) error {
	at := r.place("meta.environment")
	_, hasFile := r.set["build.dockerfile"]
	if hasFile || dockerfilePlace(r.dir) != "" {
		r.note(at, "environment `%s` is none of Amvera's: taken as `docker`, since there is a Dockerfile", clip(name))
		r.env = findEnv("docker", "")
		return nil
	}
	var names []string
	for _, env := range amveraEnvs() {
		if !slices.Contains(names, env.environment) {
			names = append(names, env.environment)
		}
	}
	return r.fail(at, "environment `%s` is none of Amvera's (%s): write `docker` and add a Dockerfile", clip(name), keyList(names))
}
