//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/devrun/devrun/bench/lines"
)

// flood is one kind of throughput run.
type flood struct {
	processes int
	sink      string // null, file or pipe
	mode      string // bulk or line
	limit     int    // of lines in all
}

func (f flood) String() string {
	text := fmt.Sprintf("%d to %s", f.processes, f.sink)
	if f.mode == "line" {
		text += ", a write a line"
	}
	return text
}

func floods() []flood {
	const most = 40_000_000
	return []flood{
		{1, "null", "bulk", most},
		{4, "null", "bulk", most},
		{16, "null", "bulk", most},
		{4, "file", "bulk", 3_000_000}, // 350 MB with labels, all of it checked
		{4, "pipe", "bulk", most},
		{4, "null", "line", most},
	}
}

// flow is what one flood has shown.
type flow struct {
	lines  int
	took   time.Duration
	cpu    time.Duration
	peakMB float64
	lost   int // lines of which nothing came, as far as the sink can tell
	torn   int // lines that came in pieces or out of order
}

func (f flow) rate() float64 { return float64(f.lines) / f.took.Seconds() / 1e6 }

func (f flow) cpuPerMillion() float64 { return f.cpu.Seconds() / float64(f.lines) * 1e6 }

// measure runs f on t with about as many lines as t can show in the time aimed
// at, which differs between the runners by a factor of 300.
func (b bench) flow(ctx context.Context, t tool, f flood, aim time.Duration) (flow, error) {
	probe, err := b.flowOf(ctx, t, f, 100_000)
	if err != nil {
		return flow{}, err
	}
	count := int(probe.rate() * 1e6 * aim.Seconds())
	return b.flowOf(ctx, t, f, min(max(count, 100_000), f.limit))
}

func (b bench) flowOf(ctx context.Context, t tool, f flood, count int) (flow, error) {
	each := max(count/f.processes/lines.PerBlock, 1) * lines.PerBlock
	out, err := b.open(f.sink)
	if err != nil {
		return flow{}, err
	}
	s, err := b.start(t, f.processes, out.file, f.mode, strconv.Itoa(each))
	if err != nil {
		return flow{}, err
	}
	defer s.end()
	if err := s.await(ctx); err != nil {
		return flow{}, err
	}

	result := flow{lines: each * f.processes}
	before, begun := s.cpu(), time.Now()
	if err := s.flood(); err != nil {
		return flow{}, err
	}
	after, quiet := s.drained()
	result.took, result.cpu = quiet.Sub(begun), after-before
	result.peakMB = float64(process{pid: s.cmd.Process.Pid}.kilobytes("status", "VmHWM")) / 1024

	s.release()
	if err := s.wait(); err != nil {
		return flow{}, err
	}
	s.end()
	damage, err := out.close()
	if err != nil {
		return flow{}, err
	}
	if f.sink != "null" {
		result.lost = result.lines - damage.Whole - damage.Torn
		result.torn = damage.Torn + damage.OutOfOrder
	}
	return result, nil
}

// drained waits until the runner has dealt with what its processes have written,
// which shows in that it has stopped working, and says when that was.
func (s *session) drained() (used time.Duration, at time.Time) {
	const pause, quiet = 4 * time.Millisecond, 60 * time.Millisecond
	used, at = s.cpu(), time.Now()
	for time.Since(at) < quiet {
		time.Sleep(pause)
		if now := s.cpu(); now-used > pause/8 {
			used, at = now, time.Now()
		}
	}
	return used, at
}

// output is where a runner's stdout goes.
type output struct {
	file *os.File
	// close closes the file and says what has come out, as far as the sink can tell.
	close func() (lines.Damage, error)
}

func (b bench) open(sink string) (output, error) {
	switch sink {
	case "null":
		file, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
		return output{file, func() (lines.Damage, error) { return lines.Damage{}, file.Close() }}, err
	case "file":
		file, err := os.Create(filepath.Join(b.dir, "out"))
		return output{file, func() (lines.Damage, error) { return checkFile(file) }}, err
	default:
		return openPipe()
	}
}

func checkFile(file *os.File) (lines.Damage, error) {
	defer os.Remove(file.Name())
	defer file.Close()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return lines.Damage{}, err
	}
	return lines.Check(file)
}

// openPipe counts lines as they come, and does not look at what is in them: that
// would be slower than the fastest runners.
func openPipe() (output, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return output{}, err
	}
	type count struct {
		lines int
		err   error
	}
	done := make(chan count, 1)
	go func() {
		var c count
		buffer := make([]byte, 256<<10)
		for {
			n, err := r.Read(buffer)
			c.lines += bytes.Count(buffer[:n], []byte{lines.Marker})
			if err == io.EOF {
				done <- c
				return
			}
			if err != nil {
				done <- count{err: err}
				return
			}
		}
	}()
	return output{w, func() (lines.Damage, error) {
		if err := w.Close(); err != nil {
			return lines.Damage{}, err
		}
		c := <-done
		return lines.Damage{Whole: c.lines}, c.err
	}}, nil
}
