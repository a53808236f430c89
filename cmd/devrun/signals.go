package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"time"
)

// signalWatch turns signals into the two stages of the stop: the first asks
// every process to end, the second kills them.
type signalWatch struct {
	got  chan os.Signal
	done chan struct{}
	wg   sync.WaitGroup

	mu  sync.Mutex
	sig os.Signal // the first
}

func (r *running) watchSignals(ask, force context.CancelFunc) *signalWatch {
	w := &signalWatch{got: make(chan os.Signal, 8), done: make(chan struct{})}
	catchClosedPipe()
	signal.Notify(w.got, stopSignals()...)
	resized := make(chan os.Signal, 1)
	if size := resizeSignals(); len(size) > 0 {
		signal.Notify(resized, size...)
	}
	w.wg.Go(func() {
		defer signal.Stop(w.got)
		defer signal.Stop(resized)
		failed := r.mux.Failed()
		var drained <-chan time.Time
		for stage := 1; ; {
			select {
			case <-w.done:
				return
			case <-resized:
				r.resize()
			case <-failed:
				failed = nil
				ask()
			case <-drained:
				r.mux.Abandon()
			case sig := <-w.got:
				w.keep(sig)
				drained = r.stage(stage, sig, ask, force)
				stage++
			}
		}
	})
	return w
}

// stage carries out what the nth signal means. It returns what says, later,
// that output which nobody has taken by then is to be dropped.
func (r *running) stage(n int, sig os.Signal, ask, force context.CancelFunc) <-chan time.Time {
	switch n {
	case 1:
		if sig == os.Interrupt {
			r.note("stopping; Ctrl-C again kills")
		}
		ask()
	case 2:
		r.forced.Store(true)
		force()
		return time.After(drainTime)
	default:
		r.mux.Abandon()
	}
	return nil
}

func (w *signalWatch) keep(sig os.Signal) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sig == nil {
		w.sig = sig
	}
}

// first is the signal that stopped the run, or nil.
func (w *signalWatch) first() os.Signal {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sig
}

// stop ends the watch: from now on a signal has its usual effect.
func (w *signalWatch) stop() {
	close(w.done)
	w.wg.Wait()
}
