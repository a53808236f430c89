package logs

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// benchLine is 100 bytes with its end.
var benchLine = map[string]string{
	"plain":    strings.Repeat("0123456789", 9) + "012345678\n",
	"colour":   "\x1b[32mINFO\x1b[39m " + strings.Repeat("0123456789", 8) + "01234\x1b[0m\n",
	"cyrillic": strings.Repeat("журнал пи", 5) + "журнал end\n",
}

// BenchmarkMux copies lines of 100 bytes from N pipes. "ceiling" is the same with
// nothing but a read and a write, to be compared within one run.
func BenchmarkMux(b *testing.B) {
	for _, to := range []string{"null", "file", "pipe"} {
		for _, n := range []int{1, 4, 16} {
			b.Run(fmt.Sprintf("ceiling/%s/%d", to, n), func(b *testing.B) {
				out := benchOut(b, to)
				var mu sync.Mutex
				pump(b, n, "plain", func(_ int, r *os.File) {
					buf := make([]byte, readBuffer)
					for {
						k, err := r.Read(buf)
						mu.Lock()
						_, _ = out.Write(buf[:k])
						mu.Unlock()
						if err != nil {
							return
						}
					}
				})
			})
			b.Run(fmt.Sprintf("mux/%s/%d", to, n), func(b *testing.B) {
				benchMux(b, Options{Out: benchOut(b, to), Err: io.Discard, Color: true}, n, "plain")
			})
		}
	}
	for _, kind := range []string{"colour", "cyrillic"} {
		b.Run(kind, func(b *testing.B) {
			benchMux(b, Options{Out: benchOut(b, "null"), Err: io.Discard, Color: true}, 1, kind)
		})
	}
	b.Run("terminal", func(b *testing.B) {
		benchMux(b, Options{Out: benchOut(b, "null"), Err: io.Discard, Color: true, Terminal: true}, 1, "colour")
	})
	b.Run("json", func(b *testing.B) {
		benchMux(b, Options{Out: benchOut(b, "null"), Err: io.Discard, JSON: true}, 1, "plain")
	})
}

func benchMux(b *testing.B, o Options, n int, kind string) {
	b.Helper()
	m := New(o)
	pump(b, n, kind, func(i int, r *os.File) {
		id := fmt.Sprintf("web.%d", i+1)
		if _, err := m.Stream(id, id).ReadFrom(r); err != nil {
			b.Error(err)
		}
	})
	m.Flush()
}

// pump writes b.N lines in blocks of 64 KB into n pipes that copy reads, and
// reports lines a second.
func pump(b *testing.B, n int, kind string, copyAll func(i int, r *os.File)) {
	b.Helper()
	block := []byte(strings.Repeat(benchLine[kind], 65536/len(benchLine[kind])))
	lines := bytes.Count(block, []byte{'\n'})
	var all sync.WaitGroup
	b.ResetTimer()
	for i := range n {
		r, w, err := os.Pipe()
		if err != nil {
			b.Fatal(err)
		}
		growPipe(w)
		all.Go(func() {
			defer w.Close()
			for range b.N/n/lines + 1 {
				if _, err := w.Write(block); err != nil {
					b.Error(err)
					return
				}
			}
		})
		all.Go(func() {
			defer r.Close()
			copyAll(i, r)
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mlines/s")
	b.ReportMetric(0, "ns/op")
}

// benchOut opens where the output goes.
func benchOut(b *testing.B, to string) *os.File {
	b.Helper()
	switch to {
	case "pipe":
		r, w, err := os.Pipe()
		if err != nil {
			b.Fatal(err)
		}
		growPipe(w)
		var drained sync.WaitGroup
		drained.Go(func() {
			buf := make([]byte, readBuffer)
			for {
				if _, err := r.Read(buf); err != nil {
					return
				}
			}
		})
		b.Cleanup(func() {
			w.Close()
			drained.Wait()
			r.Close()
		})
		return w
	case "file":
		f, err := os.Create(filepath.Join(b.TempDir(), "out"))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { f.Close() })
		return f
	}
	f, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	return f
}
