package logs

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// The bytes that make a terminal do something else than print.
const (
	enq = 0x05 // makes it answer, as if the user had typed that
	bel = 0x07
	so  = 0x0e // switches the character set
	si  = 0x0f // switches it back
	can = 0x18 // cancels a sequence
	esc = 0x1b
	st  = 0x9c // ends a string sequence (C1)
)

// maxSequence is how long a control sequence may be. What goes on for longer has
// lost its end and is taken for text.
const maxSequence = 64 << 10

// filter lets text through, and of the control sequences those that act on their
// own line only: colours (SGR), erasing to the end of the line, hyperlinks. The
// others would let a process wipe the screen, write into other processes' lines,
// change the title or the clipboard, or have the terminal type something.
//
// Bytes that are not UTF-8 may be text in an old character set, where the 8-bit
// controls are letters; they go unless they form a complete sequence.
type filter struct {
	on       attrs // what the line has switched on
	invalid  bool  // the line has bytes that are not UTF-8
	returned bool  // nothing was printed since a carriage return
	bare     bool  // let no sequence through at all

	// What is repeated after a carriage return, if anything: with its colour, or,
	// when the process has set one, which must not be lost, in that.
	label, colorless []byte
}

// isPlain reports whether b is the same after any filter but a bare one. It may
// say no to what is. b must not end within a character.
func isPlain(b []byte) bool {
	for _, x := range [...]byte{esc, so, si, enq} {
		if bytes.IndexByte(b, x) >= 0 {
			return false
		}
	}
	if isASCII(b) {
		return true
	}
	return utf8.Valid(b) && !hasC1(b)
}

func isASCII(b []byte) bool {
	const high = 0x8080808080808080
	for len(b) >= 64 {
		w := b[:64]
		v := binary.LittleEndian.Uint64(w) | binary.LittleEndian.Uint64(w[8:]) |
			binary.LittleEndian.Uint64(w[16:]) | binary.LittleEndian.Uint64(w[24:]) |
			binary.LittleEndian.Uint64(w[32:]) | binary.LittleEndian.Uint64(w[40:]) |
			binary.LittleEndian.Uint64(w[48:]) | binary.LittleEndian.Uint64(w[56:])
		if v&high != 0 {
			return false
		}
		b = b[64:]
	}
	for _, x := range b {
		if x >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// hasC1 reports whether b, which is UTF-8, has one of U+0080 to U+009F.
func hasC1(b []byte) bool {
	for {
		i := bytes.IndexByte(b, 0xc2)
		if i < 0 || i+1 >= len(b) {
			return false
		}
		if isC1(b[i+1]) {
			return true
		}
		b = b[i+2:]
	}
}

func isC1(x byte) bool {
	return x >= 0x80 && x <= 0x9f
}

// append appends what is to be seen of b, and returns how much of b it has dealt
// with: the beginning of a sequence or of a character at the end of b is left,
// unless the line ends there.
func (f *filter) append(dst, b []byte, end bool) ([]byte, int) {
	i := 0
	for i < len(b) {
		n := 0
		for i+n < len(b) && isText(b[i+n]) {
			n++
		}
		if n > 0 {
			dst = f.print(dst, b[i:i+n])
			i += n
			continue
		}
		dst, n = f.special(dst, b[i:], end)
		if n == 0 {
			break
		}
		i += n
	}
	return dst, i
}

// isText reports whether x is printed whatever comes before or after it.
func isText(x byte) bool {
	const special = 1<<enq | 1<<so | 1<<si | 1<<esc | 1<<'\r'
	return x-' ' < utf8.RuneSelf-' ' || x < ' ' && special>>x&1 == 0
}

func (f *filter) print(dst, text []byte) []byte {
	if f.returned {
		f.returned = false
		if f.on == 0 {
			dst = append(dst, f.label...)
		} else {
			dst = append(dst, f.colorless...)
		}
	}
	return append(dst, text...)
}

// remove stands for what is not let through. Without it two bytes that are no
// sequence could become one.
func (f *filter) remove(dst []byte) []byte {
	if f.invalid {
		return append(dst, can)
	}
	return dst
}

// special deals with the first of b, which is not plain text, and returns how much
// it took.
func (f *filter) special(dst, b []byte, end bool) ([]byte, int) {
	switch b[0] {
	case esc:
		return f.escape(dst, b, end)
	case '\r':
		f.returned = f.label != nil
		return append(dst, '\r'), 1
	case enq, so, si:
		return f.remove(dst), 1
	}
	n := 0
	for n < len(b) {
		r, size := utf8.DecodeRune(b[n:])
		if size < 2 || r <= 0x9f {
			break
		}
		n += size
	}
	switch {
	case n > 0:
		return f.print(dst, b[:n]), n
	case !end && !utf8.FullRune(b):
		return dst, 0
	case b[0] == 0xc2 && len(b) > 1 && isC1(b[1]):
		return f.control(dst, b, b[1]-0x40, end)
	}
	f.invalid = true
	switch n, state := raw(b); {
	case state == complete:
		return f.remove(dst), n
	case state == incomplete && !end:
		return dst, 0
	}
	return f.print(dst, b[:1]), 1
}

// escape deals with b, which begins with an escape.
func (f *filter) escape(dst, b []byte, end bool) ([]byte, int) {
	i := 1
	for i < min(len(b), maxSequence) && b[i] >= ' ' && b[i] <= '/' {
		i++
	}
	switch {
	case i == maxSequence:
		return f.remove(dst), 1
	case i == len(b) && !end:
		return dst, 0
	case i == len(b) || b[i] < '0' || b[i] > '~':
		return f.remove(dst), 1
	case i > 1:
		return f.remove(dst), i + 1
	}
	return f.control(dst, b, b[1], end)
}

// control deals with b, which begins with a control of two bytes; kind is its
// 7-bit form.
func (f *filter) control(dst, b []byte, kind byte, end bool) ([]byte, int) {
	n, state := body(kind, b[2:])
	switch {
	case state == incomplete && !end:
		return dst, 0
	case state != complete:
		return f.remove(dst), 2
	case b[0] != esc || f.bare || !f.note(kind, b[2:2+n]):
		return f.remove(dst), 2 + n
	}
	// These take no room, so a label that is due can wait: the line may be
	// erased first.
	return append(dst, b[:2+n]...), 2 + n
}

// note reports whether a sequence is let through, and takes note of what it
// switches on or off.
func (f *filter) note(kind byte, body []byte) bool {
	last := len(body) - 1
	switch {
	case kind == '[' && body[last] == 'm' && isParams(body[:last]):
		f.on = f.on.apply(body[:last])
		return true
	case kind == '[' && body[last] == 'K' && isParams(body[:last]):
		return true
	case kind == ']' && bytes.HasPrefix(body, []byte("8;")):
		_, link, found := bytes.Cut(body[2:], []byte{';'})
		f.on &^= hyperlink
		if found && link[0] >= ' ' && link[0] != st {
			f.on |= hyperlink
		}
		return found
	}
	return false
}

func isParams(b []byte) bool {
	for _, x := range b {
		if x < '0' || x > ';' {
			return false
		}
	}
	return true
}

// end ends the line, and switches off what it left on.
func (f *filter) end(dst []byte) []byte {
	if f.on&^hyperlink != 0 {
		dst = append(dst, "\x1b[0m"...)
	}
	if f.on&hyperlink != 0 {
		dst = append(dst, "\x1b]8;;\x1b\\"...)
	}
	f.forget()
	return append(dst, '\n')
}

// forget makes the filter fit for another line.
func (f *filter) forget() {
	f.on, f.invalid, f.returned = 0, false, false
}

// extent says whether the end of a sequence was found.
type extent int

const (
	malformed extent = iota
	incomplete
	complete
)

// body returns the length of what follows a control of this kind.
func body(kind byte, b []byte) (int, extent) {
	switch kind {
	case '[':
		return csi(b)
	case ']', 'P', 'X', '^', '_':
		return text(kind, b)
	}
	return 0, complete
}

// csi measures parameters, intermediates and a final byte.
func csi(b []byte) (int, extent) {
	b = b[:min(len(b), maxSequence)]
	i := 0
	for i < len(b) && b[i] >= '0' && b[i] <= '?' {
		i++
	}
	for i < len(b) && b[i] >= ' ' && b[i] <= '/' {
		i++
	}
	switch {
	case i == maxSequence:
		return 0, malformed
	case i == len(b):
		return 0, incomplete
	case b[i] < '@' || b[i] > '~':
		return 0, malformed
	}
	return i + 1, complete
}

// text measures a string up to its terminator: ST, or BEL for an OSC. Any other
// control says that the terminator is missing.
func text(kind byte, b []byte) (int, extent) {
	for i := range min(len(b), maxSequence) {
		x := b[i]
		switch {
		case x == bel && kind == ']':
			return i + 1, complete
		case x == esc || x == 0xc2:
			if n, state := terminator(b[i:]); state != malformed || x == esc {
				return i + n, state
			}
			if isC1(b[i+1]) {
				return 0, malformed
			}
		case x < ' ':
			return 0, malformed
		}
	}
	if len(b) >= maxSequence {
		return 0, malformed
	}
	return 0, incomplete
}

// terminator measures an ST in one of its two forms.
func terminator(b []byte) (int, extent) {
	switch {
	case len(b) == 1:
		return 0, incomplete
	case b[0] == esc && b[1] == '\\', b[0] != esc && b[1] == st:
		return 2, complete
	}
	return 0, malformed
}

// rawText is text for a string that an 8-bit control begins, which may be no
// string but text in an old character set: it has to be all ASCII.
func rawText(kind byte, b []byte) (int, extent) {
	for i := range min(len(b), maxSequence) {
		x := b[i]
		switch {
		case x == bel && kind == ']', x == st:
			return i + 1, complete
		case x == esc:
			n, state := terminator(b[i:])
			return i + n, state
		case x < ' ' || x >= utf8.RuneSelf:
			return 0, malformed
		}
	}
	if len(b) >= maxSequence {
		return 0, malformed
	}
	return 0, incomplete
}

// raw measures the sequence that an 8-bit control begins.
func raw(b []byte) (int, extent) {
	var n int
	var state extent
	switch kind := b[0] - 0x40; {
	case !isC1(b[0]):
		return 0, malformed
	case kind == '[':
		n, state = csi(b[1:])
		// A letter of an old character set before a word is more likely.
		if bytes.IndexByte(b[1:1+n], ' ') >= 0 {
			return 0, malformed
		}
	case kind == ']' && len(b) > 1 && (b[1] < '0' || b[1] > '9'):
		return 0, malformed
	case kind == ']' || kind == 'P' || kind == 'X' || kind == '^' || kind == '_':
		n, state = rawText(kind, b[1:])
	}
	return n + 1, state
}
