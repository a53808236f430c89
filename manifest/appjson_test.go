package manifest

import "testing"

// procfileFor is what the app.json of these tests lies over.
func procfileFor() App {
	return App{
		Kind: Procfile, File: "Procfile",
		Processes: []Process{{Type: "web", Command: "a", Source: Source{"Procfile", 1}}, {Type: "worker", Command: "b", Source: Source{"Procfile", 2}}},
		Env:       []Variable{{Name: "OWN", Value: "manifest", Rule: Default, Source: Source{"Procfile", 1}}},
	}
}

// What an app.json adds to a project, and what is wrong with one.
func TestOverlayAppJSON(t *testing.T) {
	compareGolden(t, "testdata/heroku/appjson.golden", []string{
		"{}", "{\"name\": \"x\", \"stack\": \"heroku-24\", \"stack\": \"heroku-22\", \"expo\": {}, \"displayName\": \"y\"}",
		// Variables.
		"{\"env\": {\n\"TEXT\": \"a b \",\n\"OBJECT\": {\"description\": \"d\", \"value\": \"v\"},\n\"BOTH\": {\"value\": \"v\", \"required\": true},\n\"NUMBER\": 5,\n\"YES\": true,\n\"OWN\": \"app.json\"}}",
		"{\"env\": {\n\"MUST\": {},\n\"SHOULD\": {\"required\": true},\n\"MAY\": {\"required\": false},\n\"NULL\": null,\n\"QUOTED\": {\"required\": \"false\"}}}",
		"{\"env\": {\n\"FILL\": {\"value\": \"\", \"required\": true},\n\"EMPTY\": {\"value\": \"\", \"required\": false},\n\"ALSO\": {\"value\": \"\"}}}",
		"{\"env\": {\n\"S\": {\"generator\": \"secret\"},\n\"SET\": {\"generator\": \"secret\", \"value\": \"v\"},\n\"ODD\": {\"generator\": \"uuid\"}}}",
		"{\"env\": {\n\"A\": \"1\",\n\"A\": \"2\"}}", "{\"env\": {\"A\": [1], \"B C\": \"x\", \"D\": {\"vaule\": \"x\"}}}", "{\"env\": [\"A\"]}",
		// Counts.
		"{\"formation\": {\n\"web\": {\"quantity\": 2, \"size\": \"basic\"}}}", "{\"formation\": {\"worker\": {\"quantity\": 0}}}",
		"{\"formation\": {\"web\": {\"quantity\": \"3\"}, \"wroker\": {\"quantity\": 1}, \"cron\": {\"quantity\": 1}}}",
		"{\"formation\": {\"web\": {\"quantity\": -1}}}", "{\"formation\": {\"web\": {\"quantity\": 1, \"worker\": 2, \"qty\": 1}}}",
		"{\"formation\": [{\"process\": \"web\", \"quantity\": 4}, {\"quantity\": 1}, 5]}", "{\"formation\": {\"web\": 2}}",
		// Add-ons.
		"{\"addons\": [\"heroku-postgresql:mini\", {\"plan\": \"heroku-redis\", \"as\": \"CACHE\", \"options\": {}}, {}, \"\"]}", "{\"addons\": \"heroku-postgresql\"}",
		// What is for others.
		"{\"scripts\": {\"postdeploy\": \"x\"}, \"buildpacks\": [{\"url\": \"y\"}], \"environments\": {\"review\": {\"env\": {\"A\": \"b\"}}}}",
		"{\"envs\": {\"A\": \"b\"}, \"formations\": {}, \"add-ons\": []}",
		// Not JSON.
		"", " \n", "[]", "\"x\"", "{\n\"env\": {\n\"A\": \"b\",\n}\n}", "{\n// why\n\"env\": {}}", "{\"env\": {\"A\": \"b\"\n\"C\": \"d\"}}", "{\"env\": {", "\ufeff{\"env\": {\n\"A\": \"b\"}}", "\xff\xfe{\x00", "web: x",
	}, func(text string) (App, error) {
		app := procfileFor()
		err := app.overlayAppJSON("app.json", []byte(text))
		return app, err
	})
}

// Read for itself an app.json says what it knows, and that it runs nothing.
func TestReadAppJSON(t *testing.T) {
	app, err := readAppJSON("app.json", []byte(`{"env": {"A": "b"}, "formation": {"web": {"quantity": 1}}, "addons": ["x"]}`))
	wantError(t, err, "app.json", "write a Procfile with a line such as `web: npm start`")
	if len(app.Env) != 1 || len(app.Resources) != 1 || len(app.Problems) != 0 {
		t.Errorf("got %v, want a variable, a resource and no problem", app)
	}
	_, err = readAppJSON("app.json", []byte("{\n,}"))
	wantError(t, err, "app.json:2", "not valid JSON")
}

func FuzzAppJSON(f *testing.F) {
	for _, seed := range []string{
		`{"env": {"A": "b", "C": {"value": "d", "required": false}, "S": {"generator": "secret"}}, "formation": {"web": {"quantity": 2}}, "addons": ["x:y", {"plan": "z", "as": "Z"}]}`,
		"{\r\n\"formation\": [{\"process\": \"web\", \"quantity\": 0}],\r\n\"formation\": 1}", "\ufeff{\"env\": null}", "{\"a\": [[[{}]]], \"env\": [1e9, true]}", "{,}", "{\"env\": {\n}", "//",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		app := App{Kind: Procfile, File: "F", Processes: []Process{{Type: "web", Source: Source{"F", 1}}}}
		err := app.overlayAppJSON("F", data)
		placesInto(t, app, err, lineCount(data))
		if len(app.Processes) != 1 {
			t.Fatalf("got the processes %v, want the one there was", app.Processes)
		}
	})
}
