//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// habit is a row of docs/habits.md: what is typed, and what to type.
type habit struct{ typed, instead string }

// TestHabits tries every row of docs/habits.md with the tool's name replaced:
// it works, or it ends with 2 (or what the row says) and a message that says
// what to use, which works in its turn.
func TestHabits(t *testing.T) {
	rows := habits(t)
	if len(rows) < 80 {
		t.Errorf("read %d rows, want all", len(rows))
	}
	dir := habitProject(t)
	expected := habitResults()
	for _, row := range rows {
		t.Run(row.typed, func(t *testing.T) {
			want, ok := expected[row.typed]
			if !ok {
				t.Fatal("this row has no expectation")
			}
			tryHabit(t, dir, row.typed, want)
			if want.status == 2 && strings.HasPrefix(row.instead, "devrun ") {
				// A run that goes on whatever ends would go on here, too.
				instead := row.instead
				if strings.Contains(instead, "--on-exit") {
					instead = strings.Replace(instead, "start", "plan", 1)
				}
				tryHabit(t, dir, instead, habitResult{})
			}
		})
		delete(expected, row.typed)
	}
	for typed := range expected {
		t.Errorf("%s: expected, but not in the document", typed)
	}
}

// habits reads the rows of the document.
func habits(t *testing.T) []habit {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "habits.md"))
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (?:`([^`]+)`)?")
	var rows []habit
	for _, m := range row.FindAllStringSubmatch(string(data), -1) {
		rows = append(rows, habit{m[1], m[2]})
	}
	return rows
}

// habitProject has what the rows name.
func habitProject(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"Procfile":      "web: proc env=NAME env=PORT\nworker: proc forever\nrelease: proc say=migrated\n",
		"Procfile.test": "web: proc say=test\nworker: proc forever\n",
		".env":          "NAME=usual\n",
		"other.env":     "NAME=other\n",
		"app/Procfile":  "web: proc say=app\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// habitResult is what a row must do; out and err are patterns.
type habitResult struct {
	status   int
	out, err string
}

func tryHabit(t *testing.T, dir, typed string, want habitResult) {
	t.Helper()
	if strings.Contains(typed, "4000") {
		port, err := freePorts(3)
		if err != nil {
			t.Fatal(err)
		}
		typed = strings.ReplaceAll(typed, "4000", strconv.Itoa(port))
	}
	_, args, _ := strings.Cut(typed, " ")
	var out, errOut bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", "exec devrun "+args)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GORACE=" + raceOptions}
	cmd.Stdout, cmd.Stderr = &out, &errOut
	status := 0
	if err := cmd.Run(); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			t.Fatal(err)
		}
		status = exit.ExitCode()
	}
	ok := status == want.status &&
		regexp.MustCompile("(?m)"+want.out).Match(out.Bytes()) &&
		regexp.MustCompile("(?m)"+want.err).Match(errOut.Bytes())
	if !ok {
		t.Errorf("devrun %s: status %d\nstdout:\n%sstderr:\n%swant %+v", args, status, &out, &errOut, want)
	}
}

// habitResults has an entry for each row.
func habitResults() map[string]habitResult {
	both := habitResult{err: `^devrun: Procfile: web.1 on \d+, worker.1 on \d+; not release$`}
	web := habitResult{out: `web.1 .* NAME=usual`, err: `: web.1 on \d+; not worker, release$`}
	two := habitResult{err: `: web.1 on \d+, web.2 on \d+, worker.1 on \d+; not release$`}
	file := habitResult{out: `web.1 .* test$`, err: `^devrun: Procfile.test: web.1 on \d+, worker.1 on \d+$`}
	other := habitResult{out: `NAME=other`}
	app := habitResult{out: `web.1 .* app$`}
	hello := habitResult{out: `^hello$`}
	valid := habitResult{out: `^valid procfile detected \(web, worker, release\)$`}
	version := habitResult{out: `^devrun `}
	refused := func(hint string) habitResult { return habitResult{status: 2, err: `^devrun: .*` + hint} }
	export := refused("does not write service files")
	step, times, title := refused("types are 100 apart"), refused("times are shown"), refused("title alone")
	return map[string]habitResult{
		"foreman start":                       both,
		"foreman start web":                   web,
		"foreman start -f Procfile.test":      file,
		"foreman start -e other.env":          other,
		"foreman start -m web=2,worker=1":     two,
		"foreman start -m all=1":              both,
		"foreman start -p 4000":               both,
		"foreman start -t 5":                  both,
		"foreman start -c web":                {out: "\x1b\\["},
		"foreman start --no-timestamp web":    {out: `^web.1  \| NAME=usual`},
		"foreman start -d app":                app,
		"foreman run web":                     {out: `^NAME=usual`},
		"foreman run echo hello":              hello,
		"foreman run -e other.env echo hello": hello,
		"foreman check":                       valid,
		"foreman export systemd out":          export,
		"foreman version":                     version,
		"foreman help":                        {out: `devrun start`},
		"foreman start -f Procfile.test --env /dev/null -t 5 -m all=1": file,

		"honcho start web worker":                  both,
		"honcho start -c web=2,worker=1":           two,
		"honcho start -p 4000":                     both,
		"honcho start -q worker":                   both,
		"honcho -f Procfile.test start":            file,
		"honcho -e other.env start":                other,
		"honcho -d app start":                      app,
		"honcho --no-colour start":                 both,
		"honcho start --no-prefix web":             {out: `^NAME=usual`},
		"honcho run echo hello":                    hello,
		"honcho run -- echo hello":                 hello,
		"honcho check":                             valid,
		"honcho export supervisord out":            export,
		"honcho version":                           version,
		"heroku local":                             both,
		"heroku local web":                         web,
		"heroku local web=1,worker=2":              {err: `: web.1 on \d+, worker.1 on \d+, worker.2 on`},
		"heroku local -f Procfile.test":            file,
		"heroku local -e other.env":                other,
		"heroku local -p 4000":                     both,
		"heroku local --restart":                   refused("use --on-exit restart"),
		"heroku local:run echo hello":              hello,
		"heroku local:version":                     version,
		"heroku local --start-cmd 'echo hello'":    refused("devrun run 'COMMAND'"),
		"heroku local:run -e other.env echo hello": hello,
		"heroku local:run -p 4000 echo hello":      hello,

		"overmind start":                         both,
		"overmind s":                             both,
		"overmind start -f Procfile.test":        file,
		"overmind start -d app":                  app,
		"overmind start -p 4000":                 both,
		"overmind start -N":                      {err: `: web.1, worker.1; not release$`},
		"overmind start -m web=2,worker=1":       two,
		"overmind start -t 5":                    both,
		"overmind start -l web":                  refused("devrun start web worker"),
		"overmind start -x worker":               refused("use -m all=1,TYPE=0"),
		"overmind start --can-die worker":        refused("use --on-exit ignore"),
		"overmind start --any-can-die":           refused("use --on-exit ignore"),
		"overmind start -r all":                  refused("use --on-exit restart"),
		"overmind start -i web=INT":              refused("devrun sends SIGTERM"),
		"overmind start -P 10":                   step,
		"overmind start --formation-port-step 1": refused("instances are 1 apart"),
		"overmind start -b 2,3":                  refused("colours are chosen per type"),
		"overmind start -T":                      times,
		"overmind start -D":                      refused("under tmux or nohup"),
		"overmind start -H bash":                 refused("/bin/sh -c"),
		"overmind start -F tmux.conf":            refused("does not use tmux"),
		"overmind start -s sock":                 refused("no socket"),
		"overmind start -w title":                title,
		"overmind run echo hello":                hello,
		"overmind exec echo hello":               refused("devrun run COMMAND"),
		"overmind restart web":                   refused("press Ctrl-C and start again"),
		"overmind stop web":                      refused("press Ctrl-C where"),
		"overmind connect web":                   refused("devrun run TYPE"),
		"overmind kill":                          refused("press Ctrl-C twice"),
		"overmind quit":                          refused("press Ctrl-C where"),
		"overmind status":                        refused("devrun plan"),
		"overmind echo":                          refused("the log is where"),

		"hivemind":               {out: `devrun start`},
		"hivemind Procfile.test": refused("devrun start -f Procfile.test"),
		"hivemind -p 4000":       refused("devrun start -p 4000"),
		"hivemind -l web":        refused("devrun start web worker"),
		"hivemind -P 10":         step,
		"hivemind -T":            times,
		"hivemind -w title":      title,

		"goreman start":                   both,
		"goreman start web":               web,
		"goreman -f Procfile.test start":  file,
		"goreman -b 4000 start":           refused("base port is -p"),
		"goreman -set-ports=false start":  refused("use --no-port"),
		"goreman -exit-on-error start":    refused("that is what devrun does"),
		"goreman -exit-on-stop start":     refused("that is what devrun does"),
		"goreman -basedir app start":      refused("use -d FOLDER"),
		"goreman -logtime=false start":    refused("--no-timestamp"),
		"goreman -rpc-server=false start": refused("no port of its own"),
		"goreman check":                   valid,
		"goreman run restart web":         {status: 127, err: "cannot run restart: not found"},
		"goreman export upstart out":      export,
		"goreman version":                 version,
	}
}
