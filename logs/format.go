package logs

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fatih/color"
)

// openLine is what must be known of a line of which a part may have been printed.
type openLine struct {
	filter
	mid  bool // a part of the line has been printed
	long bool // it is printed in pieces, as they come
}

// paint returns what colours the labels of the nth type, and what ends that. Red
// comes late, as it looks like an error; black and white are unreadable on one
// background or the other.
func paint(n int) (on, off string) {
	palette := [...]color.Attribute{
		color.FgCyan, color.FgYellow, color.FgGreen, color.FgMagenta, color.FgBlue,
		color.FgHiCyan, color.FgHiGreen, color.FgHiMagenta, color.FgHiBlue, color.FgRed,
	}
	c := color.New(palette[n%len(palette)])
	c.EnableColor()
	on, off, _ = strings.Cut(c.Sprint("|"), "|")
	return on, off
}

// labelAt returns what comes before each line. Caller holds the Mux's lock.
func (s *Stream) labelAt(now time.Time) []byte {
	o, width := &s.mux.opt, s.mux.streams.width
	if o.NoPrefix {
		return nil
	}
	if second := now.Unix(); s.label == nil || s.width != width || (s.second != second && !o.NoTimestamp) {
		s.second, s.width = second, width
		s.label = append(s.label[:0], s.paint...)
		if !o.NoTimestamp {
			s.label = now.AppendFormat(s.label, "15:04:05 ")
		}
		s.label = append(s.label, s.id...)
		s.label = append(s.label, bytes.Repeat([]byte{' '}, width-utf8.RuneCountInString(s.id))...)
		s.label = append(s.label, " | "...)
		s.label = append(s.label, s.unpaint...)
	}
	return s.label
}

// isPlain reports whether all of b can be printed as it is.
func (m *Mux) isPlain(b []byte) bool {
	if m.opt.Terminal && bytes.IndexByte(b, '\r') >= 0 {
		return false
	}
	return isPlain(b)
}

// nextLine returns the length of the first line of b, its end included, and
// whether it can be printed as it is. b has such an end.
//
// Most lines are text of ASCII and nothing else, and for those one look at each
// byte does: eight at a time, a byte below 0x20 or above 0x7f sets its top bit
// in f. (The subtraction borrows only from bytes above one that is found.)
func (m *Mux) nextLine(b []byte) (n int, plain bool) {
	const (
		space = 0x2020202020202020
		top   = 0x8080808080808080
	)
	for i := 0; i+8 <= len(b); {
		if i+32 <= len(b) {
			w := b[i : i+32]
			w0, w1 := binary.LittleEndian.Uint64(w), binary.LittleEndian.Uint64(w[8:])
			w2, w3 := binary.LittleEndian.Uint64(w[16:]), binary.LittleEndian.Uint64(w[24:])
			if ((w0-space)|w0|(w1-space)|w1|(w2-space)|w2|(w3-space)|w3)&top == 0 {
				i += 32
				continue
			}
		}
		w := binary.LittleEndian.Uint64(b[i:])
		f := ((w - space) | w) & top
		if f == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(f)/8 + 1
		switch b[i-1] {
		case '\n':
			return i, true
		case '\t':
		default:
			n = i + bytes.IndexByte(b[i:], '\n')
			return n + 1, m.isPlain(b[:n])
		}
	}
	n = bytes.IndexByte(b, '\n')
	return n + 1, m.isPlain(b[:n])
}

// printLines prints some of b, which is whole lines, as much as the queue takes,
// and returns how much that was. Caller holds mu.
func (m *Mux) printLines(c *copier, b []byte, plain bool) int {
	if m.opt.JSON {
		return m.printObjects(c, b, plain)
	}
	label := c.labelAt(m.opt.Now())
	m.endOpen(c)
	tip := m.out.tip()
	before := len(tip.b)
	printed := 0
	if c.text.mid {
		printed = bytes.IndexByte(b, '\n') + 1
		tip.b = m.appendRest(tip.b, b[:printed], c)
		tip.lines++
	}
	most := before + maxQueued - m.out.size
	for printed < len(b) && len(tip.b) < most {
		n := bytes.IndexByte(b[printed:], '\n') + 1
		line := b[printed : printed+n]
		tip.b = append(tip.b, label...)
		if plain {
			tip.b = append(tip.b, line...)
		} else {
			tip.b, _ = c.text.append(tip.b, line[:n-1], true)
			tip.b = c.text.end(tip.b)
		}
		tip.lines++
		printed += n
	}
	m.out.size += len(tip.b) - before
	return printed
}

// appendRest appends the end of a line of which a part was printed before: where
// that stands, or under a label of its own when another was printed since.
func (m *Mux) appendRest(dst, line []byte, c *copier) []byte {
	isOpen := m.turns.open == c
	text := line[:len(line)-1]
	// Of a line that was ended already, nothing may be left but its end.
	if isOpen || len(bytes.TrimSuffix(text, []byte{'\r'})) > 0 {
		if !isOpen {
			dst = append(dst, c.stream.label...)
		}
		dst, _ = c.text.append(dst, text, true)
		dst = c.text.end(dst)
	}
	c.lineEnded()
	return dst
}

// lineEnded says that the line of which a part was printed is complete. Caller
// holds the Mux's lock.
func (c *copier) lineEnded() {
	t := &c.mux.turns
	if t.open == c {
		t.open = nil
	}
	if t.long == c {
		t.long = nil
	}
	c.text.mid, c.text.long = false, false
	c.text.forget()
}

// labelAt returns the label, and has the text repeat it after a carriage return
// on a terminal.
func (c *copier) labelAt(now time.Time) []byte {
	label := c.stream.labelAt(now)
	if c.mux.opt.Terminal {
		c.text.label = label
		c.text.colorless = label[len(c.stream.paint) : len(label)-len(c.stream.unpaint)]
	}
	return label
}

// printPiece prints the beginning of a line, or more of it, and returns how much
// of b that was. Caller holds mu.
func (m *Mux) printPiece(c *copier, b []byte, now time.Time) int {
	label := c.labelAt(now)
	var n int
	c.scratch, n = c.text.append(c.scratch[:0], b, false)
	if len(c.scratch) == 0 {
		return n
	}
	m.endOpen(c)
	tip := m.out.tip()
	before := len(tip.b)
	switch {
	case m.opt.JSON:
		// An open line would be no JSON, so each piece is an object.
		tip.b = append(tip.b, c.head(now)...)
		tip.b = appendJSON(tip.b, c.scratch)
		tip.b = append(tip.b, "\",\"partial\":true}\n"...)
	case m.turns.open == c:
		tip.b = append(tip.b, c.scratch...)
	default:
		tip.b = append(tip.b, label...)
		tip.b = append(tip.b, c.scratch...)
		m.turns.open = c
	}
	m.out.size += len(tip.b) - before
	c.text.mid = true
	if cap(c.scratch) > readBuffer {
		c.scratch = nil
	}
	return n
}

// printObjects is printLines for JSON. Caller holds mu.
func (m *Mux) printObjects(c *copier, b []byte, plain bool) int {
	tip := m.out.tip()
	before := len(tip.b)
	most := before + maxQueued - m.out.size
	head := c.head(m.opt.Now())
	printed := 0
	for printed < len(b) && len(tip.b) < most {
		n := bytes.IndexByte(b[printed:], '\n') + 1
		line := bytes.TrimSuffix(b[printed:printed+n-1], []byte{'\r'})
		if !plain || c.text.mid {
			c.scratch, _ = c.text.append(c.scratch[:0], line, true)
			line = c.scratch
			c.lineEnded()
		}
		tip.b = append(tip.b, head...)
		tip.b = appendJSON(tip.b, line)
		tip.b = append(tip.b, "\"}\n"...)
		tip.lines++
		printed += n
	}
	m.out.size += len(tip.b) - before
	return printed
}

// head returns the beginning of an object, up to the text of the line.
func (c *copier) head(now time.Time) []byte {
	b := append([]byte(nil), `{"time":"`...)
	b = now.AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","process":"`...)
	b = appendJSON(b, []byte(c.stream.id))
	return append(b, `","line":"`...)
}

// appendJSON appends b as the inside of a JSON string. JSON has no bytes, only
// characters: what is not UTF-8 becomes U+FFFD, as in encoding/json.
func appendJSON(dst, b []byte) []byte {
	const hex = "0123456789abcdef"
	for i := 0; i < len(b); {
		n := 0
		for i+n < len(b) && isJSONText(b[i+n]) {
			n++
		}
		dst = append(dst, b[i:i+n]...)
		i += n
		if i == len(b) {
			break
		}
		switch x := b[i]; {
		case x >= utf8.RuneSelf:
			r, size := utf8.DecodeRune(b[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
			continue
		case x == '"' || x == '\\':
			dst = append(dst, '\\', x)
		case x == '\t':
			dst = append(dst, `\t`...)
		case x == '\r':
			dst = append(dst, `\r`...)
		default:
			dst = append(dst, `\u00`...)
			dst = append(dst, hex[x>>4], hex[x&15])
		}
		i++
	}
	return dst
}

func isJSONText(x byte) bool {
	return x >= ' ' && x < utf8.RuneSelf && x != '"' && x != '\\'
}
