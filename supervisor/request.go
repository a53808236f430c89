package supervisor

// request is what someone asks of a process.
type request struct {
	verb  verb
	cause Cause
}

type verb string

const (
	start   verb = "start"   // be up
	halt    verb = "stop"    // be down
	restart verb = "restart" // be started after now
)

// then gives the one request that stands for q followed by r.
func (q request) then(r request) request {
	if r.verb == halt {
		return r
	}
	if q.verb != start {
		// Nobody has stopped the process for q yet, so r has to.
		r.verb = restart
	}
	if q.cause == Change {
		r.cause = Change
	}
	return r
}

// ask leaves q for the goroutine of p, together with what waits there already.
// It does not block: the channel holds one request, so either there is room, or
// there is one to take out and merge.
func (p *process) ask(q request) {
	for {
		select {
		case p.requests <- q:
			return
		case earlier := <-p.requests:
			q = earlier.then(q)
		}
	}
}
