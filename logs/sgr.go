package logs

import "bytes"

// attrs is a set of attributes that text can have.
type attrs uint16

const (
	intensity attrs = 1 << iota
	italic
	underline
	blink
	inverse
	hidden
	strike
	font
	foreground
	background
	frame
	overline
	underlineColor
	script
	other
	hyperlink
)

// apply returns the set after an SGR sequence with these parameters (ECMA-48
// 8.3.117, and what xterm and kitty added).
func (a attrs) apply(params []byte) attrs {
	for {
		field, rest, more := bytes.Cut(params, []byte{';'})
		code, sub, hasSub := bytes.Cut(field, []byte{':'})
		n := number(code)
		if !hasSub && (n == 38 || n == 48 || n == 58) {
			rest, more = skipColor(rest, more)
		}
		a = a.set(n, string(sub) == "0")
		if !more {
			return a
		}
		params = rest
	}
}

// set applies one code; off is for 4:0, no underline.
func (a attrs) set(n int, off bool) attrs {
	if n == 0 {
		return a & hyperlink
	}
	if bit := endedBy(n); bit != 0 {
		return a &^ bit
	}
	if n == 4 && off {
		return a &^ underline
	}
	return a | begunBy(n)
}

func endedBy(n int) attrs {
	switch n {
	case 10:
		return font
	case 22:
		return intensity
	case 23:
		return italic
	case 24:
		return underline
	case 25:
		return blink
	case 27:
		return inverse
	case 28:
		return hidden
	case 29:
		return strike
	case 39:
		return foreground
	case 49:
		return background
	case 54:
		return frame
	case 55:
		return overline
	case 59:
		return underlineColor
	case 75:
		return script
	}
	return 0
}

func begunBy(n int) attrs {
	switch {
	case n == 1 || n == 2:
		return intensity
	case n == 3 || n == 20:
		return italic
	case n == 4 || n == 21:
		return underline
	case n == 5 || n == 6:
		return blink
	case n == 7:
		return inverse
	case n == 8:
		return hidden
	case n == 9:
		return strike
	case n >= 11 && n <= 19:
		return font
	case n >= 30 && n <= 38 || n >= 90 && n <= 97:
		return foreground
	case n >= 40 && n <= 48 || n >= 100 && n <= 107:
		return background
	case n == 51 || n == 52:
		return frame
	case n == 53:
		return overline
	case n == 58:
		return underlineColor
	case n == 73 || n == 74:
		return script
	}
	return other
}

// skipColor skips what follows 38, 48 or 58: 5;N or 2;R;G;B.
func skipColor(params []byte, more bool) ([]byte, bool) {
	if !more {
		return params, false
	}
	model, rest, more := bytes.Cut(params, []byte{';'})
	skip := 0
	switch number(model) {
	case 5:
		skip = 1
	case 2:
		skip = 3
	}
	for ; skip > 0 && more; skip-- {
		_, rest, more = bytes.Cut(rest, []byte{';'})
	}
	return rest, more
}

// number is the value of digits, up to a bound.
func number(digits []byte) int {
	n := 0
	for _, d := range digits {
		n = min(n*10+int(d-'0'), 9999)
	}
	return n
}
