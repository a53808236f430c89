// Package lines makes the numbered lines that the benchmark's processes write,
// and says what of them a runner has lost or torn.
package lines

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// Length is the length of a line, its end included.
const Length = 100

// PerBlock is the number of lines that a Block has. It is a power of ten, so
// that from one block to the next only the upper digits of a line's number
// change: a writer that formats every number would be slower than the runners
// it is to measure.
const PerBlock = 1000

// Marker begins every line and is nowhere else in it.
const Marker = '@'

const (
	upper  = 9 // digits that count blocks
	digits = upper + 3
	head   = len("@00 ")
)

// Block is a run of lines in one piece.
type Block struct {
	text []byte
}

// NewBlock returns a block for the process with the number id, from 0 to 99.
func NewBlock(id int) *Block {
	b := &Block{}
	for i := range PerBlock {
		b.text = append(b.text, line(id, i)...)
	}
	return b
}

// From returns the lines from the number first on, which is a multiple of
// PerBlock. The next call changes them.
func (b *Block) From(first int) []byte {
	number := fmt.Appendf(nil, "%0*d", upper, first/PerBlock)
	for at := head; at < len(b.text); at += Length {
		copy(b.text[at:], number)
	}
	return b.text
}

func line(id, number int) []byte {
	text := fmt.Appendf(make([]byte, 0, Length), "%c%02d %0*d ", Marker, id, digits, number)
	for i := range Length - len(text) - 2 {
		text = append(text, byte('a'+i%26))
	}
	return append(text, '$', '\n')
}

// Damage says what of the lines did not come out as it went in.
type Damage struct {
	Whole      int // lines that came whole, wherever they stood
	Torn       int // lines that have the marker and are not whole
	OutOfOrder int // whole lines that do not follow the one before them of the same process
}

// Check reads what a runner wrote: any label before a line is fine, and so is a
// colour sequence or a carriage return after it.
func Check(r io.Reader) (Damage, error) {
	var d Damage
	next := map[int]int{}
	in := bufio.NewReaderSize(r, 1<<20)
	for {
		text, err := in.ReadBytes('\n')
		d.add(bytes.TrimSuffix(text, []byte("\n")), next)
		if err == io.EOF {
			return d, nil
		}
		if err != nil {
			return d, err
		}
	}
}

// add judges one line of a runner's output; next is the number that each
// process's next line must have.
func (d *Damage) add(text []byte, next map[int]int) {
	at := bytes.IndexByte(text, Marker)
	if at < 0 {
		return
	}
	text = text[at:]
	id, number, ok := parse(text)
	if !ok {
		d.Torn++
		return
	}
	d.Whole++
	if number != next[id] {
		d.OutOfOrder++
	}
	next[id] = number + 1
}

func parse(text []byte) (id, number int, ok bool) {
	const body = Length - 1
	if len(text) < body || !afterLine(text[body:]) {
		return 0, 0, false
	}
	id, err := strconv.Atoi(string(text[1:3]))
	if err != nil {
		return 0, 0, false
	}
	number, err = strconv.Atoi(string(text[head : head+digits]))
	if err != nil {
		return 0, 0, false
	}
	return id, number, bytes.Equal(text[:body], line(id, number)[:body])
}

// afterLine says whether text is what a runner may put after a line.
func afterLine(text []byte) bool {
	text = bytes.TrimSuffix(text, []byte("\r"))
	for len(text) > 0 {
		end := bytes.IndexByte(text, 'm')
		if end < 0 || !bytes.HasPrefix(text, []byte("\x1b[")) {
			return false
		}
		text = text[end+1:]
	}
	return true
}
