package check_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/devrun/devrun/check"
	"github.com/devrun/devrun/envfile"
	"github.com/devrun/devrun/manifest"
	"github.com/devrun/devrun/plan"
)

// A report without findings is arrays, not nulls.
func TestEmpty(t *testing.T) {
	got, err := json.Marshal(check.New())
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"files":[],"errors":[],"warnings":[]}`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What a reader left out is an error, what it took with a remark a warning.
func TestManifest(t *testing.T) {
	r := check.New()
	r.Manifest(manifest.App{Problems: []manifest.Problem{
		{File: "Procfile", Line: 2, Message: "left out", Skipped: true},
		{File: "Procfile", Line: 3, Message: "odd"},
	}})
	if len(r.Errors) != 1 || r.Errors[0].String() != "Procfile:2: left out" {
		t.Errorf("errors %v", r.Errors)
	}
	if len(r.Warnings) != 1 || r.Warnings[0].String() != "Procfile:3: odd" {
		t.Errorf("warnings %v", r.Warnings)
	}
}

// An error keeps its place, whichever package it comes from and however it is
// wrapped.
func TestFail(t *testing.T) {
	for _, c := range []struct {
		err  error
		want check.Problem
	}{
		{&manifest.Error{File: "Procfile", Line: 1, Message: "m"}, check.Problem{File: "Procfile", Line: 1, Message: "m"}},
		{errors.Join(&envfile.Error{File: ".env", Line: 2, Message: "e"}), check.Problem{File: ".env", Line: 2, Message: "e"}},
		{&plan.SourceError{File: "convox.yml", Line: 3, Message: "p"}, check.Problem{File: "convox.yml", Line: 3, Message: "p"}},
		{errors.New("nothing to run"), check.Problem{Message: "nothing to run"}},
	} {
		r := check.New()
		r.Fail(c.err)
		if len(r.Errors) != 1 || r.Errors[0] != c.want {
			t.Errorf("%v: got %v, want %v", c.err, r.Errors, c.want)
		}
	}
}

// Warnings of the plan come after those before them.
func TestWarn(t *testing.T) {
	r := check.New()
	r.Warn([]plan.Warning{{Message: "a"}})
	r.Warn([]plan.Warning{{File: "f", Line: 1, Message: "b"}})
	if len(r.Warnings) != 2 || r.Warnings[1].String() != "f:1: b" {
		t.Errorf("warnings %v", r.Warnings)
	}
}
