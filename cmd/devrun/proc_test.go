package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"
)

// proc is a scripted child for the scripts: it carries its arguments out, one
// after the other, and ends.
//
//	say=TEXT     a line on stdout         err=TEXT     a line on stderr
//	print=TEXT   TEXT without its end     lines=N      N numbered lines
//	sleep=1s     wait                     forever      wait for a signal
//	env=NAME     print NAME=value         exit=N       end with a status
//	deaf         ignore polite signals
//	cleanup=1s,FILE  make FILE; on TERM: wait, say so, end
//	listen       accept on PORT; listen=FILE makes FILE then
//	stdin        say when stdin ends
//	read         echo lines of stdin      tty          say what is a terminal
//	file=PATH    make a file              fork=STEP,STEP  a child of the group
//	dawdle       read stdin slowly, then say how much there was
//	setsid=STEP,STEP  a child that leaves the session
func proc(steps []string) int {
	for _, step := range steps {
		name, value, _ := strings.Cut(step, "=")
		if code, end := procStep(name, value); end {
			return code
		}
	}
	return 0
}

func procStep(name, value string) (code int, end bool) {
	switch name {
	case "say":
		fmt.Println(value)
	case "print":
		fmt.Print(value)
	case "err":
		fmt.Fprintln(os.Stderr, value)
	case "lines":
		procLines(value)
	case "env":
		v, ok := os.LookupEnv(value)
		fmt.Printf("%s=%s set=%t\n", value, v, ok)
	case "sleep":
		d, err := time.ParseDuration(value)
		if err != nil {
			return procFail(err)
		}
		time.Sleep(d)
	case "forever":
		select {}
	case "exit":
		n, err := strconv.Atoi(value)
		if err != nil {
			return procFail(err)
		}
		return n, true
	case "file":
		if err := os.WriteFile(value, nil, 0o644); err != nil {
			return procFail(err)
		}
	default:
		return procSystem(name, value)
	}
	return 0, false
}

func procFail(err error) (int, bool) {
	fmt.Fprintln(os.Stderr, "proc:", err)
	return 99, true
}

// procSystem has the steps that deal with signals, children and streams.
func procSystem(name, value string) (code int, end bool) {
	switch name {
	case "deaf":
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	case "cleanup":
		return procCleanup(value)
	case "fork", "setsid":
		self, err := os.Executable()
		if err != nil {
			return procFail(err)
		}
		child := exec.Command(self, strings.Split(value, ",")...)
		child.Args[0] = "proc"
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		if name == "setsid" {
			child.SysProcAttr = newSession()
		}
		if err := child.Start(); err != nil {
			return procFail(err)
		}
	case "listen":
		l, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
		if err != nil {
			return procFail(err)
		}
		fmt.Println("listening on", os.Getenv("PORT"))
		if value != "" {
			if err := os.WriteFile(value, nil, 0o644); err != nil {
				return procFail(err)
			}
		}
		for {
			c, err := l.Accept()
			if err != nil {
				return procFail(err)
			}
			_ = c.Close()
		}
	case "stdin":
		go func() {
			if _, err := bufio.NewReader(os.Stdin).ReadByte(); err != nil {
				fmt.Println("stdin ended")
			}
		}()
	case "read":
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			fmt.Println("read:", lines.Text())
		}
	case "dawdle":
		procDawdle()
	case "tty":
		w, h, _ := term.GetSize(1)
		fmt.Printf("tty in=%t out=%t err=%t size=%dx%d\n", term.IsTerminal(0), term.IsTerminal(1), term.IsTerminal(2), w, h)
	default:
		return procFail(fmt.Errorf("unknown step %q", name))
	}
	return 0, false
}

func procCleanup(value string) (code int, end bool) {
	wait, file, _ := strings.Cut(value, ",")
	d, err := time.ParseDuration(wait)
	if err != nil {
		return procFail(err)
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		return procFail(err)
	}
	<-asked
	time.Sleep(d)
	fmt.Println("cleaned up")
	return 0, false
}

// procDawdle reads in small pieces, with a rest after each of the first ones:
// long enough for every buffer on the way to fill up.
func procDawdle() {
	lines, last := 0, ""
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		if lines++; lines%50 == 0 && lines <= 1000 {
			time.Sleep(10 * time.Millisecond)
		}
		last = in.Text()
	}
	fmt.Printf("%d lines, the last is: %s\n", lines, last)
}

func procLines(value string) {
	n, _ := strconv.Atoi(value)
	out := bufio.NewWriter(os.Stdout)
	for i := range n {
		fmt.Fprintf(out, "line %d\n", i+1)
	}
	_ = out.Flush()
}

// freePorts finds a base with room for n process types above it.
func freePorts(n int) (int, error) {
	for range 50 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		base := l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
		if base+100*n < 65535 && allFree(base, n) {
			return base, nil
		}
	}
	return 0, fmt.Errorf("no free ports found")
}

func allFree(base, n int) bool {
	for i := range n {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", base+100*i))
		if err != nil {
			return false
		}
		_ = l.Close()
	}
	return true
}
