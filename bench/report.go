//go:build linux

package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// report measures and prints.
type report struct {
	out    io.Writer
	bench  bench
	tools  []tool
	rounds int
	aim    time.Duration
	idle   time.Duration
}

func (r report) write(ctx context.Context, parts string) error {
	r.versions(ctx)
	all := []struct {
		name  string
		write func(context.Context)
	}{
		{"throughput", r.throughput},
		{"start", r.start},
		{"run", r.once},
		{"stop", r.stop},
		{"idle", r.rest},
	}
	for _, part := range all {
		if contains(parts, part.name) {
			part.write(ctx)
		}
	}
	return ctx.Err()
}

func (r report) versions(ctx context.Context) {
	fmt.Fprintf(r.out, "%d processors, %s/%s, median of %d.\n\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, r.rounds)
	for _, t := range r.tools {
		if t.version == nil {
			continue
		}
		text, _ := exec.CommandContext(ctx, t.path, t.version...).CombinedOutput()
		first, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
		fmt.Fprintf(r.out, "- %s: %s\n", t.name, first)
	}
}

// results are what the rounds have shown of each tool, or why one has failed.
type results[T any] struct {
	of     map[string][]T
	failed map[string]error
}

// collect measures every tool once, then again, until each has had its rounds:
// what else the machine does in the meantime then meets all of them. A tool that
// fails is not tried again.
func collect[T any](ctx context.Context, r report, what string, measure func(tool) (T, error)) results[T] {
	all := results[T]{of: map[string][]T{}, failed: map[string]error{}}
	for round := range r.rounds {
		for _, t := range r.tools {
			if ctx.Err() != nil {
				return all
			}
			if all.failed[t.name] != nil {
				continue
			}
			fmt.Fprintf(os.Stderr, "%s, round %d: %s\n", what, round+1, t.name)
			result, err := measure(t)
			if err != nil {
				fmt.Fprintf(os.Stderr, "%s: %v\n", t.name, err)
				all.failed[t.name] = err
				continue
			}
			all.of[t.name] = append(all.of[t.name], result)
		}
	}
	return all
}

// cell shows one tool's results through show, or that it failed.
func (r results[T]) cell(t tool, show func([]T) string) string {
	if r.failed[t.name] != nil {
		return "failed"
	}
	if len(r.of[t.name]) == 0 {
		return ""
	}
	return show(r.of[t.name])
}

// notes says below a table why tools failed in it.
func (r results[T]) notes(out io.Writer, tools []tool, what string) {
	for _, t := range tools {
		if err := r.failed[t.name]; err != nil {
			fmt.Fprintf(out, "\n%s, %s: %v\n", t.name, what, err)
		}
	}
}

func median[T any, N cmp.Ordered](samples []T, of func(T) N) N {
	numbers := make([]N, len(samples))
	for i, sample := range samples {
		numbers[i] = of(sample)
	}
	slices.Sort(numbers)
	return numbers[len(numbers)/2]
}

func (r report) table(title string, columns []string, row func(tool) []string) {
	fmt.Fprintf(r.out, "\n### %s\n\n| tool | %s |\n|---|%s\n", title,
		strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	for _, t := range r.tools {
		fmt.Fprintf(r.out, "| %s | %s |\n", t.name, strings.Join(row(t), " | "))
	}
}

func (r report) throughput(ctx context.Context) {
	var columns []string
	var all []results[flow]
	for _, f := range floods() {
		columns = append(columns, f.String())
		all = append(all, collect(ctx, r, f.String(), func(t tool) (flow, error) {
			return r.bench.flow(ctx, t, f, r.aim)
		}))
	}
	r.table("Million lines of 100 bytes a second (CPU seconds of the runner for a million)", columns, func(t tool) []string {
		var cells []string
		for _, result := range all {
			cells = append(cells, result.cell(t, func(s []flow) string {
				return fmt.Sprintf("%.2f (%.2f)", median(s, flow.rate), median(s, flow.cpuPerMillion))
			}))
		}
		return cells
	})
	r.table("The same: peak memory in MB, and what of it was lost, torn or out of order", columns, func(t tool) []string {
		var cells []string
		for _, result := range all {
			cells = append(cells, result.cell(t, showDamage))
		}
		return cells
	})
	for i, result := range all {
		result.notes(r.out, r.tools, columns[i])
	}
}

func showDamage(s []flow) string {
	var peak float64
	var lost, torn, of int
	for _, f := range s {
		peak = max(peak, f.peakMB)
		lost, torn, of = lost+f.lost, torn+f.torn, of+f.lines
	}
	text := fmt.Sprintf("%.0f", peak)
	if lost > 0 {
		text += fmt.Sprintf(", **%d lost** of %d", lost, of)
	}
	if torn > 0 {
		text += fmt.Sprintf(", **%d torn** of %d", torn, of)
	}
	return text
}

func (r report) start(ctx context.Context) {
	one := collect(ctx, r, "start 1", func(t tool) (launch, error) { return r.bench.launch(ctx, t, 1) })
	fifty := collect(ctx, r, "start 50", func(t tool) (launch, error) { return r.bench.launch(ctx, t, 50) })
	first := func(l launch) time.Duration { return l.first }
	last := func(l launch) time.Duration { return l.last }
	r.table("From the runner's start to its processes' start, ms", []string{"1 process", "50: the first", "50: the last"}, func(t tool) []string {
		return []string{
			one.cell(t, func(s []launch) string { return ms(median(s, first)) }),
			fifty.cell(t, func(s []launch) string { return ms(median(s, first)) }),
			fifty.cell(t, func(s []launch) string { return ms(median(s, last)) }),
		}
	})
	one.notes(r.out, r.tools, "1 process")
	fifty.notes(r.out, r.tools, "50 processes")
}

func (r report) once(ctx context.Context) {
	sh, err := shell()
	if err != nil {
		fmt.Fprintln(r.out, err)
		return
	}
	r.tools = append([]tool{sh}, r.tools...)
	r.tools = slices.DeleteFunc(r.tools, func(t tool) bool { return t.run == nil })
	r.rounds *= 4
	run := collect(ctx, r, "run true", func(t tool) (time.Duration, error) { return r.bench.once(t, t.run) })
	r.table("`run true`, ms", []string{"from start to end"}, func(t tool) []string {
		return []string{run.cell(t, func(s []time.Duration) string {
			return ms(median(s, func(d time.Duration) time.Duration { return d }))
		})}
	})
	run.notes(r.out, r.tools, "run true")
}

func (r report) stop(ctx context.Context) {
	const processes = 10
	// A pass-through has no idea of stopping.
	r.tools = slices.DeleteFunc(slices.Clone(r.tools), func(t tool) bool { return t.version == nil })
	interrupt := collect(ctx, r, "stop by SIGINT", func(t tool) (stop, error) {
		return r.bench.stop(ctx, t, processes, syscall.SIGINT)
	})
	terminate := collect(ctx, r, "stop by SIGTERM", func(t tool) (stop, error) {
		return r.bench.stop(ctx, t, processes, syscall.SIGTERM)
	})
	show := func(s []stop) string {
		text := fmt.Sprintf("%s, code %d", ms(median(s, func(s stop) time.Duration { return s.took })), s[0].code)
		if left := slices.MaxFunc(s, func(a, b stop) int { return a.left - b.left }).left; left > 0 {
			text += fmt.Sprintf(", **%d left**", left)
		}
		return text
	}
	r.table("From the signal to the runner's end with 10 processes that end at once, ms", []string{"SIGINT", "SIGTERM"}, func(t tool) []string {
		return []string{interrupt.cell(t, show), terminate.cell(t, show)}
	})
	interrupt.notes(r.out, r.tools, "SIGINT")
	terminate.notes(r.out, r.tools, "SIGTERM")
}

func (r report) rest(ctx context.Context) {
	const processes = 10
	idle := collect(ctx, r, "idle", func(t tool) (rest, error) { return r.bench.rest(ctx, t, processes, r.idle) })
	columns := []string{"CPU, ms a second", "memory (PSS), MB", "processes of its own"}
	r.table("With 10 processes that do nothing", columns, func(t tool) []string {
		return []string{
			idle.cell(t, func(s []rest) string { return ms(median(s, func(r rest) time.Duration { return r.cpu })) }),
			idle.cell(t, func(s []rest) string {
				return fmt.Sprintf("%.1f", median(s, func(r rest) float64 { return r.pssMB }))
			}),
			idle.cell(t, func(s []rest) string { return fmt.Sprint(median(s, func(r rest) int { return r.processes })) }),
		}
	})
	idle.notes(r.out, r.tools, "idle")
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d)/1e6) }
