package plan_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/devrun/devrun/envfile"
	"github.com/devrun/devrun/manifest"
	"github.com/devrun/devrun/plan"
)

// app reads a Procfile's text.
func app(t *testing.T, text string) manifest.App {
	t.Helper()
	a, err := manifest.ParseProcfile("Procfile", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

const three = "web: serve\nrelease: migrate\nworker: work\nclock: tick\n"

func counts(t *testing.T, formation string) []plan.Count {
	t.Helper()
	c, err := plan.ParseFormation(formation)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ports says on one line which instances run, and on which port.
func ports(pl plan.Plan) string {
	var parts []string
	for _, p := range pl.Processes {
		parts = append(parts, fmt.Sprintf("%s:%d", p.ID, p.Port))
	}
	return strings.Join(parts, " ")
}

// Which instances run on which port follows from the types named, the
// formation and the base port; a subset keeps the numbers of the whole.
func TestInstancesAndPorts(t *testing.T) {
	for _, c := range []struct {
		name, types, formation, want string
		port                         int
	}{
		{name: "all but release", want: "web.1:5000 worker.1:5100 clock.1:5200"},
		{name: "base", port: 7000, want: "web.1:7000 worker.1:7100 clock.1:7200"},
		{name: "a subset keeps its numbers", types: "clock", want: "clock.1:5200"},
		{name: "two named", types: "clock,web", want: "web.1:5000 clock.1:5200"},
		{name: "a number in an argument", types: "web=2,clock", want: "web.1:5000 web.2:5001 clock.1:5200"},
		{name: "release by name comes after the others", types: "release", want: "release.1:5300"},
		{name: "a formation leaves the others out", formation: "worker=2", want: "worker.1:5100 worker.2:5101"},
		{name: "all", formation: "all=2", want: "web.1:5000 web.2:5001 worker.1:5100 worker.2:5101 clock.1:5200 clock.2:5201"},
		{name: "all but", formation: "all=1,worker=0", want: "web.1:5000 clock.1:5200"},
		{name: "the type's own number beats all", formation: "worker=3,all=1", want: "web.1:5000 worker.1:5100 worker.2:5101 worker.3:5102 clock.1:5200"},
		{name: "the last word counts", formation: "web=3,web=1", want: "web.1:5000"},
		{name: "release in a formation", formation: "release=1,web=1", want: "web.1:5000 release.1:5300"},
		{name: "arguments select, the formation counts", types: "web", formation: "web=2,worker=4", want: "web.1:5000 web.2:5001"},
		{name: "an argument's own number wins", types: "web=1", formation: "web=2", want: "web.1:5000"},
		{name: "an argument that the formation does not have", types: "clock", formation: "web=2", want: "clock.1:5200"},
		{name: "an argument named all", types: "all", want: "web.1:5000 worker.1:5100 clock.1:5200"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := plan.Input{Root: "/p", App: app(t, three)}
			in.Choices.Port, in.Choices.Formation = c.port, counts(t, c.formation)
			if c.types != "" {
				types, err := plan.ParseTypes([]string{c.types})
				if err != nil {
					t.Fatal(err)
				}
				in.Choices.Types = types
			}
			pl, err := plan.Make(in)
			if err != nil {
				t.Fatal(err)
			}
			if got := ports(pl); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// A hundred and one instances of a type do not take the next type's port.
func TestPortsDoNotCollide(t *testing.T) {
	pl, err := plan.Make(plan.Input{App: app(t, three), Choices: plan.Choices{Formation: counts(t, "web=101,worker=1")}})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]string{}
	for _, p := range pl.Processes {
		if seen[p.Port] != "" {
			t.Fatalf("%s and %s share port %d", seen[p.Port], p.ID, p.Port)
		}
		seen[p.Port] = p.ID
	}
}

// A formation is read as foreman, honcho and forego read theirs; what is no
// formation is refused with the piece that is wrong.
func TestParseFormation(t *testing.T) {
	for text, want := range map[string]string{
		"":                   "[]",
		"web=2":              "[{web 2}]",
		" web = 2 ,all=0":    "[{web 2} {all 0}]",
		"web=x":              `"x" is not a number`,
		"web=-1":             `"-1" is not a number`,
		"web==2":             `"=2" is not a number`,
		"web=":               `"web=" has no number`,
		"web":                `"web" has no number`,
		"=1":                 "type is missing",
		",":                  "type is missing",
		"web=1,":             "type is missing",
		"web=99999999999999": "more than 1000",
		"web=9e9":            "is not a number",
	} {
		got, err := plan.ParseFormation(text)
		if err != nil {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q: got %v, want %q", text, err, want)
			}
			continue
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%q: got %v, want %s", text, got, want)
		}
	}
}

// What cannot be planned is refused in words that say what to do.
func TestRefusals(t *testing.T) {
	env := func(line int, value string) []envfile.Value {
		return []envfile.Value{{Name: "PORT", Value: value, Source: envfile.DotEnv, File: ".env", Line: line}}
	}
	for _, c := range []struct {
		name string
		in   plan.Input
		want string
	}{
		{"unknown type", plan.Input{App: app(t, three), Choices: plan.Choices{Formation: counts(t, "wbe=1")}}, `no process type "wbe"; there is web, release, worker, clock`},
		{"only release", plan.Input{App: app(t, "release: x\n")}, "nothing to start: release is the only process"},
		{"all zero", plan.Input{App: app(t, three), Choices: plan.Choices{Formation: counts(t, "all=0")}}, "nothing to start"},
		{"words in PORT", plan.Input{App: app(t, three), Env: env(4, "http")}, `.env:4: cannot use PORT in .env:4: "http" is not a port number`},
		{"huge PORT", plan.Input{App: app(t, three), Env: env(4, "70000")}, `"70000" is not a port number`},
		{"no room above", plan.Input{App: app(t, three), Choices: plan.Choices{Port: 65500}}, "cannot give worker.1 a port: 65500+100 is more than 65535"},
		{"words in the shell's PORT", plan.Input{App: app(t, three), Shell: []string{"PORT=x"}}, `cannot use PORT in your shell: "x" is not a port number`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := plan.Make(c.in)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

// The base port comes from the flag, else a file named with -e, else the
// shell, else .env.
func TestBasePort(t *testing.T) {
	value := func(source envfile.Source, port string) envfile.Value {
		return envfile.Value{Name: "PORT", Value: port, Source: source, File: "f", Line: 1}
	}
	dotenv, shell, named := value(envfile.DotEnv, "7000"), value(envfile.Shell, "6000"), value(envfile.EnvFile, "8000")
	for _, c := range []struct {
		name  string
		env   []envfile.Value
		shell []string
		flag  int
		want  int
	}{
		{"none", nil, nil, 0, 5000},
		{".env", []envfile.Value{dotenv}, nil, 0, 7000},
		{"shell", nil, []string{"PORT=6000"}, 0, 6000},
		{"shell over .env", []envfile.Value{dotenv, shell}, []string{"PORT=6000"}, 0, 6000},
		{"-e over the shell", []envfile.Value{named, shell}, []string{"PORT=6000"}, 0, 8000},
		{"-p over all", []envfile.Value{named, shell}, []string{"PORT=6000"}, 4000, 4000},
		{"empty", []envfile.Value{value(envfile.DotEnv, "")}, nil, 0, 5000},
		{"privileged", []envfile.Value{value(envfile.DotEnv, "80")}, nil, 0, 5000},
	} {
		t.Run(c.name, func(t *testing.T) {
			pl, err := plan.Make(plan.Input{App: app(t, three), Env: c.env, Shell: c.shell, Choices: plan.Choices{Port: c.flag}})
			if err != nil {
				t.Fatal(err)
			}
			if got := pl.Processes[0].Port; got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

var errBusy = errors.New("port is in use by nginx")

// A busy port is replaced by the next free one that no other process has, but
// never the very number that the user chose.
func TestBusyPorts(t *testing.T) {
	busy := map[int]bool{5000: true, 5100: true, 5101: true, 7000: true}
	try := func(port int) error {
		if busy[port] {
			return errBusy
		}
		return nil
	}
	probe := &plan.Probe{Try: try, Explain: try}
	pl, err := plan.Make(plan.Input{
		App: app(t, three), Probe: probe,
		Choices: plan.Choices{Formation: counts(t, "web=2,worker=1")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := ports(pl), "web.1:5002 web.2:5001 worker.1:5102"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(pl.Warnings), "[web.1 gets port 5002: port is in use by nginx worker.1 gets port 5102: port is in use by nginx]"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := variable(pl.Processes[0], "PORT"); got != "5002" {
		t.Errorf("PORT is %s", got)
	}

	_, err = plan.Make(plan.Input{App: app(t, three), Probe: probe, Choices: plan.Choices{Port: 7000}})
	if !errors.Is(err, errBusy) || !strings.Contains(err.Error(), "cannot start web.1 on the port of -p") {
		t.Errorf("a chosen port that is busy: %v", err)
	}
	if _, err = plan.Make(plan.Input{App: app(t, three), Probe: probe, Choices: plan.Choices{Port: 6900}}); err != nil {
		t.Errorf("a port derived from the chosen one: %v", err)
	}
}

func variable(p plan.Process, name string) string {
	for _, v := range p.Env {
		if v.Name == name {
			return v.Value
		}
	}
	return "(unset)"
}

// The layers of the environment, low to high, and the names that devrun sets.
func TestEnvironment(t *testing.T) {
	env := []envfile.Value{
		{Name: "A", Value: "file", Source: envfile.DotEnv, File: ".env", Line: 1},
		{Name: "A", Value: "shell", Source: envfile.Shell},
		{Name: "WORKER_URL", Value: "mine", Source: envfile.DotEnv, File: ".env", Line: 2},
		{Name: "PS", Value: "never", Source: envfile.EnvFile, File: "x.env", Line: 1},
	}
	pl, err := plan.Make(plan.Input{
		App: app(t, "web: x\nmy-worker: y\nworker: z\n"), Env: env,
		Shell: []string{"A=shell", "PATH=/bin", "MY_WORKER_PORT=1", "PYTHONUNBUFFERED="},
		Tools: []string{"/p/venv/bin"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "A=shell FOREMAN_WORKER_NAME=web.1 MY_WORKER_URL=http://localhost:5100 PATH=/p/venv/bin:/bin PORT=5000 PS=web.1 WORKER_PORT=5200 WORKER_URL=mine"
	var got []string
	for _, v := range pl.Processes[0].Env {
		got = append(got, v.Name+"="+v.Value)
	}
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
	if len(pl.Warnings) != 1 || !strings.Contains(pl.Warnings[0].String(), ".env:1: A: using your shell's shell in place of file") {
		t.Errorf("warnings: %v", pl.Warnings)
	}
	environ := strings.Join(pl.Processes[0].Environ(), " ")
	if strings.Count(environ, "PATH=") != 1 || !strings.Contains(environ, "MY_WORKER_PORT=1") {
		t.Errorf("environ: %s", environ)
	}
}

// Without ports there is no PORT and no hint.
func TestNoPort(t *testing.T) {
	pl, err := plan.Make(plan.Input{App: app(t, three), Choices: plan.Choices{NoPort: true}})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range pl.Processes[0].Env {
		if strings.Contains(v.Name, "PORT") || strings.HasSuffix(v.Name, "_URL") {
			t.Errorf("%s=%s", v.Name, v.Value)
		}
	}
}

// A Python process that writes into a pipe is told not to hold its output
// back; on a terminal it does not by itself.
func TestUnbuffered(t *testing.T) {
	for tty, want := range map[bool]string{false: "1", true: "(unset)"} {
		pl, err := plan.Make(plan.Input{App: app(t, three), Choices: plan.Choices{TTY: tty}})
		if err != nil {
			t.Fatal(err)
		}
		if got := variable(pl.Processes[0], "PYTHONUNBUFFERED"); got != want {
			t.Errorf("tty %t: got %s, want %s", tty, got, want)
		}
	}
}

// The whole plan of a small project, as people see it.
func TestString(t *testing.T) {
	pl, err := plan.Make(plan.Input{
		Root: "/home/me/shop", App: app(t, "web: serve -p $PORT\nnot a process\nrelease: migrate\nclock: tick\n"),
		Env:     []envfile.Value{{Name: "KEY", Value: "two\nlines", Source: envfile.DotEnv, File: ".env", Line: 1}},
		Choices: plan.Choices{Formation: counts(t, "web=1,clock=0"), Release: true, Grace: 3 * time.Second, OnExit: plan.OnExitIgnore},
	})
	if err != nil {
		t.Fatal(err)
	}
	pl.Warnings = pl.Warnings[:1]
	want := `root      /home/me/shop
manifest  Procfile
omitted   clock

release.1  (Procfile:3)
  command  migrate
  dir      .
  runner   host
  grace    3s
  on exit  first, once
  env      FOREMAN_WORKER_NAME=release.1
           KEY="two\nlines"
           PS=release.1
           PYTHONUNBUFFERED=1
           WEB_PORT=5000
           WEB_URL=http://localhost:5000

web.1  (Procfile:1)
  command  serve -p $PORT
  dir      .
  port     5000
  runner   host
  grace    3s
  on exit  ignore
  env      FOREMAN_WORKER_NAME=web.1
           KEY="two\nlines"
           PORT=5000
           PS=web.1
           PYTHONUNBUFFERED=1

warning: ` + pl.Warnings[0].String() + "\n"
	if got := pl.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// The JSON has the keys that other programs read, and arrays that are never
// null.
func TestJSON(t *testing.T) {
	pl, err := plan.Make(plan.Input{Root: "/p", App: app(t, "web: serve <x>\n")})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(pl)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"root":"/p","manifest":"Procfile","processes":[{"id":"web.1","type":"web","instance":1,` +
		`"command":"serve \u003cx\u003e","dir":"/p","port":5000,"ports":[{"host":5000,"container":5000,"protocol":"tcp"}],` +
		`"runner":"host","image":"","env":{"FOREMAN_WORKER_NAME":"web.1","PORT":"5000","PS":"web.1","PYTHONUNBUFFERED":"1"},` +
		`"source":{"file":"Procfile","line":1}}],"warnings":[]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Masked hides values without touching the plan it is made from.
func TestMasked(t *testing.T) {
	pl, err := plan.Make(plan.Input{App: app(t, "web: x\nrelease: y\n"), Choices: plan.Choices{Release: true}})
	if err != nil {
		t.Fatal(err)
	}
	hidden := pl.Masked(func(string, string) string { return "*" })
	if variable(hidden.Processes[0], "PORT") != "*" || variable(*hidden.Release, "PS") != "*" {
		t.Error("a value shows")
	}
	if variable(pl.Processes[0], "PORT") != "5000" || variable(*pl.Release, "PS") != "release.1" {
		t.Error("the plan itself was changed")
	}
}

func BenchmarkMake(b *testing.B) {
	var text strings.Builder
	for i := range 500 {
		fmt.Fprintf(&text, "type%d: run\n", i)
	}
	a, err := manifest.ParseProcfile("Procfile", []byte(text.String()))
	if err != nil {
		b.Fatal(err)
	}
	var env []envfile.Value
	for i := range 1000 {
		env = append(env, envfile.Value{Name: fmt.Sprintf("NAME_%d", i), Value: "value", Source: envfile.DotEnv})
	}
	for b.Loop() {
		if _, err := plan.Make(plan.Input{App: a, Env: env}); err != nil {
			b.Fatal(err)
		}
	}
}

// What a platform's file declares: variables by their rule, its own ports and
// numbers, its own way to end.
func TestPlatformFile(t *testing.T) {
	at := manifest.Source{File: "x.yml", Line: 3}
	a := manifest.App{
		Kind: manifest.Compose, File: "x.yml", Containers: true,
		Env: []manifest.Variable{
			{Name: "COLOUR", Value: "red", Rule: manifest.Default, Source: at},
			{Name: "SIZE", Value: "1", Rule: manifest.Default, Source: at},
			{Name: "SESSION", Rule: manifest.Secret, Source: at},
			{Name: "MAYBE", Rule: manifest.Passed, Source: at},
			{Name: "PLEASE", Rule: manifest.Wanted, Source: at},
		},
		Processes: []manifest.Process{
			{
				Type: "web", Command: "serve", Source: at, Count: 2, Ports: []manifest.Port{{Container: 8000, Host: 3000, Source: at}},
				Env:   []manifest.Variable{{Name: "SIZE", Value: "literal", Rule: manifest.Literal, Source: at}},
				Order: manifest.Order{After: []manifest.Dependency{{Type: "db", Until: manifest.UntilReady, Source: at}}},
				Stop:  manifest.Stop{Restart: "always", Grace: 3 * time.Second},
			},
			{Type: "db", Command: "data", Source: at, Stop: manifest.Stop{Restart: "on-failure"}},
			{Type: "tool", Command: "t", Source: at, Count: -1},
		},
	}
	in := plan.Input{
		Root: "/p", App: a, Shell: []string{"SIZE=2", "MAYBE=yes"},
		Env:     []envfile.Value{{Name: "COLOUR", Value: "blue", Source: envfile.DotEnv, File: ".env", Line: 1}},
		Choices: plan.Choices{Native: plan.Types{plan.All}},
	}
	pl, err := plan.Make(in)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := ports(pl), "web.1:3000 web.2:3001 db.1:5100"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	web, db := pl.Processes[0], pl.Processes[2]
	for name, want := range map[string]string{"COLOUR": "blue", "SIZE": "literal", "MAYBE": "yes"} {
		if got := variable(web, name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if got := variable(db, "SIZE"); got != "2" {
		t.Errorf("SIZE of db is %s", got)
	}
	if a, b := variable(web, "SESSION"), variable(db, "SESSION"); len(a) != 64 || a != b {
		t.Errorf("secrets %s and %s", a, b)
	}
	if web.OnExit != plan.OnExitRestart || db.OnExit != plan.OnExitRetry || web.Grace != 3*time.Second || web.Runner != plan.Host {
		t.Errorf("web %+v", web)
	}
	if len(web.After) != 1 || web.After[0] != (plan.Dependency{Type: "db", Until: plan.UntilReady}) || db.Ready == nil || !db.Ready.Listen {
		t.Errorf("after %v, ready %v", web.After, db.Ready)
	}
	if got := fmt.Sprint(pl.Warnings); got != "[x.yml:3: nobody sets PLEASE; put what is needed into .env]" {
		t.Errorf("warnings %s", got)
	}

	in.Choices = plan.Choices{}
	if pl, err = plan.Make(in); err != nil || pl.Processes[0].Runner != plan.Docker || pl.Processes[0].Ports[0] != (plan.Port{Host: 3000, Container: 8000, Protocol: "tcp"}) {
		t.Errorf("in containers: %+v, %v", pl.Processes[0], err)
	}
	in.Choices = plan.Choices{Port: 7000, Native: plan.Types{plan.All}}
	if pl, err = plan.Make(in); err != nil || ports(pl) != "web.1:7000 web.2:7001 db.1:7100" {
		t.Errorf("with -p: %s, %v", ports(pl), err)
	}
	a.Processes[1].Order.After = []manifest.Dependency{{Type: "web", Until: manifest.UntilStarted}}
	if _, err = plan.Make(in); err == nil || !strings.Contains(err.Error(), "x.yml:3: these wait for each other in a circle: web waits for db waits for web") {
		t.Errorf("a circle: %v", err)
	}
	a.Processes[1].Order.After, a.Processes[1].Command = nil, ""
	if _, err = plan.Make(in); err == nil || !strings.Contains(err.Error(), "cannot run db natively: there is no command but that of the image; leave it out: devrun start --native web") {
		t.Errorf("no command: %v", err)
	}
	a.Processes[1].Command = "data"
	a.Processes[0].Env[0].Rule, a.Processes[0].Env[0].Name = manifest.Required, "TOKEN"
	if _, err = plan.Make(in); err == nil || err.Error() != "x.yml:3: TOKEN: required, and nobody sets it; put it into .env" {
		t.Errorf("required: %v", err)
	}
}
