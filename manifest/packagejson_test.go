package manifest

import (
	"strings"
	"testing"
)

// The start script becomes the process web, on its line, run by the package
// manager that the project uses.
func TestPackageJSON(t *testing.T) {
	const plain = `{"scripts": {"start": "node ."}}`
	for _, c := range []struct {
		name, text string
		locks      []string
		want       string
	}{
		{"npm by default", plain, nil, "1 web: npm start"},
		{"on its line", "{\n  \"name\": \"x\",\n  \"scripts\": {\n    \"test\": \"t\",\n    \"start\": \"node .\"\n  }\n}\n", nil, "5 web: npm start"},
		{"CRLF", "{\r\n\"scripts\": {\r\n\"start\": \"node .\"}}", nil, "3 web: npm start"},
		{"a byte order mark", "\ufeff{\n\"scripts\": {\"start\": \"node .\"}}", nil, "2 web: npm start"},
		{"the value on another line", "{\"scripts\": {\"start\":\n\n\"node .\"}}", nil, "1 web: npm start"},
		{"the last of two", "{\"scripts\": {},\n\"scripts\": {\"start\": \"a\",\n\"start\": \"b\"}}", nil, "3 web: npm start"},
		{"only the scripts' own start", "{\"start\": \"x\", \"config\": {\"scripts\": {\"start\": \"y\"}},\n\"scripts\": {\"start\": \"z\"}}", nil, "2 web: npm start"},
		{"other values of every kind", "{\"a\": [1, {\"start\": 2}], \"b\": null, \"c\": true, \"d\": 1e9,\n\"scripts\": {\"x\": [], \"start\": \"z\"}}", nil, "2 web: npm start"},
		{"npm's lock file", plain, []string{"package-lock.json"}, "1 web: npm start"},
		{"npm's other lock file", plain, []string{"npm-shrinkwrap.json", "package-lock.json"}, "1 web: npm start"},
		{"yarn's lock file", plain, []string{"yarn.lock"}, "1 web: yarn start"},
		{"pnpm's lock file", plain, []string{"pnpm-lock.yaml"}, "1 web: pnpm start"},
		{"bun's lock file", plain, []string{"bun.lock"}, "1 web: bun run start"},
		{"bun's old lock file", plain, []string{"bun.lockb", "bun.lock"}, "1 web: bun run start"},
		{"what is declared beats the lock file", `{"packageManager": "pnpm@9.1.0+sha512.0", "scripts": {"start": "x"}}`, []string{"yarn.lock", "package-lock.json"}, "1 web: pnpm start"},
		{"an unknown one is not declared", `{"packageManager": "ied@2", "scripts": {"start": "x"}}`, []string{"yarn.lock"}, "1 web: yarn start"},
		{"a declaration that is no string", `{"packageManager": 3, "scripts": {"start": "x"}}`, nil, "1 web: npm start"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{"package.json": c.text}
			for _, lock := range c.locks {
				files[lock] = ""
			}
			t.Chdir(folder(t, files))
			app, err := Read("package.json", nil)
			if err != nil || len(app.Problems) > 0 {
				t.Fatalf("got error %v and problems %v, want none", err, app.Problems)
			}
			if got := declared(app); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestPackageJSONContradictingLocks(t *testing.T) {
	t.Chdir(folder(t, map[string]string{"package.json": "{\n\"scripts\": {\"start\": \"x\"}}", "yarn.lock": "", "package-lock.json": ""}))
	app, err := Read("package.json", nil)
	if err != nil || declared(app) != "2 web: npm start" || len(app.Problems) != 1 {
		t.Fatalf("got %s, %v, %v, want npm and one problem", declared(app), app.Problems, err)
	}
	const want = "package.json:2: package-lock.json, yarn.lock are all here, so `npm start` is a guess: remove the stale ones, or set packageManager"
	if p := app.Problems[0]; p.String() != want || p.Skipped {
		t.Errorf("got  %s\nwant %s", p, want)
	}
}

func TestPackageJSONErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "package.json: this file is empty"},
		{"\ufeff \n", "package.json: this file is empty"},
		{"{\n\"a\": 1\n\"b\": 2}", "package.json:3: not valid JSON: invalid character '\"' after object key:value pair"},
		{"{\n\"a\": 1,\n}", "package.json:3: not valid JSON: invalid character '}' looking for beginning of object key string"},
		{"{\n// comment\n}", "package.json:2: not valid JSON: invalid character '/' looking for beginning of object key string"},
		{"\ufeff{\n'a': 1}", "package.json:2: not valid JSON: invalid character '\\'' looking for beginning of object key string"},
		{"{\n\n", "package.json:2: not valid JSON: unexpected end of JSON input"},
		{"{}\n{}", "package.json:2: not valid JSON: invalid character '{' after top-level value"},
		{"[]", "package.json: not a package.json: there is no object in it"},
		{"3", "package.json: not a package.json: there is no object in it"},
		{"\xff\xfe{\x00}\x00", "package.json: this file is in UTF-16: save it as UTF-8"},
		{"{}", "package.json: no `start` script: add one, or write a Procfile with a line such as `web: npm start`"},
		{`{"scripts": {"start": " "}}`, "package.json: no `start` script: add one, or write a Procfile with a line such as `web: npm start`"},
		{`{"scripts": {"start": ["x"]}}`, "package.json: no `start` script: add one, or write a Procfile with a line such as `web: npm start`"},
		{`{"scripts": ["start"]}`, "package.json: no `start` script: add one, or write a Procfile with a line such as `web: npm start`"},
		{`{"scripts": {"start": "x"}, "scripts": {}}`, "package.json: no `start` script: add one, or write a Procfile with a line such as `web: npm start`"},
		{`{"scripts": {"serve": "x", "dev": "y"}}`, "package.json: no `start` script: add one, or write a Procfile with a line such as `web: npm run dev`"},
	} {
		_, err := readPackageJSON("package.json", []byte(c.text))
		if err == nil || err.Error() != c.want {
			t.Errorf("%q\ngot  %v\nwant %s", c.text, err, c.want)
		}
	}
}

func FuzzPackageJSON(f *testing.F) {
	for _, seed := range []string{
		`{"name": "x", "scripts": {"start": "node .", "dev": "vite"}, "packageManager": "yarn@4"}`,
		"\ufeff{\n\"scripts\":\n{\"start\": [1, {\"a\": null}],\n\"start\": \"x\"}}", "[{}]", "{", "{}{}", "\"\\u0000\"", "{\"scripts\": {\"start\": \"\xff\"}}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		app, err := readPackageJSON("F", data)
		lines := 1 + strings.Count(string(data), "\n")
		pointsInto(t, app.Problems, err, lines)
		if err != nil {
			return
		}
		if len(app.Processes) != 1 {
			t.Fatalf("got %d processes, want web", len(app.Processes))
		}
		if p := app.Processes[0]; p.Type != "web" || !strings.HasSuffix(p.Command, " start") || p.Line < 1 || p.Line > lines {
			t.Fatalf("got %v of %d lines", p, lines)
		}
	})
}
