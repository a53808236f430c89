package main

import (
	"fmt"
	"html"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// style is how a run of text looks. The zero value is plain text.
type style struct {
	fore, back string // CSS colours; empty is the default
	bold       bool
	faint      bool
	italic     bool
	underline  bool
	inverse    bool
}

// span is a run of text in one style.
type span struct {
	column int
	text   string
	style  style
}

// palette are the sixteen colours of a terminal, in their order.
func palette() [16]string {
	return [16]string{
		"#484f58", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#b1bac4",
		"#6e7681", "#ffa198", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#ffffff",
	}
}

// parse turns one line of what `tmux capture-pane -e -p` prints into spans, going
// on in the style that the line before ended in. Of the escape sequences such
// text has only those for colours.
func parse(line string, s style) ([]span, style) {
	var spans []span
	column := 0
	for line != "" {
		text, rest, found := strings.Cut(line, "\x1b[")
		if text != "" {
			spans = append(spans, span{column: column, text: text, style: s})
			column += utf8.RuneCountInString(text)
		}
		if !found {
			break
		}
		var codes string
		codes, line, _ = strings.Cut(rest, "m")
		s = s.apply(strings.Split(codes, ";"))
	}
	return spans, s
}

// apply is the style after the numbers of one colour sequence.
func (s style) apply(codes []string) style {
	for i := 0; i < len(codes); i++ {
		code, err := strconv.Atoi(codes[i])
		if err != nil {
			code = 0 // an empty number is a reset
		}
		switch {
		case code == 0:
			s = style{}
		case code == 38:
			var used int
			s.fore, used = extended(codes[i+1:])
			i += used
		case code == 48:
			var used int
			s.back, used = extended(codes[i+1:])
			i += used
		case code < 30:
			s = s.attribute(code)
		default:
			s = s.basic(code)
		}
	}
	return s
}

func (s style) attribute(code int) style {
	switch code {
	case 1:
		s.bold = true
	case 2:
		s.faint = true
	case 3:
		s.italic = true
	case 4:
		s.underline = true
	case 7:
		s.inverse = true
	case 22:
		s.bold, s.faint = false, false
	case 23:
		s.italic = false
	case 24:
		s.underline = false
	case 27:
		s.inverse = false
	}
	return s
}

func (s style) basic(code int) style {
	switch {
	case code <= 37:
		s.fore = palette()[code-30]
	case code == 39:
		s.fore = ""
	case code >= 40 && code <= 47:
		s.back = palette()[code-40]
	case code == 49:
		s.back = ""
	case code >= 90 && code <= 97:
		s.fore = palette()[code-90+8]
	case code >= 100 && code <= 107:
		s.back = palette()[code-100+8]
	}
	return s
}

// extended is the colour of `38;5;N` and `38;2;R;G;B`, and how many numbers it took.
func extended(codes []string) (color string, used int) {
	number := func(i int) int {
		n, _ := strconv.Atoi(codes[i])
		return n
	}
	switch {
	case len(codes) >= 2 && codes[0] == "5":
		return indexed(number(1)), 2
	case len(codes) >= 4 && codes[0] == "2":
		return fmt.Sprintf("#%02x%02x%02x", number(1), number(2), number(3)), 4
	}
	return "", len(codes)
}

// indexed is a colour of the 256: sixteen, a cube of six by six by six, and greys.
func indexed(n int) string {
	switch {
	case n < 16:
		return palette()[max(n, 0)]
	case n >= 232:
		grey := min(8+10*(n-232), 255)
		return fmt.Sprintf("#%02x%02x%02x", grey, grey, grey)
	}
	steps := [6]int{0, 95, 135, 175, 215, 255}
	n -= 16
	return fmt.Sprintf("#%02x%02x%02x", steps[n/36], steps[n/6%6], steps[n%6])
}

const (
	cellWidth  = 8.43 // of DejaVu Sans Mono and Menlo at 14 pixels
	cellHeight = 19.0
	margin     = 16.0
	titleBar   = 34.0
	background = "#0d1117"
	foreground = "#e6edf3"
)

// draw writes the lines as the picture of a window that is columns wide.
func draw(w io.Writer, title string, lines []string, columns int) error {
	width := 2*margin + float64(columns)*cellWidth
	height := titleBar + margin + float64(len(lines))*cellHeight
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" role="img" aria-label="%s">`+"\n",
		width, height, width, height, html.EscapeString(title))
	fmt.Fprintf(&b, `<rect width="%.0f" height="%.0f" rx="8" fill="%s"/>`+"\n", width, height, background)
	for i, dot := range []string{"#ff5f57", "#febc2e", "#28c840"} {
		fmt.Fprintf(&b, `<circle cx="%d" cy="17" r="6" fill="%s"/>`+"\n", 20+20*i, dot)
	}
	fmt.Fprintf(&b, `<text x="%.0f" y="21" fill="#7d8590" text-anchor="middle" font-family="sans-serif" font-size="12">%s</text>`+"\n",
		width/2, html.EscapeString(title))
	b.WriteString(`<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" xml:space="preserve">` + "\n")
	var s style
	for row, line := range lines {
		var spans []span
		spans, s = parse(line, s)
		for _, run := range spans {
			b.WriteString(run.svg(titleBar + float64(row)*cellHeight))
		}
	}
	b.WriteString("</g>\n</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// svg draws the span in the line whose upper edge is at top.
func (r span) svg(top float64) string {
	fore, back := r.style.fore, r.style.back
	if r.style.inverse {
		fore, back = orElse(back, background), orElse(fore, foreground)
	}
	left := margin + float64(r.column)*cellWidth
	width := float64(utf8.RuneCountInString(r.text)) * cellWidth
	var b strings.Builder
	if back != "" {
		fmt.Fprintf(&b, `<rect x="%.2f" y="%.2f" width="%.2f" height="%.2f" fill="%s"/>`+"\n", left, top, width, cellHeight, back)
	}
	if strings.TrimSpace(r.text) == "" {
		return b.String()
	}
	// textLength keeps the columns where the reader's font is wider or narrower.
	fmt.Fprintf(&b, `<text x="%.2f" y="%.2f" textLength="%.2f" fill="%s"%s>%s</text>`+"\n",
		left, top+14, width, orElse(fore, foreground), r.style.attributes(), html.EscapeString(r.text))
	return b.String()
}

func (s style) attributes() string {
	var text string
	if s.bold {
		text += ` font-weight="bold"`
	}
	if s.faint {
		text += ` opacity="0.6"`
	}
	if s.italic {
		text += ` font-style="italic"`
	}
	if s.underline {
		text += ` text-decoration="underline"`
	}
	return text
}

func orElse(color, other string) string {
	if color == "" {
		return other
	}
	return color
}
