package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/devrun/devrun/hostrun"
	"github.com/devrun/devrun/logs"
	"github.com/devrun/devrun/manifest"
	"github.com/devrun/devrun/plan"
	"github.com/devrun/devrun/supervisor"
)

// drainTime is how long a second Ctrl-C leaves for output that was written
// before the kill, while the reader of devrun's stdout takes it.
const drainTime = 500 * time.Millisecond

// startsAtOnce is how many processes are started at the same time: enough to
// keep the processors of a laptop busy with loading guardians.
const startsAtOnce = 4

func (a *app) startCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "start [TYPE[=N]...]",
		Aliases: []string{"local", "local:start", "s"},
		Short:   "Run the project",
		Long: `Runs every process of the project but release, each with its own PORT, and
joins their output into one stream. Types given as arguments run alone; TYPE=N
runs N of it. When one process ends, all are stopped and devrun ends with its
status (--on-exit says otherwise). Ctrl-C stops everything, a second one kills.`,
		ValidArgsFunction: a.completeTypes(o),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.start(cmd, o, args)
		},
	}
	o.addChoiceFlags(cmd.Flags())
	o.addStreamFlags(cmd.Flags())
	return cmd
}

func (a *app) start(cmd *cobra.Command, o *options, args []string) error {
	if err := a.enter(cmd, o); err != nil {
		return err
	}
	p, err := a.load(o, true)
	if err != nil {
		return err
	}
	in, err := p.input(a, o, args)
	if err != nil {
		return err
	}
	left := clearLeft(stateDir())
	in.Probe = left.probe(cmd.Context())
	pl, err := plan.Make(in)
	if err != nil {
		return err
	}
	if err := refuseContainers(pl); err != nil {
		return err
	}
	mux := logs.New(a.logOptions(o, pl))
	for _, w := range append(p.warnings, pl.Warnings...) {
		mux.Notice("devrun: " + w.String())
	}
	for _, w := range unordered(pl) {
		mux.Notice("devrun: " + w.String())
	}
	mux.Notice("devrun: " + p.headline(pl))
	return a.supervise(o, pl, mux, left)
}

// refuseContainers: this version of devrun starts no containers.
func refuseContainers(pl plan.Plan) error {
	for _, p := range pl.Processes {
		if p.Runner == plan.Docker {
			return fmt.Errorf("%s: %s runs in a container, and this version of devrun starts none; devrun start --native runs the commands on this machine",
				p.Source, p.Type)
		}
	}
	return nil
}

// unordered says where the order that a file asks for is not kept: this version
// starts everything at once.
func unordered(pl plan.Plan) []plan.Warning {
	var warnings []plan.Warning
	for _, p := range pl.Processes {
		for _, d := range p.After {
			if p.Instance == 1 {
				warnings = append(warnings, plan.Warning{
					File: p.Source.File, Line: p.Source.Line,
					Message: fmt.Sprintf("%s does not wait for %s: this version of devrun starts everything at once", p.Type, d.Type),
				})
			}
		}
	}
	return warnings
}

// headline says on one line which file runs, what of it, and what was passed
// over.
func (p *project) headline(pl plan.Plan) string {
	const most = 8
	var b strings.Builder
	fmt.Fprintf(&b, "%s:", p.app.File)
	for i, proc := range pl.Processes {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(pl.Processes)-most)
			break
		}
		sep := ""
		if i > 0 {
			sep = ","
		}
		fmt.Fprintf(&b, "%s %s", sep, proc.ID)
		if proc.Port != 0 {
			fmt.Fprintf(&b, " on %d", proc.Port)
		}
	}
	if pl.Release != nil {
		b.WriteString("; release first")
	}
	if len(pl.Omitted) > 0 && len(pl.Omitted) <= most {
		fmt.Fprintf(&b, "; not %s", strings.Join(pl.Omitted, ", "))
	}
	if len(p.passed) > 0 {
		fmt.Fprintf(&b, "; passed over: %s", strings.Join(p.passed, ", "))
	}
	for _, other := range p.passed {
		if theirs, ours := webOf(other), webIn(p.app); theirs != "" && ours != "" && theirs != ours {
			fmt.Fprintf(&b, " (its web: %s)", theirs)
		}
	}
	return b.String()
}

func webOf(path string) string {
	app, err := manifest.Read(path, nil)
	if err != nil {
		return ""
	}
	return webIn(app)
}

func webIn(app manifest.App) string {
	for _, p := range app.Processes {
		if p.Type == "web" {
			return p.Command
		}
	}
	return ""
}

// supervise carries the plan out, and returns once nothing of it is left.
func (a *app) supervise(o *options, pl plan.Plan, mux *logs.Mux, left *leftovers) error {
	host, err := a.newHost(mux)
	if err != nil {
		return err
	}
	defer host.Close()

	ctx, ask := context.WithCancel(context.Background())
	defer ask()
	patience, force := context.WithCancel(context.Background())
	defer force()
	r := newRunning(a, o, pl, mux, host)
	signals := r.watchSignals(ask, force)
	defer signals.stop()

	var told sync.WaitGroup
	told.Go(func() { left.tell(mux) })
	result := supervisor.New(supervisor.Config{
		Plan: pl, Start: r.start, AtOnce: startsAtOnce, Events: r.report,
	}).Run(ctx, patience)
	told.Wait()
	mux.Flush()
	return r.outcome(result, signals.first())
}

func quietTypes(o *options) map[string]bool {
	quiet := make(map[string]bool)
	for t := range strings.SplitSeq(o.stream.quiet, ",") {
		quiet[strings.TrimSpace(t)] = true
	}
	return quiet
}

// newHost records this run for the next one. A home folder that cannot be
// written to costs only that.
func (a *app) newHost(mux *logs.Mux) (*hostrun.Host, error) {
	dir := stateDir()
	host, err := hostrun.New(hostrun.Options{StateDir: dir, Size: a.size})
	if err != nil && dir != "" {
		mux.Notice(fmt.Sprintf("devrun: %v; what a kill -9 leaves cannot be found later", err))
		host, err = hostrun.New(hostrun.Options{Size: a.size})
	}
	return host, err
}

// running is a started plan as the supervisor and the user see it.
type running struct {
	app     *app
	mux     *logs.Mux
	host    *hostrun.Host
	quiet   map[string]bool
	sources map[string]plan.Source // by process
	single  bool
	// stopping: the end that stops the others has been told.
	stopping bool
	// crashed are the processes whose last words are still to be shown again.
	crashed map[string]bool
	// forced: the user's patience is over.
	forced atomic.Bool

	mu    sync.Mutex
	procs map[string]*hostrun.Process // those that were started last
}

func newRunning(a *app, o *options, pl plan.Plan, mux *logs.Mux, host *hostrun.Host) *running {
	r := &running{
		app: a, mux: mux, host: host, quiet: quietTypes(o),
		sources: make(map[string]plan.Source, len(pl.Processes)+1),
		single:  len(pl.Processes) == 1,
		crashed: make(map[string]bool),
		procs:   make(map[string]*hostrun.Process, len(pl.Processes)),
	}
	note := func(p plan.Process) {
		r.sources[p.ID] = p.Source
		// In the order of the plan, whichever starts first: so a type has the
		// same colour every time.
		mux.Stream(p.ID, p.Type)
	}
	for _, p := range pl.Processes {
		note(p)
	}
	if pl.Release != nil {
		note(*pl.Release)
	}
	return r
}

// start is what the supervisor calls for each process.
func (r *running) start(p plan.Process) (supervisor.Running, error) {
	var out io.ReaderFrom = r.mux.Stream(p.ID, p.Type)
	if r.quiet[p.Type] {
		out = discard{}
	}
	proc, err := r.host.Start(p, out)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.procs[p.ID] = proc
	return proc, nil
}

// resize gives every process's terminal the size of devrun's.
func (r *running) resize() {
	rows, cols := r.app.size()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.procs {
		_ = p.Resize(rows, cols) // one that has just ended has no terminal
	}
}

// leftOf lists what of a process could not be stopped.
func (r *running) leftOf(id string) []hostrun.Left {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.procs[id]; p != nil {
		return p.Unkillable()
	}
	return nil
}

// discard reads an output that nobody wants to see, so that its process does
// not get stuck.
type discard struct{}

func (discard) ReadFrom(r io.Reader) (int64, error) { return io.Copy(io.Discard, r) }

func (a *app) logOptions(o *options, pl plan.Plan) logs.Options {
	terminal := isTerminal(a.out)
	width := 6
	for _, p := range pl.Processes {
		width = max(width, len(p.ID))
	}
	if pl.Release != nil {
		width = max(width, len(pl.Release.ID))
	}
	s := &o.stream
	return logs.Options{
		Out: a.out, Err: a.err,
		Color:       a.useColor(string(s.color), terminal),
		JSON:        s.logFormat == "json",
		NoTimestamp: s.noTimestamp || !s.timestamp,
		NoPrefix:    s.noPrefix,
		Width:       width,
		Terminal:    terminal,
		Shared:      sameFile(a.out, a.err),
	}
}

// useColor follows the flag, then https://no-color.org and
// https://force-color.org, then whether somebody looks.
func (a *app) useColor(flag string, terminal bool) bool {
	get := shellLookup(a.environ)
	set := func(name string) bool { v, _ := get(name); return v != "" && v != "0" }
	noColor, _ := get("NO_COLOR")
	dumb, _ := get("TERM")
	switch {
	case flag == "always":
		return true
	case flag == "never", noColor != "":
		return false
	case set("FORCE_COLOR"), set("CLICOLOR_FORCE"):
		return true
	}
	return terminal && dumb != "dumb"
}

// tty decides whether processes get a pseudo-terminal: where somebody looks.
func (a *app) tty(o *options) bool {
	switch {
	case o.choice.noPty:
		return false
	case o.choice.pty:
		return true
	}
	return isTerminal(a.out)
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// size is that of devrun's own terminal, for the processes'.
func (a *app) size() (rows, cols uint16) {
	for _, f := range []*os.File{a.out, a.err, a.in} {
		if w, h, err := term.GetSize(int(f.Fd())); err == nil && w > 0 && h > 0 {
			return uint16(h), uint16(w) //nolint:gosec // a terminal's size fits
		}
	}
	return 24, 80
}

func sameFile(a, b *os.File) bool {
	ai, err := a.Stat()
	if err != nil {
		return false
	}
	bi, err := b.Stat()
	return err == nil && os.SameFile(ai, bi)
}

// stateDir is where runs leave a record, so that the next start can clear away
// what a run left whose devrun and guardians were all killed.
func stateDir() string {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "devrun")
	}
	home, err := os.UserHomeDir()
	if err != nil || home == "" {
		return ""
	}
	return filepath.Join(home, ".local", "state", "devrun")
}

// outcome turns the end of the run into devrun's exit status.
func (r *running) outcome(result supervisor.Result, sig os.Signal) error {
	if n := r.mux.Dropped(); n > 0 && r.mux.Err() == nil {
		r.app.say("dropped %d lines that nobody read", n)
	}
	if err := r.mux.Err(); err != nil {
		if isClosedPipe(err) {
			return nil // `| head` has seen enough
		}
		return fmt.Errorf("cannot write the log: %v; everything was stopped", reason(err))
	}
	if sig != nil && result.Interrupted {
		return &statusError{code: 128 + signalNumber(sig)}
	}
	if result.Code != 0 {
		return &statusError{code: result.Code}
	}
	if result.Err != nil && !errors.Is(result.Err, context.Canceled) {
		return result.Err
	}
	return nil
}
