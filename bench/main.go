//go:build linux

// Command bench runs devrun and its neighbours on the same work, in turn, and
// prints what each needed for it as tables in Markdown. README.md beside it says
// what is measured and how.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "pass-through" {
		if err := passThrough(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "pass-through:", err)
			os.Exit(1)
		}
		return
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	devrun := flag.String("devrun", "", "the devrun to measure (default: built from this module)")
	only := flag.String("tools", "", "the tools to measure, separated by commas (default: all that are installed)")
	parts := flag.String("parts", "throughput,start,run,stop,idle", "what to measure")
	rounds := flag.Int("rounds", 5, "how often each is measured; the median is shown")
	aim := flag.Duration("flood", 1500*time.Millisecond, "how long one throughput run shall take")
	idle := flag.Duration("idle", 10*time.Second, "how long idle processes are watched")
	flag.Parse()

	if err := becomeSubreaper(); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := bench{dir: dir, gen: filepath.Join(dir, "gen")}
	if err := build(ctx, b.gen, "gen"); err != nil {
		return err
	}
	if *devrun == "" && (*only == "" || contains(*only, "devrun")) {
		*devrun = filepath.Join(dir, "devrun")
		if err := build(ctx, *devrun, "../cmd/devrun"); err != nil {
			return err
		}
	}
	r := report{
		out: os.Stdout, bench: b, rounds: *rounds,
		tools: find(known(*devrun, self), *only), aim: *aim, idle: *idle,
	}
	return r.write(ctx, *parts)
}

// build builds a package that is given as seen from this one's folder.
func build(ctx context.Context, to, from string) error {
	const module = "github.com/devrun/devrun/bench"
	cmd := exec.CommandContext(ctx, "go", "build", "-o", to, filepath.Join(module, from))
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("cannot build %s: %v", from, err)
	}
	return nil
}
