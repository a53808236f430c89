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
	// Source is where the manifest declares the process.
	Source Source
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
)
