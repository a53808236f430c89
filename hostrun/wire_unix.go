//go:build linux || darwin

package hostrun

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
)

// What a frame between devrun and a guardian is about.
const (
	// Orders, from devrun.
	opSpec    byte = 's' // what to start; the first frame
	opTerm    byte = 't' // ask the tree to end, once
	opKill    byte = 'k' // end the tree
	opSignal  byte = 'g' // send the signal with this number to the group
	opRelease byte = 'r' // go, and let the tree live
	opWake    byte = 'w' // continue the leader if it is stopped

	// News, from the guardian.
	opStarted byte = 'p' // the pid of the leader; the first frame
	opFailed  byte = 'f' // the errno of the start; the first frame, and the last
	opExited  byte = 'x' // the raw wait status of the leader
	opStopped byte = 'z' // the leader of a one-off has been stopped
	opEmpty   byte = 'e' // nothing is left of the tree, or it was released
	opLeft    byte = 'l' // the tree could not be ended; what is left of it
)

// frame is one message: one byte of op, four of length, and the body.
type frame struct {
	op   byte
	body []byte
}

// maxFrame bounds what a reader allocates. The kernel takes arguments and
// environment of at most 6 MB (fs/exec.c, bprm_stack_limits), so that more
// than this could not be started anyway.
const maxFrame = 64 << 20

// send writes one frame in one write, so that concurrent frames do not mix.
func send(w io.Writer, op byte, body []byte) error {
	if len(body) > maxFrame {
		return errTooLarge
	}
	b := make([]byte, 0, 5+len(body))
	b = append(b, op)
	b = binary.BigEndian.AppendUint32(b, uint32(len(body)))
	_, err := w.Write(append(b, body...))
	return err
}

// errTooLarge is what send says of a body that no reader would take.
var errTooLarge = errors.New("the message is too large")

func receive(r io.Reader) (frame, error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > maxFrame {
		return frame{}, errTooLarge
	}
	body := make([]byte, n)
	_, err := io.ReadFull(r, body)
	return frame{head[0], body}, err
}

// number is a body that is one number.
func number(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }

func (f frame) number() int {
	if len(f.body) != 4 {
		return 0
	}
	return int(int32(binary.BigEndian.Uint32(f.body)))
}

// spec is what a guardian is to start. It travels through the socket: on the
// guardian's command line or in its environment, everyone could read it.
type spec struct {
	id   string
	path string
	argv []string
	dir  string
	env  []string
	// tty says that stream 0 is a pseudo-terminal and the guardian leads its
	// session.
	tty bool
	// shared says that the process has devrun's own streams and group, as a
	// one-off in the foreground has.
	shared bool
}

// marshal joins the fields with NUL, which no argument, variable or path of
// the kernel's can contain.
func (s spec) marshal() []byte {
	fields := []string{s.id, strconv.FormatBool(s.tty), strconv.FormatBool(s.shared), s.path, s.dir, strconv.Itoa(len(s.argv))}
	fields = append(fields, s.argv...)
	fields = append(fields, s.env...)
	return []byte(strings.Join(fields, "\x00"))
}

func unmarshal(b []byte) (spec, error) {
	f := strings.Split(string(b), "\x00")
	if len(f) < 6 {
		return spec{}, errors.New("the order to start is cut short")
	}
	n, err := strconv.Atoi(f[5])
	if err != nil || n < 0 || len(f) < 6+n {
		return spec{}, errors.New("the order to start is garbled")
	}
	return spec{
		id: f[0], tty: f[1] == "true", shared: f[2] == "true",
		path: f[3], dir: f[4], argv: f[6 : 6+n], env: f[6+n:],
	}, nil
}

// nul names the part of s that contains a NUL byte, or is empty.
func (s spec) nul() string {
	has := func(v string) bool { return strings.ContainsRune(v, 0) }
	for _, kv := range s.env {
		if has(kv) {
			name, _, _ := strings.Cut(kv, "=")
			return "the variable " + strconv.Quote(name)
		}
	}
	if slices.ContainsFunc(s.argv, has) {
		return "the command"
	}
	if has(s.dir) || has(s.path) || has(s.id) {
		return "the folder"
	}
	return ""
}

// marshalLeft and unmarshalLeft carry what could not be ended.
func marshalLeft(left []Left) []byte {
	var b []byte
	for _, l := range left {
		b = append(b, strconv.Itoa(l.Pid)+"\x00"+l.Command+"\x00"...)
	}
	return b
}

func unmarshalLeft(b []byte) []Left {
	f := strings.Split(string(b), "\x00")
	var left []Left
	for i := 0; i+1 < len(f); i += 2 {
		pid, err := strconv.Atoi(f[i])
		if err == nil {
			left = append(left, Left{pid, f[i+1]})
		}
	}
	return left
}
