package manifest

import "strings"

// amveraEnv is an environment with its toolchain: what Amvera builds and runs in
// it (https://docs.amvera.ru/applications/supported-env.html).
type amveraEnv struct {
	environment, toolchain string
	// keys are those that it has beside everyone's.
	keys []string
	// base and runtime are the images to build and to run in; %s is the version,
	// and tag the version where the file has none.
	base, runtime, tag string
	// artifact is what is handed on where the file does not say.
	artifact string
	steps    func(r *amveraReader, artifacts []Artifact) []Step
	// main is the key that names what runs, and example how to write it.
	main, example string
	// command makes the command of it; nil where the image has its own.
	command func(r *amveraReader, main string) string
	// exclusive: run.command may not stand beside main.
	exclusive bool
	// guessed says that no document has it.
	guessed bool
}

// onlyContainers says that nothing of it runs outside of a container.
func (e amveraEnv) onlyContainers() bool { return e.command == nil }

func (e amveraEnv) String() string {
	if e.environment == e.toolchain {
		return e.environment
	}
	return e.environment + "/" + e.toolchain
}

// amveraApache is what the PHP image starts with, and only that image has.
const amveraApache = "apache2-foreground"

// amveraEnvs are all environments; the first of a name is its usual toolchain.
func amveraEnvs() []amveraEnv {
	docker := amveraEnv{
		// https://docs.amvera.ru/applications/configuration/docker.html
		environment: "docker", toolchain: "docker",
		keys: []string{"build.dockerfile", "build.skip", "run.image", "run.command", "run.args"},
	}
	list := []amveraEnv{docker}
	list = append(list, scriptEnvs()...)
	list = append(list, jvmEnvs()...)
	return append(list, compiledEnvs()...)
}

// amveraProgram is the command of a program that takes the main file.
func amveraProgram(name string) func(*amveraReader, string) string {
	return func(r *amveraReader, main string) string { return name + " " + r.mainFile(main) }
}

// scriptEnvs are those that run the sources themselves.
func scriptEnvs() []amveraEnv {
	pip := amveraEnv{
		// https://docs.amvera.ru/applications/environments/python-pip.html
		environment: "python", toolchain: "pip",
		keys: []string{"build.requirementsPath", "run.scriptName", "run.command"},
		base: "python:%s", runtime: "python:%s", tag: "3",
		steps: pipSteps,
		main:  "run.scriptName", example: "`run: {scriptName: app.py}` or `run: {command: ...}`",
		command: amveraProgram("python3"), exclusive: true,
	}
	poetry := pip // in no document, but in projects that are deployed
	poetry.toolchain, poetry.steps, poetry.guessed = "poetry", poetrySteps, true
	return []amveraEnv{
		pip, poetry,
		{
			// https://docs.amvera.ru/applications/environments/nodejs-server.html;
			// which version runs without one it does not say.
			environment: "node", toolchain: "npm",
			keys: []string{"build.skip", "build.additionalCommands", "build.artifacts", "run.scriptName", "run.scriptArguments", "run.nodeArguments", "run.command"},
			base: "node:%s", runtime: "node:%s", tag: "latest", artifact: "*",
			steps: npmSteps,
			main:  "run.scriptName", example: "`run: {scriptName: index.js}` or `run: {command: npm start}`",
			command: nodeCommand,
		},
		{
			// https://docs.amvera.ru/applications/environments/nodejs-browser.html
			environment: "node", toolchain: "browser",
			keys: []string{"build.additionalCommands", "build.artifacts"},
			base: "node:%s", runtime: "nginx:1.23.2", tag: "latest", artifact: "build/*",
			steps: npmSteps,
		},
		{
			// https://docs.amvera.ru/applications/environments/ruby-bundle.html; that
			// it wants a Gemfile even if an empty one speaks for bundle exec.
			environment: "ruby", toolchain: "bundle",
			keys: []string{"build.image", "run.image", "run.mainScript"},
			base: "ruby:%s", runtime: "ruby:%s", tag: "latest",
			steps: func(*amveraReader, []Artifact) []Step {
				return []Step{{Command: "bundle install", Creates: "Gemfile.lock", From: "Gemfile"}}
			},
			main: "run.mainScript", example: "`run: {mainScript: app.rb}`",
			command: amveraProgram("bundle exec ruby"),
		},
		{
			// In no document, but in a project that is deployed.
			environment: "php", toolchain: "composer", guessed: true,
			keys: []string{"run.command"},
			base: "composer:2", runtime: "php:%s-apache", tag: "8",
			steps: func(r *amveraReader, _ []Artifact) []Step {
				if !isFile(r.dir, "composer.json") {
					return nil
				}
				return []Step{{Command: "composer install", Creates: "vendor", From: "composer.json"}}
			},
			command: func(*amveraReader, string) string { return amveraApache },
		},
	}
}

// jvmEnvs run a jar, in another image than it is built in.
func jvmEnvs() []amveraEnv {
	maven := amveraEnv{
		// https://docs.amvera.ru/applications/environments/jvm-maven.html; the
		// version, which has no default there, is that of its example.
		environment: "jvm", toolchain: "maven",
		keys: []string{"build.image", "build.args", "build.artifacts", "run.image", "run.jarName"},
		base: "maven:3-openjdk-%s", runtime: "bellsoft/liberica-openjre-debian:%s", tag: "17",
		artifact: "target/*.jar",
		steps:    jarSteps("mvn clean package", "pom.xml"),
		main:     "run.jarName", example: "`run: {jarName: app.jar}`",
		command: amveraProgram("java -jar"),
	}
	gradle := maven // https://docs.amvera.ru/applications/environments/jvm-gradle.html
	gradle.toolchain, gradle.base, gradle.artifact = "gradle", "gradle:jdk%s", "build/libs/*.jar"
	gradle.steps = jarSteps("gradle build", "build.gradle", "build.gradle.kts")
	return []amveraEnv{maven, gradle}
}

// compiledEnvs are those whose documents say what has to be there, but neither
// how it is built nor how it is run.
func compiledEnvs() []amveraEnv {
	return []amveraEnv{
		{
			// https://docs.amvera.ru/applications/environments/golang-go.html
			environment: "golang", toolchain: "go",
			keys: []string{"build.image", "run.image"},
			base: "golang:%s", runtime: "golang:%s", tag: "latest",
			steps: func(r *amveraReader, _ []Artifact) []Step {
				name := r.goProgram()
				return []Step{{Command: "go build -o " + quoteWord(name) + " .", Creates: name, From: "go.mod"}}
			},
			command: func(r *amveraReader, _ string) string { return "./" + r.goProgram() },
		},
		{
			// https://docs.amvera.ru/applications/environments/csharp-dotnet.html
			environment: "csharp", toolchain: "dotnet",
			keys: []string{"build.image", "build.args", "build.artifacts", "run.image", "run.buildFileName"},
			base: "mcr.microsoft.com/dotnet/sdk:%s", runtime: "mcr.microsoft.com/dotnet/sdk:%s", tag: "latest",
			steps: dotnetSteps,
			main:  "run.buildFileName", example: "`run: {buildFileName: bin/NAME}`",
			command: func(_ *amveraReader, main string) string { return "dotnet " + quoteWord(dotnetName(main)+".dll") },
		},
		{
			// https://docs.amvera.ru/applications/environments/csharp-mono.html
			environment: "csharp", toolchain: "mono",
			keys: []string{"build.image", "build.mainFile", "run.image"},
			base: "mono:%s", runtime: "mono:%s", tag: "latest",
			steps: monoSteps,
			main:  "build.mainFile", example: "`build: {mainFile: Program.cs}`",
			command: func(_ *amveraReader, main string) string { return "mono " + quoteWord(monoProgram(main)) },
		},
	}
}

// findEnv is the environment of these names; an empty toolchain is the first
// that the environment has. Zero when there is none.
func findEnv(environment, toolchain string) amveraEnv {
	for _, env := range amveraEnvs() {
		if env.environment == environment && (toolchain == "" || env.toolchain == toolchain) {
			return env
		}
	}
	return amveraEnv{}
}

// meantEnv is the environment that a word means; zero when it means none.
func meantEnv(word string) amveraEnv {
	plain := plainKey(strings.TrimSpace(word))
	for range 2 {
		if env := findEnv(plain, ""); env.environment != "" {
			return env
		}
		if name := amveraNames()[plain]; name != "" {
			environment, toolchain, _ := strings.Cut(name, "/")
			return findEnv(environment, toolchain)
		}
		plain = nearest(word, []string{"docker", "python", "node", "nodejs", "jvm", "golang", "csharp", "dotnet", "ruby", "php"})
	}
	return amveraEnv{}
}

// amveraNames are other words for environments and toolchains, without their
// separators.
func amveraNames() map[string]string {
	return map[string]string{
		"nodejs": "node", "js": "node", "javascript": "node", "typescript": "node", "nodeserver": "node", "express": "node", "nestjs": "node",
		"npm": "node/npm", "yarn": "node/npm", "pnpm": "node/npm", "nodebrowser": "node/browser", "browser": "node/browser",
		"react": "node/browser", "vue": "node/browser", "spa": "node/browser", "static": "node/browser",
		"py": "python", "python3": "python", "django": "python", "flask": "python", "fastapi": "python",
		"pip": "python/pip", "pip3": "python/pip", "pythonpip": "python/pip", "poetry": "python/poetry",
		"java": "jvm", "kotlin": "jvm", "jdk": "jvm", "openjdk": "jvm", "maven": "jvm/maven", "mvn": "jvm/maven", "gradle": "jvm/gradle",
		"go": "golang/go", "c#": "csharp", "cs": "csharp", "dotnet": "csharp/dotnet", "net": "csharp/dotnet", "mono": "csharp/mono",
		"bundle": "ruby/bundle", "bundler": "ruby/bundle", "rails": "ruby", "composer": "php/composer", "laravel": "php",
		"dockerfile": "docker", "container": "docker",
	}
}
