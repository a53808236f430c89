//go:build unix

// Command gen is the process that the benchmark's runners run. It writes
// numbered lines of 100 bytes as fast as it can, or does nothing at all.
//
//	gen SOCKET idle ID
//	gen SOCKET bulk ID LINES    1000 lines a write
//	gen SOCKET line ID LINES    one line a write
//
// It tells the socket when it started and when it has written everything. It
// starts to write when the socket says so and ends when the socket is closed, so
// that no process ends while another is still writing: most runners stop
// everything when the first one ends.
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/devrun/devrun/bench/lines"
)

func main() {
	started := time.Now()
	if err := run(started, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(started time.Time, args []string) error {
	if len(args) < 3 {
		return errors.New("usage: gen SOCKET idle|bulk|line ID [LINES]")
	}
	conn, err := net.Dial("unix", args[0])
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(conn, "%s %d\n", args[2], started.UnixNano()); err != nil {
		return err
	}
	if args[1] != "idle" {
		if err := write(conn, args[1:]); err != nil {
			return err
		}
	}
	_, err = io.Copy(io.Discard, conn)
	return err
}

func write(conn net.Conn, args []string) error {
	if len(args) != 3 {
		return errors.New("the number of lines is missing")
	}
	id, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	count, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	block := lines.NewBlock(id)
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		return err
	}
	for first := 0; first < count; first += lines.PerBlock {
		text := block.From(first)
		size := len(text)
		if args[0] == "line" {
			size = lines.Length
		}
		for ; len(text) > 0; text = text[size:] {
			if _, err := os.Stdout.Write(text[:size]); err != nil {
				return err
			}
		}
	}
	_, err = fmt.Fprintln(conn, "done")
	return err
}
