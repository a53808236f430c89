// Package plan decides what will run: from what a manifest says, the resolved
// environment and the user's choices it makes one fully resolved process per
// instance. Decisions end here: the supervisor and the runners carry a plan
// out and know nothing of the files it came from.
package plan

import "time"

// Plan is what one `devrun start` will run. It is a finished value: nothing in
// it is decided later.
type Plan struct {
	// Root is the absolute path of the project's folder.
	Root string
	// Manifest is the file the processes come from, relative to Root where it
	// lies inside it.
	Manifest string
	// Processes are in the order of the manifest, the instances of a type in
	// ascending order. Release is not among them.
	Processes []Process
	// Release is what runs once and alone before Processes; nil when nothing
	// does.
	Release *Process
	// Omitted are the types of the manifest that this run does not start.
	Omitted []string
	// Warnings are for the user, in the order in which they were found.
	Warnings []Warning
}

// Process is one instance of a process type.
type Process struct {
	// ID is the type and the instance, as in "web.1".
	ID       string
	Type     string
	Instance int
	// Command is what the platform's shell gets, untouched.
	Command string
	// Dir is the absolute path of the folder in which Command runs.
	Dir string
	// Env holds, sorted by name, the variables that the project names or that
	// devrun sets. They go over Inherited.
	Env []Var
	// Inherited is the environment devrun itself was started with, as
	// "NAME=value". All processes share the slice; nobody writes to it.
	Inherited []string
	// Port is the number PORT has on this machine; 0 when the process gets none.
	Port  int
	Ports []Port
	// Runner says where the process runs; Image is empty for Host.
	Runner Runner
	Image  string
	// TTY says that the process gets a pseudo-terminal in place of a pipe.
	TTY bool
	// Grace is the time between the polite signal and the kill. It belongs to
	// the process and all its descendants.
	Grace time.Duration
	// OnExit says what happens when the process ends without being asked to.
	OnExit OnExit
	// After are the processes that have to have come to some point before this
	// one starts. None of them waits, in turn, for this one.
	After []Dependency
	// Ready is how one knows that the process can be used; nil: it can as soon as
	// it runs.
	Ready *Ready
	// Source is where the manifest declares the process.
	Source Source
}

// Dependency is a process type of the same plan, all of whose instances have to
// have come to a point.
type Dependency struct {
	Type  string
	Until Until
}

// Until is the point to which a dependency has to come.
type Until string

// The points.
const (
	// UntilStarted: it runs.
	UntilStarted Until = "started"
	// UntilReady: its Ready says so.
	UntilReady Until = "ready"
	// UntilCompleted: it has ended with status 0.
	UntilCompleted Until = "completed"
)

// Ready is how one knows that a process can be used. Of Listen, Path, Command
// and Output one is set.
type Ready struct {
	// Listen: something accepts connections on Port.
	Listen bool
	// Path is asked for over HTTP on Port; a status below 400 is ready.
	Path string
	// Command ends with status 0, run in the process's folder and environment.
	Command string
	// Output is a regular expression that a line of the process's output matches.
	Output string
	Port   int
	// Interval is the time between two tries, Timeout that of one try. Failures
	// within Grace of the start do not count; after Retries of them in a row the
	// process will not become ready.
	Interval, Timeout, Grace time.Duration
	Retries                  int
}

// Var is one variable of a process's environment.
type Var struct {
	Name  string
	Value string
}

// Port is one port that a process has.
type Port struct {
	Host      int    `json:"host"`
	Container int    `json:"container"`
	Protocol  string `json:"protocol"`
}

// Source is a place in a file; Line counts from 1, and is 0 when the file as a
// whole is meant.
type Source struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

// Warning is something the user should know that does not stop the start.
type Warning struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Message string `json:"message"`
}

// Runner is where a process runs.
type Runner string

// The runners.
const (
	Host   Runner = "host"
	Docker Runner = "docker"
)

// OnExit is what happens when a process ends without being asked to.
type OnExit string

// What can happen.
const (
	// OnExitStop ends the whole run, with the code of the process.
	OnExitStop OnExit = "stop"
	// OnExitWait leaves the process down; the run goes on.
	OnExitWait OnExit = "wait"
	// OnExitIgnore lets the others go on; the run ends with the last one.
	OnExitIgnore OnExit = "ignore"
	// OnExitRestart starts it again after an exponential back-off.
	OnExitRestart OnExit = "restart"
	// OnExitRetry does so after a failure, and is OnExitIgnore after a success.
	OnExitRetry OnExit = "on-failure"
)
