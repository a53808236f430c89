package manifest

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// folder makes a folder with files in it.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// wantError fails unless err is an *Error at file:line whose message holds text.
func wantError(t *testing.T, err error, place, text string) {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("got %v (%T), want an *Error", err, err)
	}
	if got := e.Error(); !strings.HasPrefix(got, place+": ") || !strings.Contains(got, text) {
		t.Errorf("got  %s\nwant %s: … %s …", got, place, text)
	}
}

// A name that says nothing is a Procfile's; package.json is known by its name.
func TestReadKinds(t *testing.T) {
	dir := folder(t, map[string]string{
		"Procfile":     "web: a\n",
		"Procfile.dev": "web: b\n",
		"my procs":     "web: c\n",
		"procs.yml":    "web: d\nworker: e\n",
		"package.json": `{"scripts": {"start": "f"}}`,
	})
	for name, want := range map[string]struct {
		kind Kind
		text string
	}{
		"Procfile":     {Procfile, "1 web: a"},
		"Procfile.dev": {Procfile, "1 web: b"},
		"my procs":     {Procfile, "1 web: c"},
		"procs.yml":    {Procfile, "1 web: d\n2 worker: e"},
		"package.json": {PackageJSON, "1 web: npm start"},
	} {
		path := filepath.Join(dir, name)
		app, err := Read(path, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := declared(app); got != want.text || app.Kind != want.kind || app.File != path || app.Processes[0].File != path {
			t.Errorf("%s: got %s of %s, a %s; want %s, a %s", name, got, app.File, app.Kind, want.text, want.kind)
		}
	}
}

// The name of a file tells its kind, wherever it is.
func TestReadPlatformKinds(t *testing.T) {
	compose := "services:\n  web:\n    image: nginx\n    command: nginx -g 'daemon off;'\n"
	files := map[string]struct {
		text string
		kind Kind
	}{
		"compose.yaml":            {compose, Compose},
		"docker-compose.prod.yml": {compose, Compose},
		"amvera.worker.yml":       {"meta: {environment: python, toolchain: {name: pip}}\nrun: {command: x}\n", Amvera},
		"heroku.yml":              {"build: {docker: {web: Dockerfile}}\nrun: {web: x}\n", HerokuYML},
		"convox.yml":              {"services: {web: {command: x}}\n", Convox},
		"Dockerfile":              {"FROM scratch\nCMD [\"x\"]\n", Dockerfile},
		"api.Dockerfile":          {"FROM scratch\nCMD x\n", Dockerfile},
	}
	texts := map[string]string{}
	for name, f := range files {
		texts[name] = f.text
	}
	dir := folder(t, texts)
	for name, want := range files {
		app, err := Read(filepath.Join(dir, name), nil)
		if err != nil || app.Kind != want.kind || len(app.Processes) != 1 || app.Processes[0].Type != "web" {
			t.Errorf("%s: got %v, %v; want web of a %s", name, app, err, want.kind)
		}
	}
}

// A file of a kind that says nothing of processes, or that its name hides, is an
// error that says so.
func TestReadOtherKinds(t *testing.T) {
	files := map[string]string{
		"devrun.json": "{}", "fly.toml": "x = 1", "app.json": "{}",
		"some.yml": "services:\n  web:\n    image: nginx\n", "no-extension": `{"scripts": {"start": "x"}}`,
	}
	for name, want := range map[string]string{
		"devrun.json": "devrun does not know this kind of file", "fly.toml": "devrun does not know this kind of file",
		"app.json": "an app.json declares no commands", "some.yml": "this looks like YAML", "no-extension": "this looks like JSON",
	} {
		dir := folder(t, files)
		_, err := Read(filepath.Join(dir, name), nil)
		wantError(t, err, filepath.Join(dir, name), want)
	}
}

// What cannot be read at all says why, and what to name instead.
func TestReadNoFile(t *testing.T) {
	dir := folder(t, map[string]string{"Procfile": "web: a\n", "Procfile.dev": "web: a\n", ".env": "A=1\n", ".env.local": "# nothing\n"})
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := os.Mkdir(at("folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", at("link")); err != nil {
		t.Fatal(err)
	}
	huge, err := os.Create(at("huge"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(huge.Truncate(100<<20), huge.Close()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Procfile.prod": "no such file: its folder has Procfile, Procfile.dev",
		"folder":        "this is a folder: name the file in it",
		"folder/x":      "no such file",
		"none/Procfile": "no such file, nor the folder it would be in",
		"none.yml":      "no such file",
		"compose.yml":   "no such file",
		"link":          "this is a link to nowhere, which does not exist",
		"huge":          "larger than 16 MB",
		".env":          "this is an environment file: name it with -e",
		".env.local":    "this is an environment file: name it with -e",
	} {
		_, err := Read(at(name), nil)
		wantError(t, err, at(name), want)
	}
}

func TestReadWithoutPermission(t *testing.T) {
	if os.Getuid() <= 0 {
		t.Skip("everything may be read by this user, or on this system")
	}
	path := filepath.Join(folder(t, map[string]string{"Procfile": "web: a\n"}), "Procfile")
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	_, err := Read(path, nil)
	wantError(t, err, path, "cannot open it: permission denied")
}

// A pipe, as in `-f <(generate)`, is read to its end and only once.
func TestReadPipe(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an open file has no path there")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	done := make(chan error, 1)
	go func() {
		_, writeErr := w.WriteString("web: a\n" + strings.Repeat("# 64 KB and more do not fit into a pipe\n", 4000) + "worker: b\n")
		done <- errors.Join(writeErr, w.Close())
	}()
	app, err := Read(filepath.Join("/dev/fd", strconv.Itoa(int(r.Fd()))), nil)
	if err = errors.Join(err, <-done); err != nil {
		t.Fatal(err)
	}
	if got, want := declared(app), "1 web: a\n4002 worker: b"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A stream without an end is refused like a huge file.
func TestReadEndless(t *testing.T) {
	if _, err := os.Stat("/dev/zero"); err != nil {
		t.Skip("no /dev/zero")
	}
	_, err := Read("/dev/zero", nil)
	wantError(t, err, "/dev/zero", "larger than 16 MB")
}

func TestFind(t *testing.T) {
	start := `{"scripts": {"start": "x"}}`
	for _, c := range []struct {
		name   string
		files  []string
		chosen string
		passed []string
	}{
		{"the usual", []string{"Procfile"}, "Procfile", nil},
		{"the developer's first", []string{"Procfile", "Procfile.dev"}, "Procfile.dev", []string{"Procfile"}},
		{"package.json last", []string{"package.json", "Procfile"}, "Procfile", []string{"package.json"}},
		{"package.json alone", []string{"package.json", "README.md"}, "package.json", nil},
		{
			"others are passed over",
			[]string{"Procfile", "amvera.yml", "heroku.yml", "compose.yaml", "Dockerfile"},
			"Procfile",
			[]string{"amvera.yml", "heroku.yml", "compose.yaml", "Dockerfile"},
		},
		{"a platform's file before package.json", []string{"package.json", "docker-compose.yml"}, "docker-compose.yml", []string{"package.json"}},
		{"a Dockerfile where Amvera looks for it", []string{"package.json", "deploy/Dockerfile"}, "deploy/Dockerfile", []string{"package.json"}},
		{"other Procfiles are no candidates", []string{"Procfile", "Procfile.prod"}, "Procfile", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{}
			for _, name := range c.files {
				files[name] = start
			}
			dir := folder(t, files)
			chosen, passed, err := Find(dir)
			if err != nil {
				t.Fatal(err)
			}
			for i := range passed {
				passed[i] = strings.TrimPrefix(passed[i], dir+string(filepath.Separator))
			}
			if chosen != filepath.Join(dir, filepath.FromSlash(c.chosen)) || !slices.Equal(passed, c.passed) {
				t.Errorf("got %s, passed %q; want %s, passed %q", chosen, passed, c.chosen, c.passed)
			}
		})
	}
}

// The folder one is in has no name in the paths.
func TestFindHere(t *testing.T) {
	t.Chdir(folder(t, map[string]string{"Procfile": "web: a"}))
	for _, dir := range []string{"", "."} {
		if chosen, _, err := Find(dir); chosen != "Procfile" || err != nil {
			t.Errorf("Find(%q): got %q, %v, want Procfile", dir, chosen, err)
		}
	}
}

// A broken file is chosen, so that its error is seen: the next one would run
// something else than the author meant.
func TestFindTakesBrokenFiles(t *testing.T) {
	dir := folder(t, map[string]string{"Procfile.dev": "", "package.json": "{"})
	if chosen, _, err := Find(dir); filepath.Base(chosen) != "Procfile.dev" || err != nil {
		t.Errorf("got %q, %v, want the empty Procfile.dev", chosen, err)
	}
	dir = folder(t, map[string]string{"package.json": "{"})
	if chosen, _, err := Find(dir); filepath.Base(chosen) != "package.json" || err != nil {
		t.Errorf("got %q, %v, want the malformed package.json", chosen, err)
	}
	dir = folder(t, map[string]string{"package.json": `{"scripts": {"start": "x"}}`})
	if err := os.Symlink("nowhere", filepath.Join(dir, "Procfile")); err != nil {
		t.Fatal(err)
	}
	if chosen, _, err := Find(dir); filepath.Base(chosen) != "Procfile" || err != nil {
		t.Errorf("got %q, %v, want the Procfile that links to nowhere", chosen, err)
	}
}

func TestFindNothing(t *testing.T) {
	const looked = "looked for Procfile.dev, Procfile, amvera.yml, heroku.yml, convox.yml, compose.yaml, docker-compose.yml, Dockerfile, package.json with a start script; "
	for _, c := range []struct {
		name  string
		files []string
		want  string
	}{
		{"empty", nil, "write a Procfile with a line such as `web: npm start`"},
		{"no start script", []string{"package.json"}, "write a Procfile with a line such as `web: npm start`"},
		{"another ending", []string{"Procfile.txt"}, "is Procfile.txt meant? rename it, or name it with -f"},
		{"another environment", []string{"Procfile.local"}, "is Procfile.local meant? rename it, or name it with -f"},
		{"a slip", []string{"Profile"}, "is Profile meant? rename it, or name it with -f"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{}
			for _, name := range c.files {
				files[name] = "{}"
			}
			t.Chdir(folder(t, files))
			_, _, err := Find(".")
			e, ok := errors.AsType[*NotFoundError](err)
			if !ok {
				t.Fatalf("got %v, want a *NotFoundError", err)
			}
			if got, want := e.Error(), "nothing to run in this folder: "+looked+c.want; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// A folder named Procfile is none.
func TestFindNoFolder(t *testing.T) {
	dir := folder(t, map[string]string{"file": ""})
	if err := os.Mkdir(filepath.Join(dir, "Procfile"), 0o755); err != nil {
		t.Fatal(err)
	}
	if chosen, _, err := Find(dir); err == nil {
		t.Errorf("got %q, want an error", chosen)
	}
	_, _, err := Find(filepath.Join(dir, "none"))
	wantError(t, err, filepath.Join(dir, "none"), "no such folder")
	_, _, err = Find(filepath.Join(dir, "file"))
	wantError(t, err, filepath.Join(dir, "file"), "this is a file, not a folder: name it with -f")
}
