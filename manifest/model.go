package manifest

import "time"

// Variable is one variable of the environment that a file declares.
type Variable struct {
	Name  string
	Value string
	Rule  Rule
	Source
}

// Rule says what a declared variable is when the user sets it, or does not.
type Rule string

// The rules.
const (
	// Literal is the value, whatever the user sets (compose environment).
	Literal Rule = "literal"
	// Default is the value where the user sets none.
	Default Rule = "default"
	// Required has to be set by the user, or nothing starts (convox).
	Required Rule = "required"
	// Wanted should be set by the user; its absence is a warning (app.json).
	Wanted Rule = "wanted"
	// Passed reaches the process where the user sets it. With the name `*` it is
	// everything that the user sets for the project (convox).
	Passed Rule = "passed"
	// Secret is a random value where the user sets none.
	Secret Rule = "secret"
)

// Port is a port that a process listens on. The first one of a process is what
// PORT says.
type Port struct {
	// Container is the number the process listens on.
	Container int
	// Host is the number that the file publishes it at; 0 when it does not say.
	Host int
	// Address is where it is published; empty when the file does not say.
	Address string
	// Protocol is tcp or udp, Scheme what is spoken over it (http, https, grpc),
	// empty when the file does not say.
	Protocol, Scheme string
	Source
}

// Image is what a process runs in, in a container.
type Image struct {
	// Ref is a ready image; empty when one is built.
	Ref   string
	Build *Build
	// Entrypoint replaces the image's own, if not nil.
	Entrypoint []string
	// WorkDir is the folder in the container in which the process starts; empty
	// is the image's own.
	WorkDir string
	Volumes []Volume
}

// Build is how a platform makes an image out of the project.
type Build struct {
	// Context and Dockerfile are relative to the manifest's folder; a Dockerfile
	// that is empty is generated, or the builder's default.
	Context, Dockerfile string
	Target              string
	Args                []Variable
	// Base is the image in which Commands run, in order, and Runtime the one in
	// which the process does: for platforms that build from a language.
	Base, Runtime string
	Commands      []Step
	Artifacts     []Artifact
	// Skip says that the platform builds nothing.
	Skip bool
	Source
}

// Step is one command of a build.
type Step struct {
	Command string
	// Creates and From are paths relative to the manifest's folder: the step
	// makes Creates (a venv, node_modules, a jar), and is to be repeated when
	// From is newer. Either may be empty.
	Creates, From string
}

// Artifact is a pattern of files that a build hands on, and the folder below
// the application's to which they go.
type Artifact struct{ Pattern, Dest string }

// Volume is a folder of a container that outlives it.
type Volume struct {
	// Name or HostPath says what is mounted at Path; both empty is a volume
	// without a name.
	Name, HostPath, Path string
	ReadOnly             bool
}

// Order is what a process waits for, and how one knows that it is ready.
type Order struct {
	After []Dependency
	Ready *Ready
}

// Dependency is a process that has to be at some point before another starts.
type Dependency struct {
	Type  string
	Until Condition
	// Optional: a dependency that does not run is passed over.
	Optional bool
	Source
}

// Condition is the point at which a dependency has to be.
type Condition string

// The conditions.
const (
	UntilStarted   Condition = "started"
	UntilReady     Condition = "ready"
	UntilCompleted Condition = "completed"
)

// Ready is how one knows that a process can be used. Of Listen, Path, Command
// and Output one is set.
type Ready struct {
	// Listen: something accepts connections on Port.
	Listen bool
	// Path is asked for over HTTP on Port; a status below 400 is ready.
	Path string
	// Command ends with status 0 (run by a shell).
	Command string
	// Output is a regular expression that a line of the output matches.
	Output string
	// Port is the process's own when 0.
	Port int
	// Interval is the time between two tries, Timeout that of one try, Grace the
	// time in which failures do not count, and Retries how many failures in a
	// row mean that it never will be. 0 leaves it to devrun.
	Interval, Timeout, Grace time.Duration
	Retries                  int
	Source
}

// Stop is how a process is stopped, and what happens when it stops by itself.
type Stop struct {
	// Signal is the polite one, as in "SIGINT"; empty is SIGTERM.
	Signal string
	// Grace is the time it has; 0 when the file does not say.
	Grace time.Duration
	// Restart is the platform's word for what follows an end: "no", "always",
	// "on-failure", "unless-stopped"; empty when the file does not say.
	Restart string
}

// Resource is something the project needs beside its processes: a database, a
// cache, an add-on.
type Resource struct {
	Name string
	// Type is the kind in the file's own words: "postgres", "heroku-redis:mini".
	Type    string
	Version string
	Image   string
	Source
}
