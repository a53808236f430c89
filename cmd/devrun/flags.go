package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/devrun/devrun/plan"
)

// options are the flags; commands that do not register one leave it zero.
type options struct {
	project projectFlags
	choice  choiceFlags
	stream  streamFlags
}

// projectFlags say which project and which environment is meant.
type projectFlags struct {
	root        string
	files       []string
	envFiles    []string
	envOverride bool
	docker      optional
	native      optional
}

// choiceFlags select what of the project runs.
type choiceFlags struct {
	formation string
	port      port
	noPort    bool
	grace     grace
	onExit    onExit
	release   bool
	pty       bool
	noPty     bool
}

// streamFlags say how the log looks.
type streamFlags struct {
	color       color
	logFormat   logFormat
	timestamp   bool
	noTimestamp bool
	noPrefix    bool
	quiet       string
}

// flagAliases maps other tools' names of a flag to devrun's.
func flagAliases() map[string]string {
	return map[string]string{
		"procfile":    "file",
		"concurrency": "formation",
		"app-root":    "root",
		"app_root":    "root",
		"colour":      "color",
		"no-colour":   "no-color",
		"env-file":    "env",
		"log_format":  "log-format",
	}
}

func (o *options) addProjectFlags(f *pflag.FlagSet) {
	p := &o.project
	f.StringVarP(&p.root, "root", "d", "", "project `folder` (default: the manifest's, or this one)")
	f.StringVarP(&p.root, "chdir", "C", "", "the same as --root")
	f.StringArrayVarP(&p.files, "file", "f", nil, "`manifest` to read in place of the project's own")
	f.StringArrayVarP(&p.envFiles, "env", "e", nil, "env `file` to read in place of .env; repeatable, or a,b")
	f.BoolVar(&p.envOverride, "env-override", false, "let .env win over your shell")
	f.Var(&p.docker, "docker", "run in containers (this version starts none)")
	f.Var(&p.native, "native", "run natively, not in containers")
	f.Lookup("docker").NoOptDefVal = plan.All
	f.Lookup("native").NoOptDefVal = plan.All
	f.VarP(&o.stream.color, "color", "", "auto, always or never")
	f.Lookup("color").NoOptDefVal = "always"
	f.BoolFunc("no-color", "the same as --color=never", func(string) error { return o.stream.color.Set("never") })
}

// addChoiceFlags adds what start shares with plan, check and env.
func (o *options) addChoiceFlags(f *pflag.FlagSet) {
	c := &o.choice
	f.StringVarP(&c.formation, "formation", "m", "", "how many of each `TYPE=N,...`; all=N is every other one")
	o.addPortFlags(f)
	f.VarP(&c.grace, "timeout", "t", "`time` a process has to stop in (default 10s; a bare number is seconds)")
	f.Var(&c.onExit, "on-exit", "when a process ends by itself: stop, wait, ignore or restart")
	f.BoolVar(&c.release, "release", false, "run the release process first")
	f.BoolVar(&c.pty, "pty", false, "give processes a terminal even when devrun has none")
	f.BoolVar(&c.noPty, "no-pty", false, "give processes a pipe even when devrun has a terminal")
}

// addPortFlags adds what a one-off command shares, too.
func (o *options) addPortFlags(f *pflag.FlagSet) {
	f.VarP(&o.choice.port, "port", "p", "base `port` (default: PORT, or 5000)")
	f.BoolVarP(&o.choice.noPort, "no-port", "N", false, "set no PORT")
}

func (o *options) addStreamFlags(f *pflag.FlagSet) {
	s := &o.stream
	f.Var(&s.logFormat, "log-format", "text or json")
	f.BoolVar(&s.timestamp, "timestamp", true, "show the time of each line")
	f.BoolVar(&s.noTimestamp, "no-timestamp", false, "show no time")
	f.BoolVar(&s.noPrefix, "no-prefix", false, "show bare lines, without time and process")
	f.StringVarP(&s.quiet, "quiet", "q", "", "`types` whose output is not shown")
}

// optional is a flag that may stand alone (all types) or name types.
type optional struct{ types []string }

func (v *optional) String() string { return strings.Join(v.types, ",") }
func (v *optional) Type() string   { return "types" }
func (v *optional) Set(s string) error {
	v.types = append(v.types, strings.Split(s, ",")...)
	return nil
}

// port is a TCP port number; 0 is unset.
type port int

func (v *port) String() string { return strconv.Itoa(int(*v)) }
func (v *port) Type() string   { return "port" }
func (v *port) Set(s string) error {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < 1 || n > 65535 {
		return fmt.Errorf("%q is not a port number (1024 to 65535)", s)
	}
	if n < 1024 {
		return fmt.Errorf("port %d needs root on most machines; choose one from 1024 to 65535", n)
	}
	*v = port(n)
	return nil
}

// grace is a duration in which a bare number means seconds, as in foreman.
type grace struct {
	set bool
	d   time.Duration
}

func (v *grace) String() string {
	if !v.set {
		return "" // or help would call it the default
	}
	return v.d.String()
}

func (v *grace) Type() string { return "time" }
func (v *grace) Set(s string) error {
	s = strings.TrimSpace(s)
	if seconds, err := strconv.ParseFloat(s, 64); err == nil && seconds >= 0 && seconds < 1e6 {
		v.set, v.d = true, time.Duration(seconds*float64(time.Second))
		return nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return fmt.Errorf("%q is not a time: write seconds, or as in 10s, 1m30s", s)
	}
	v.set, v.d = true, d
	return nil
}

type onExit plan.OnExit

func (v *onExit) String() string { return string(*v) }
func (v *onExit) Type() string   { return "mode" }
func (v *onExit) Set(s string) error {
	return choose((*string)(v), s, string(plan.OnExitStop), string(plan.OnExitWait), string(plan.OnExitIgnore), string(plan.OnExitRestart))
}

type logFormat string

func (v *logFormat) String() string     { return string(*v) }
func (v *logFormat) Type() string       { return "format" }
func (v *logFormat) Set(s string) error { return choose((*string)(v), s, "text", "json") }

type color string

func (v *color) String() string { return string(*v) }
func (v *color) Type() string   { return "when" }
func (v *color) Set(s string) error {
	switch s {
	case "true", "yes", "on":
		s = "always"
	case "false", "no", "off":
		s = "never"
	}
	return choose((*string)(v), s, "auto", "always", "never")
}

func choose(target *string, s string, values ...string) error {
	if !slices.Contains(values, s) {
		last := len(values) - 1
		return fmt.Errorf("%q is not %s or %s", s, strings.Join(values[:last], ", "), values[last])
	}
	*target = s
	return nil
}
