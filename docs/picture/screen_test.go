package main

import (
	"reflect"
	"strings"
	"testing"
)

// A colour sequence ends the run before it and holds until the next one; it
// takes no column.
func TestParse(t *testing.T) {
	tests := map[string]struct {
		line string
		want []span
	}{
		"plain":     {"web.1 | hi", []span{{0, "web.1 | hi", style{}}}},
		"empty":     {"", nil},
		"a colour":  {"\x1b[32mweb\x1b[0m | hi", []span{{0, "web", style{fore: "#3fb950"}}, {3, " | hi", style{}}}},
		"default":   {"\x1b[1;91ma\x1b[39mb", []span{{0, "a", style{bold: true, fore: "#ffa198"}}, {1, "b", style{bold: true}}}},
		"of 256":    {"\x1b[38;5;196ma\x1b[48;5;244mb", []span{{0, "a", style{fore: "#ff0000"}}, {1, "b", style{fore: "#ff0000", back: "#808080"}}}},
		"true":      {"\x1b[1;38;2;1;2;3;4ma", []span{{0, "a", style{fore: "#010203", bold: true, underline: true}}}},
		"no number": {"\x1b[7ma\x1b[mb", []span{{0, "a", style{inverse: true}}, {1, "b", style{}}}},
		"cut short": {"\x1b[38;5ma", []span{{0, "a", style{}}}},
		"not ASCII": {"привет\x1b[4m!", []span{{0, "привет", style{}}, {6, "!", style{underline: true}}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, _ := parse(test.line, style{})
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// A style goes on in the next line, and text cannot break out of its element.
func TestDraw(t *testing.T) {
	var b strings.Builder
	if err := draw(&b, "a & b", []string{"\x1b[31m<one>", "two\x1b[0m"}, 10); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`aria-label="a &amp; b"`,
		`fill="#ff7b72">&lt;one&gt;</text>`,
		`fill="#ff7b72">two</text>`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
}
