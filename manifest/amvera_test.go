package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// amveraCase is an amvera.yml and the files beside it, which are empty unless
// their name is followed by = and their content.
type amveraCase struct {
	text   string
	beside []string
}

// What an amvera.yml says in each environment, and what is wrong with one.
func TestAmvera(t *testing.T) {
	for name, cases := range map[string][]amveraCase{
		"docker": amveraDockerCases(), "script": amveraScriptCases(), "compiled": amveraCompiledCases(),
		"common": amveraCommonCases(), "mistakes": amveraMistakes(),
	} {
		t.Run(name, func(t *testing.T) { compareAmvera(t, "testdata/amvera/"+name+".golden", cases) })
	}
}

// compareAmvera compares what is read with a file that a person reads; -update
// writes it.
func compareAmvera(t *testing.T, golden string, cases []amveraCase) {
	t.Helper()
	var b strings.Builder
	for _, c := range cases {
		dir := t.TempDir()
		for _, file := range c.beside {
			name, content, _ := strings.Cut(file, "=")
			path := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for line := range strings.SplitSeq(strings.TrimRight(c.text, "\n"), "\n") {
			fmt.Fprintf(&b, "| %s\n", line)
		}
		if len(c.beside) > 0 {
			fmt.Fprintf(&b, "  beside   %s\n", strings.Join(c.beside, ", "))
		}
		app, err := readAmvera(filepath.Join(dir, "amvera.yml"), []byte(c.text))
		b.WriteString(strings.ReplaceAll(amveraText(app, err), dir+string(filepath.Separator), "") + "\n")
	}
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	got, wanted := strings.Split(b.String(), "\n\n"), strings.Split(string(want), "\n\n")
	if len(got) != len(wanted) {
		t.Fatalf("got %d blocks, want the %d of %s", len(got), len(wanted), golden)
	}
	for i := range got {
		if got[i] != wanted[i] {
			t.Errorf("got\n%s\nwant\n%s", got[i], wanted[i])
		}
	}
}

func amveraText(app App, err error) string {
	var b strings.Builder
	for _, p := range app.Processes {
		where := "natively"
		if app.Containers {
			where = "in Docker"
		}
		fmt.Fprintf(&b, "  runs     %d %s %s: %q\n", p.Line, p.Type, where, p.Command)
		for _, port := range p.Ports {
			fmt.Fprintf(&b, "  port     %d %d/%s\n", port.Line, port.Container, port.Protocol)
		}
		for _, v := range p.Image.Volumes {
			fmt.Fprintf(&b, "  volume   %s:%s\n", v.Name, v.Path)
		}
		b.WriteString(amveraImageText(p.Image))
	}
	for _, p := range app.Problems {
		kind := "warning"
		if p.Skipped {
			kind = "problem"
		}
		fmt.Fprintf(&b, "  %s  %s\n", kind, p)
	}
	if err != nil {
		fmt.Fprintf(&b, "  error    %v\n", err)
	}
	return b.String()
}

func amveraImageText(image Image) string {
	var b strings.Builder
	if image.Ref != "" {
		fmt.Fprintf(&b, "  image    %s\n", image.Ref)
	}
	if image.Entrypoint != nil {
		fmt.Fprintf(&b, "  entry    %q\n", image.Entrypoint)
	}
	build := image.Build
	if build == nil {
		return b.String()
	}
	if build.Dockerfile != "" {
		fmt.Fprintf(&b, "  build    %d %s in %s\n", build.Line, build.Dockerfile, build.Context)
		return b.String()
	}
	fmt.Fprintf(&b, "  build    %d %s, then %s", build.Line, build.Base, build.Runtime)
	if build.Skip {
		b.WriteString(", skipped")
	}
	b.WriteString("\n")
	for _, s := range build.Commands {
		fmt.Fprintf(&b, "  step     %s (%s of %s)\n", s.Command, s.Creates, s.From)
	}
	for _, a := range build.Artifacts {
		fmt.Fprintf(&b, "  artifact %s -> /%s\n", a.Pattern, a.Dest)
	}
	return b.String()
}

func amveraDockerCases() []amveraCase {
	const docker = "meta: {environment: docker, toolchain: {name: docker}}\n"
	return []amveraCase{
		{docker, []string{"Dockerfile"}},
		{"run:\n  containerPort: 3000\n", []string{"deploy/Dockerfile"}},
		{"meta:\n  environment: docker\n  toolchain: docker\n", []string{"Dockerfile", "amvera/Dockerfile", "docker/Dockerfile"}},
		// What the generator of the interface writes.
		{"version: null\nmeta:\n  environment: docker\n  toolchain:\n    name: docker\n    version: latest\nbuild:\n  dockerfile: api/dockerfile\n  skip: false\nrun:\n  image: null\n  command: null\n  args: null\n  persistenceMount: \"\"\n  containerPort: \"3000\"\nserviceType: compute\n", []string{"api/dockerfile"}},
		// A ready image.
		{"build:\n  skip: yes\nrun:\n  image: ghcr.io/example/wiki:2\n  persistenceMount: /config\n", nil},
		{"run: {image: nginx}\n", nil},
		{"run: {image: nginx}\n", []string{"Dockerfile"}},
		{docker + "build: {skip: 'yes'}\n", []string{"Dockerfile"}},
		// The words that run.
		{"run:\n  command: bin/api\n  args: --port 8080 --name 'a b'\n", []string{"Dockerfile"}},
		{"run:\n  command: sh\n  args: -c \"./migrate && exec ./api --port $PORT\"\n", []string{"Dockerfile"}},
		{"run: {args: serve}\n", []string{"Dockerfile"}},
		{"run: {command: yarn start}\n", []string{"Dockerfile"}},
		{"run: {command: ./migrate && ./api}\n", []string{"Dockerfile"}},
		{"run: {command: ./api --port $PORT, args: a | b}\n", []string{"Dockerfile"}},
		{"run: {command: \"./api 'x\", args: [serve, --fast mode]}\n", []string{"Dockerfile"}},
		// The Dockerfile.
		{docker, nil},
		{docker + "run: {command: ./api}\n", nil},
		{"build: {}\n", nil},
		{"", nil},
		{"", []string{"Dockerfile"}},
		{"build: {dockerfile: api/Dockerfile}\n", []string{"Dockerfile"}},
		{"build: {dockerfile: /api/Dockerfile}\n", []string{"api/Dockerfile"}},
		{"build: {dockerfile: ../Dockerfile}\n", []string{"Dockerfile"}},
		{docker + "build: {dockerfile: false}\n", []string{"Dockerfile"}},
		{docker + "build: {args: -x, requirementsPath: r.txt}\nrun: {scriptName: app.py}\n", []string{"Dockerfile"}},
	}
}

func amveraScriptCases() []amveraCase {
	const (
		pip     = "meta: {environment: python, toolchain: {name: pip, version: 3.10}}\n"
		npm     = "meta: {environment: node, toolchain: {name: npm, version: 20}}\n"
		browser = "meta: {environment: node, toolchain: {name: browser, version: 20}}\n"
		poetry  = "meta: {environment: python, toolchain: {name: poetry, version: %s}}\n"
	)
	return []amveraCase{
		{pip + "run: {scriptName: bot.py}\n", []string{"requirements.txt"}},
		{pip + "run: {scriptName: bot.py}\n", nil},
		{"meta: {environment: python, toolchain: {name: pip}}\nbuild: {requirementsPath: ./deps/prod list.txt, useCache: true}\nrun: {command: 'gunicorn app:app -b 0.0.0.0:8000', containerPort: 8000}\n", []string{"deps/prod list.txt"}},
		{pip + "build: {requirementsPath: deps.txt}\nrun: {scriptName: my bot.py}\n", []string{"my bot.py"}},
		{pip + "run:\n  scriptName: app.py\n  command: |\n    python3 manage.py migrate\n    gunicorn app\n", nil},
		{pip + "run: {scriptName: python3 app.py --debug}\n", nil},
		{pip + "run: {scriptName: app.py --debug}\n", nil},
		{pip + "run: {command: [gunicorn, app, --name, a b]}\n", nil},
		{pip + "run: {containerPort: 80}\n", nil},
		{pip + "build: {additionalCommands: python manage.py collectstatic, dockerfile: Dockerfile, image: python, skip: yes}\nrun: {scriptName: a.py, args: -x, image: x}\n", nil},
		{pip + "run: {mainScript: a.py}\n", nil},
		{fmt.Sprintf(poetry, "3.12") + "run: {scriptName: a.py}\n", nil},
		{fmt.Sprintf(poetry, "1.8") + "run: {command: poetry run api}\n", nil},
		// Node.
		{npm + "run: {scriptName: index.js}\n", nil},
		{npm + "build: {additionalCommands: npm run build}\nrun: {scriptName: dist/index.js, nodeArguments: --max-old-space-size=400, scriptArguments: --port 80}\n", nil},
		{npm + "build: {skip: 'yes', artifacts: {'dist/*': /, public: assets/}}\nrun: {scriptName: index.js}\n", nil},
		{npm + "build: {artifacts: {'dist/*': /, ./public: /assets/, /etc: /, ../x: /, y: [z]}}\nrun: {scriptName: index.js, command: npm run start}\n", nil},
		{npm + "build: {artifacts: dist}\nrun: {command: npm start}\n", nil},
		{npm + "run: {scriptName: start}\n", nil},
		{npm + "run: {scriptName: start}\n", []string{`package.json={"scripts": {"start": "node server.js"}}`}},
		{npm + "run: {scriptName: serve:prod}\n", []string{`package.json={"scripts": {"serve:prod": "node server.js"}}`}},
		{npm + "run: {scriptName: start}\n", []string{"start.js", `package.json={"scripts": {"start": "node start"}}`}},
		{npm + "run: {scriptName: npm run start}\n", nil},
		{npm, nil},
		{"meta: {environment: node, toolchain: {name: yarn}}\nrun: {command: yarn start}\n", nil},
		{browser, nil},
		{browser + "build: {additionalCommands: 'npm run build:prod', artifacts: {'dist/*': /}}\nrun: {containerPort: '80', persistenceMount: /data}\n", nil},
		{browser + "run: {command: npm start, containerPort: 3000}\n", nil},
		// Ruby, and PHP that is in no document.
		{"meta: {environment: ruby, toolchain: {name: bundle, version: 3.0}}\nrun: {mainScript: web.rb}\n", nil},
		{"meta: {environment: php, toolchain: {name: composer, version: '8.4'}}\nbuild: {}\nrun: {command: apache2-foreground}\n", []string{"composer.json"}},
		{"meta: {environment: php, toolchain: {name: composer}}\nrun: {command: php -S 0.0.0.0:80}\n", nil},
	}
}

func amveraCompiledCases() []amveraCase {
	const maven = "meta: {environment: jvm, toolchain: {name: maven, version: 21}}\n"
	return []amveraCase{
		{maven + "build: {args: -Pproduction -DskipTests}\nrun: {jarName: shop-1.0.jar}\n", nil},
		{maven + "build: {image: registry.example/maven, artifacts: {'api/target/*.jar': lib}}\nrun: {jarName: lib/shop.jar, image: eclipse-temurin:21}\n", nil},
		{maven + "run: {command: java -Xmx200m -jar shop.jar}\n", nil},
		{maven, nil},
		{"meta: {environment: jvm, toolchain: {name: gradle, version: 11}}\nrun: {jarName: shop.jar}\n", []string{"build.gradle.kts"}},
		{"meta: {environment: jvm}\nrun: {jarName: shop.jar}\n", []string{"build.gradle"}},
		{"meta: {environment: golang, toolchain: {name: go, version: 1.22}}\n", nil},
		{"meta: {environment: golang, toolchain: {name: go}}\nrun: {command: ./server}\n", []string{"app/main.go"}},
		{"meta: {environment: golang, toolchain: {name: go}}\nrun: {scriptName: main.go}\n", nil},
		{"meta: {environment: csharp, toolchain: {name: dotnet, version: 8.0}}\nrun: {buildFileName: bin/Shop}\n", nil},
		{"meta: {environment: csharp, toolchain: {name: dotnet, version: 8.0}}\nbuild: {args: -c Release}\nrun: {buildFileName: bin/publish/Shop.dll}\n", nil},
		{"meta: {environment: csharp, toolchain: {name: dotnet}}\nbuild: {args: -o out}\nrun: {buildFileName: out/Shop}\n", nil},
		{"meta: {environment: csharp, toolchain: {name: mono, version: latest}}\nbuild: {mainFile: Main Program.cs}\n", nil},
		{"meta: {environment: csharp, toolchain: {name: mono}}\n", nil},
	}
}

func amveraCommonCases() []amveraCase {
	var cases []amveraCase
	for _, port := range []string{"8080", "'8080'", "'8080, 9090,8080'", "[8080, '9090']", "[[1]]", "[8080, null]", "70000", "0", "-1", "http", "$PORT", "'8080:80'", "{a: 1}", "8080.0", "''", "'80 81'"} {
		cases = append(cases, amveraCase{"run: {command: x, containerPort: " + port + "}\n", []string{"Dockerfile"}})
	}
	for _, port := range []string{"80", "'80,81'", "x"} {
		cases = append(cases, amveraCase{"run: {command: x, servicePort: " + port + "}\n", []string{"Dockerfile"}})
	}
	for _, mount := range []string{"/var/lib/x/", "data", "/", "/app/data", "[/data]"} {
		cases = append(cases, amveraCase{"meta: {environment: python, toolchain: pip}\nrun: {command: x, persistenceMount: " + mount + "}\n", nil})
	}
	for _, version := range []string{"3.10", "3.10-slim", "v20", "18.x", "^18", "null", "[1]", "latest", "'python:3.11'"} {
		cases = append(cases, amveraCase{"meta: {environment: node, toolchain: {name: npm, version: " + version + "}}\nrun: {command: x}\n", nil})
	}
	return cases
}

func amveraMistakes() []amveraCase {
	const node = "meta: {environment: node, toolchain: {name: npm}}\n"
	return []amveraCase{
		// Names of environments and toolchains.
		{"meta:\n  environment: nodejs\n  toolchain:\n    name: npm\nrun: {command: x}\n", nil},
		{"meta:\n  environment: pyton\n  toolchain: PIP\nrun: {command: x}\n", nil},
		{"meta: {environment: Python3}\nrun: {command: x}\n", nil},
		{"meta: {environment: 'python:3.11'}\nrun: {command: x}\n", nil},
		{"meta: {environment: java, toolchain: mvn}\nrun: {jarName: x.jar}\n", nil},
		{"meta: {environment: python, toolchain: {name: uv}}\nrun: {command: x}\n", nil},
		{"meta: {environment: node, toolchain: {name: docker}}\nrun: {command: npm start}\n", []string{"Dockerfile"}},
		{"meta: {environment: docker, toolchain: {name: pip}}\n", []string{"Dockerfile"}},
		{"meta: {environment: rust, toolchain: {name: cargo}}\n", nil},
		{"meta: {environment: rust}\n", []string{"Dockerfile"}},
		{"meta: {toolchain: {name: gradle, version: 17}}\nrun: {jarName: a.jar}\n", nil},
		{"meta: {name: shop}\nrun: {scriptName: app.py}\n", nil},
		{"run: {scriptName: server.mjs}\n", nil},
		{"run: {jarName: a.jar}\n", nil},
		{"run: {mainScript: a.rb}\n", nil},
		{"run: {buildFileName: bin/a}\n", nil},
		{"run: {command: gunicorn app}\n", nil},
		// Keys in the wrong place.
		{"meta:\n  environment: python\n  toolchain: {name: pip}\n  requirementsPath: deps.txt\n  version: 3.11\nrun: {command: x}\n", []string{"deps.txt"}},
		{"meta: {environment: node, toolchain: {name: npm}}\nbuild:\n  additionalCommands: npm run build\n  run:\n    command: npm start\n    containerPort: 3000\n", nil},
		{node + "build:\n  additionalCommands: npm run build\n  run:\n  command: npm start\n  containerPort: 3000\n", nil},
		{"environment: python\ntoolchain: pip\nscriptName: app.py\ncontainerPort: 5000\n", nil},
		{"meta: {environment: python}\nbuild: {toolchain: {name: pip, version: 3.9}}\nrun: {command: x}\n", nil},
		{node + "run:\n  command: x\n  meta: {environment: python}\n", nil},
		// Invented keys.
		{node + "run:\n  start_command: npm start\n  port: 4000\n  container-port: 5000\n  persistence: {mounts: [{name: d, mountPath: /files}]}\n", nil},
		{node + "build: {commands: [npm ci, npm run build, npm run seed], command: npm test}\nrun: {cmd: npm start}\n", nil},
		{"meta: {environment: python, toolchain: {name: pip}}\nbuild: {install: pip install -r requirements.txt}\nrun: {web: x}\n", nil},
		{"build: {language: python, python_version: '3.12'}\nrun: {web: 'uvicorn app:app --port ${PORT:-8000}'}\n", nil},
		{node + "run: {comand: npm start, containerPorts: 3000, nonsense: 1, env: {A: b}, replicas: 3, healthcheck: /}\ndeploy: {restart: always, port: 81}\n", nil},
		{node + "Run: {command: x}\nservices: 3\nrunn: {command: y}\nweb: z\n", nil},
		{"run: npm start\nbuild: npm run build\nmeta: nodejs\n", nil},
		{node + "run: {command: {a: b}, scriptName: index.js}\n", nil},
		{node + "build: {buildDir: web, dockerfile: none}\nrun: {command: x, volumes: [/data]}\n", nil},
		// No amvera.yml at all.
		{"version: '3'\nservices:\n  web: {build: .}\n", nil},
		{"- a\n", nil},
		{"just words\n", nil},
		{"a: b: c\n", nil},
		{"run:\n\tcommand: x\n", nil},
		{node + "build:\n  artifacts:\n    *: /\nrun: {command: x}\n", nil},
		{node + "build:\n  additionalCommands:\n\nnpm install\nnpm run build\n\nrun:\n  command: x\n", nil},
		{node + "run: {command: x}\nrun: {command: y}\n", nil},
		{node + "run: &r {command: \"x\\e[2J\"}\n", nil},
	}
}

// The Dockerfile is the first of the documented places.
func TestAmveraDockerfile(t *testing.T) {
	dir := t.TempDir()
	if place, ok := AmveraDockerfile(dir); ok {
		t.Errorf("got %q, want none", place)
	}
	places := dockerfilePlaces()
	slices.Reverse(places)
	for _, want := range places {
		path := filepath.Join(dir, want)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		// amvera/Dockerfile is the first place, Dockerfile the second.
		if got, ok := AmveraDockerfile(dir); !ok || got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func FuzzAmvera(f *testing.F) {
	for _, list := range [][]amveraCase{amveraDockerCases(), amveraScriptCases(), amveraCompiledCases(), amveraCommonCases(), amveraMistakes()} {
		for _, c := range list {
			f.Add([]byte(c.text))
		}
	}
	f.Add([]byte("meta: &m\n  environment: python\nrun:\n  <<: *m\n  command: [&c a, *c]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		app, err := readAmvera("F", data)
		lines := lineCount(data)
		pointsInto(t, app.Problems, err, lines)
		if (err == nil) != (len(app.Processes) == 1) {
			t.Fatalf("got %d processes and the error %v, want one or the other", len(app.Processes), err)
		}
		for _, p := range app.Processes {
			sources := []Source{p.Source}
			for _, port := range p.Ports {
				if port.Line != 0 { // else it is the default
					sources = append(sources, port.Source)
				}
				if port.Container < 1 || port.Container > 65535 {
					t.Fatalf("got port %d", port.Container)
				}
			}
			if p.Image.Build != nil {
				sources = append(sources, p.Image.Build.Source)
			}
			for _, s := range sources {
				if s.File != "F" || s.Line < 1 || s.Line > lines {
					t.Fatalf("got the place %v, want one in F, which has %d lines", s, lines)
				}
			}
			if len(p.Ports) == 0 {
				t.Fatal("got no port")
			}
		}
	})
}
