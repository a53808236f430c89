// Package check judges a project's manifest and the plan made from it: what is
// wrong, and what only looks so.
package check

import (
	"errors"

	"github.com/devrun/devrun/envfile"
	"github.com/devrun/devrun/manifest"
	"github.com/devrun/devrun/plan"
)

// Problem is one finding; Line is 0 when the file as a whole, and File is empty
// when no file is meant.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Message string `json:"message"`
}

// String is "Procfile:3: message".
func (p Problem) String() string {
	return plan.Warning(p).String()
}

// Report is the outcome: with an error, start would refuse or leave something
// out. The slices are never nil, so that they are JSON arrays.
type Report struct {
	// Files are those that were read.
	Files    []string  `json:"files"`
	Errors   []Problem `json:"errors"`
	Warnings []Problem `json:"warnings"`
}

// New returns a report without findings.
func New() *Report {
	return &Report{Files: []string{}, Errors: []Problem{}, Warnings: []Problem{}}
}

// Manifest takes in what the reader of a manifest has to say. What start would
// leave out is an error here.
func (r *Report) Manifest(app manifest.App) {
	for _, p := range app.Problems {
		found := Problem{p.File, p.Line, p.Message}
		if p.Skipped {
			r.Errors = append(r.Errors, found)
			continue
		}
		r.Warnings = append(r.Warnings, found)
	}
}

// Warn takes in warnings that were found while reading or planning.
func (r *Report) Warn(warnings []plan.Warning) {
	for _, w := range warnings {
		r.Warnings = append(r.Warnings, Problem(w))
	}
}

// Fail takes in an error that stops the start, with its place where it has
// one.
func (r *Report) Fail(err error) {
	var inManifest *manifest.Error
	var inEnv *envfile.Error
	var inPlan *plan.SourceError
	switch {
	case errors.As(err, &inManifest):
		r.Errors = append(r.Errors, Problem{inManifest.File, inManifest.Line, inManifest.Message})
	case errors.As(err, &inEnv):
		r.Errors = append(r.Errors, Problem{inEnv.File, inEnv.Line, inEnv.Message})
	case errors.As(err, &inPlan):
		r.Errors = append(r.Errors, Problem{inPlan.File, inPlan.Line, inPlan.Message})
	default:
		r.Errors = append(r.Errors, Problem{Message: err.Error()})
	}
}
