// Command picture turns what `tmux capture-pane -e -p` prints into the picture of
// a terminal window, as SVG. The script beside it makes README's with it.
//
//	picture TITLE COLUMNS <screen >picture.svg
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	if len(args) != 2 {
		return errors.New("usage: picture TITLE COLUMNS")
	}
	columns, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	screen, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	return draw(out, args[0], strings.Split(strings.TrimRight(string(screen), "\n"), "\n"), columns)
}
