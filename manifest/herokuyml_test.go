package manifest

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// appText is all that an App says, for a person and for comparison.
func appText(app App, err error) string {
	var b strings.Builder
	for _, v := range app.Env {
		fmt.Fprintf(&b, "    env      %s\n", variableText(v))
	}
	for _, r := range app.Resources {
		fmt.Fprintf(&b, "    resource %s\n", strings.Join(strings.Fields(fmt.Sprintf("%d %s %s %s %s", r.Line, r.Name, r.Type, r.Version, r.Image)), " "))
	}
	for _, p := range app.Processes {
		fmt.Fprintf(&b, "    runs     %d %s: %q%s\n", p.Line, p.Type, p.Command, processText(p))
		for _, v := range p.Env {
			fmt.Fprintf(&b, "             %s\n", variableText(v))
		}
	}
	for _, p := range app.Problems {
		kind := "warning"
		if p.Skipped {
			kind = "problem"
		}
		fmt.Fprintf(&b, "    %s  %s\n", kind, p)
	}
	if err != nil {
		fmt.Fprintf(&b, "    error    %v\n", err)
	}
	return b.String()
}

func variableText(v Variable) string {
	return fmt.Sprintf("%d %s=%q %s", v.Line, v.Name, v.Value, v.Rule)
}

func processText(p Process) string {
	var b strings.Builder
	if p.Image.Ref != "" {
		fmt.Fprintf(&b, " image %s", p.Image.Ref)
	}
	if build := p.Image.Build; build != nil {
		fmt.Fprintf(&b, " build %s in %s", build.Dockerfile, build.Context)
		for _, v := range build.Args {
			fmt.Fprintf(&b, " (%s)", variableText(v))
		}
	}
	for _, port := range p.Ports {
		fmt.Fprintf(&b, " port %s:%d/%s", port.Scheme, port.Container, port.Protocol)
	}
	if ready := p.Order.Ready; ready != nil {
		fmt.Fprintf(&b, " ready %s :%d every %s for %s after %s", ready.Path, ready.Port, ready.Interval, ready.Timeout, ready.Grace)
	}
	if p.Count != 0 {
		fmt.Fprintf(&b, " count %d", p.Count)
	}
	if p.Stop.Grace != 0 {
		fmt.Fprintf(&b, " grace %s", p.Stop.Grace)
	}
	for _, v := range p.Image.Volumes {
		fmt.Fprintf(&b, " volume %s:%s", v.Name+v.HostPath, v.Path)
	}
	if len(p.Resources) > 0 {
		fmt.Fprintf(&b, " uses %v", p.Resources)
	}
	return b.String()
}

// compareGolden compares what is read from each input with a file that a person
// reads; -update writes it.
func compareGolden(t *testing.T, golden string, inputs []string, read func(string) (App, error)) {
	t.Helper()
	var b strings.Builder
	for _, input := range inputs {
		for line := range strings.SplitSeq(strings.TrimRight(input, "\n"), "\n") {
			quoted := fmt.Sprintf("%q", line)
			fmt.Fprintf(&b, "| %s\n", strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`))
		}
		app, err := read(input)
		b.WriteString(appText(app, err) + "\n")
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

// placesInto fails unless all that the App has is of a line of the file F.
func placesInto(t *testing.T, app App, err error, lines int) {
	t.Helper()
	pointsInto(t, app.Problems, err, lines)
	sources := make([]Source, 0, len(app.Processes))
	add := func(list []Variable) {
		for _, v := range list {
			sources = append(sources, v.Source)
		}
	}
	add(app.Env)
	for _, r := range app.Resources {
		sources = append(sources, r.Source)
	}
	for _, p := range app.Processes {
		sources = append(sources, p.Source)
		add(p.Env)
		for _, port := range p.Ports {
			sources = append(sources, port.Source)
		}
		if p.Image.Build != nil {
			sources = append(sources, p.Image.Build.Source)
			add(p.Image.Build.Args)
		}
		if p.Order.Ready != nil {
			sources = append(sources, p.Order.Ready.Source)
		}
	}
	for _, s := range sources {
		if s.File != "F" || s.Line < 1 || s.Line > lines {
			t.Fatalf("got the place %v, want one in F, which has %d lines", s, lines)
		}
	}
}

// What a heroku.yml says, and what is wrong with one.
func TestHerokuYML(t *testing.T) {
	compareGolden(t, "testdata/heroku/herokuyml.golden", []string{
		"build:\n  docker:\n    web: Dockerfile\nrun:\n  web: node server.js --port $PORT\n",
		// The image's own command; a Dockerfile's folder is its context.
		"build:\n  docker:\n    web: Dockerfile\n    worker: jobs/Dockerfile.worker\n",
		"build:\n  docker:\n    web: {dockerfile: ./web/../web/Dockerfile}\n  config:\n    NODE_ENV: production\n    RATE: 3.10\n    NONE:\n",
		// Images of others.
		"build: {docker: {web: Dockerfile}}\nrun:\n  web: a\n  clock: {command: [bin/clock -v], image: web}\n  worker: b\n",
		"build: {docker: {web: Dockerfile}}\nrun:\n  clock: {command: c, image: wbe}\n",
		"build: {docker: {app: Dockerfile}}\nrun:\n  web:\n  worker: {image: app}\n",
		// The release phase.
		"build: {docker: {web: D, tools: t/D}}\nrun: {web: a}\nrelease:\n  image: tools\n  command:\n    - ./migrate.sh\n",
		"build: {docker: {web: D}}\nrelease:\n  command:\n    - rake db:migrate\n    - rake db:seed\n",
		"build: {docker: {web: D}}\nrelease: {command: [python, manage.py, migrate, 'a b', $NAME]}\n",
		"build: {docker: {web: D}}\nrelease: {command: [./a.sh, ./b.sh]}\n",
		"build: {docker: {web: D}}\nrelease: rake db:migrate\n",
		"build: {docker: {web: D}}\nrelease: {image: web}\n",
		"build: {docker: {web: D, release: r/D}}\nrelease: {command: x}\n",
		"build: {docker: {web: D}}\nrun: {release: a}\nrelease: {command: x}\n",
		// Set-up.
		"setup:\n  addons:\n    - plan: heroku-postgresql:mini\n      as: DATABASE\n    - heroku-redis\n    - as: LOST\n    - [x]\n  config:\n    LANG: C.UTF-8\n    EMPTY: ''\n    LIST: [a]\n    'A B': c\nbuild: {docker: {web: D}}\n",
		"setup: {addons: {plan: x}, confg: {A: b}}\nbuild: {docker: {web: D}}\n",
		// Without an image.
		"run:\n  web: npm start\n", "build:\n  languages: [ruby]\nrun:\n  web: rails s\n", "run: {web: }\n",
		"build:\n  buildpacks: [x]\n",
		// Mistakes.
		"", "# nothing\n", "- web\n", "web: npm start\n", "build: {docker: {web: D}}\nruns: {web: x}\nformation: {web: 1}\n",
		"build:\n  web: Dockerfile\n", "build: {docker: [web]}\n", "build: {docker: {web: }}\nrun: {worker: x}\n",
		"build: {docker: {web: {file: D}}}\nrun: {web: x}\n", "build: {docker: {web: ../D, 'a b': D, c: /D}}\nrun: {web: x}\n",
		"build: {docker: {web: D}}\nrun: {web: {cmd: x, command: {a: b}}}\n", "build: {docker: {web: D}}\nrun: {'we b': x, web: [], worker: {command: ['', ' x ']}}\n",
		"run: {web: a}\nrun: {web: b}\n", "run:\n\tweb: a\n", "run: {\x00", "build: {docker: {web: D}}\nrun:\n  web: &c bin/x\n  worker: *c\n",
	}, func(text string) (App, error) { return readHerokuYML("heroku.yml", []byte(text)) })
}

func FuzzHerokuYML(f *testing.F) {
	for _, seed := range []string{
		"setup: {addons: [{plan: heroku-postgresql, as: DB}, x], config: {A: b}}\nbuild:\n  docker: {web: Dockerfile, w: {dockerfile: w/D}}\n  config: {C: d}\nrelease: {image: w, command: [a b, c]}\nrun:\n  web: x\n  clock: {command: [y], image: web}\n",
		"run: &r\n  web: x\nbuild:\n  docker:\n    <<: *r\n", "build: {languages: [go]}\nrun: {web: }\n", "release: x\r\nrun:\r\n  web: y\r\n", "run: {web: [a, b c, $D]}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		app, err := readHerokuYML("F", data)
		placesInto(t, app, err, lineCount(data))
		if err == nil && len(app.Processes) == 0 {
			t.Fatal("got neither a process nor an error")
		}
	})
}
