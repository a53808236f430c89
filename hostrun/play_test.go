//go:build linux || darwin

package hostrun

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/devrun/devrun/plan"
)

// play is a scripted program. args are a tag by which it can be found, a
// folder in which it shows how far it got, and its part.
func play(args []string) int {
	tag, dir, part := args[0], args[1], args[2]
	show := func(what string) {
		path := filepath.Join(dir, what)
		_ = os.WriteFile(path+".part", []byte(strconv.Itoa(os.Getpid())), 0o600)
		_ = os.Rename(path+".part", path)
	}
	cast := func(part string, change func(*exec.Cmd)) {
		cmd := exec.Command(os.Args[0], "play", tag, dir, part)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if change != nil {
			change(cmd)
		}
		if err := cmd.Start(); err != nil {
			fmt.Println("cannot cast", part, err)
		}
	}
	away := func(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
	deaf := func() {
		signal.Ignore(syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT)
	}
	switch part {
	case "tree":
		cast("child", nil)
		cast("deaf", nil)
		cast("session", away)
		cast("fork-daemon", away)
		cast("listener", nil)
		cast("forker", nil)
		cast("cleared", func(cmd *exec.Cmd) { away(cmd); cmd.Env = []string{} })
	case "polite-tree":
		cast("child", nil)
		cast("session", away)
		cast("fork-daemon", away)
	case "fork-daemon":
		cast("daemon", away)
		return 0
	case "deaf", "cleared":
		deaf()
	case "listener":
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			fmt.Println(err)
			return 1
		}
		defer l.Close()
	case "forker":
		deaf()
		show(part)
		for range time.Tick(50 * time.Millisecond) {
			// Not a copy of the test binary, which takes a second to start
			// under the race detector.
			cmd := exec.Command("/bin/sh", "-c", ": play "+tag+" forked; sleep 3600; :")
			cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
			if err := cmd.Start(); err != nil {
				fmt.Println("cannot fork:", err)
			}
		}
	case "cleaner":
		// Takes its time to clean up, and uses a program to do so.
		got := make(chan os.Signal, 1)
		signal.Notify(got, syscall.SIGTERM)
		show(part)
		<-got
		if err := exec.Command("/bin/sh", "-c", "sleep 0.3").Run(); err != nil {
			fmt.Println(err)
			return 1
		}
		show("cleaned")
		return 0
	case "root":
		if err := syscall.Setreuid(0, 0); err != nil {
			fmt.Println(err)
			return 1
		}
	case "bulk":
		line := []byte(strings.Repeat("x", 99) + "\n")
		n, _ := strconv.Atoi(args[3])
		buf := make([]byte, 0, 100*1000)
		for range 1000 {
			buf = append(buf, line...)
		}
		for range n / len(buf) {
			if _, err := os.Stdout.Write(buf); err != nil {
				return 1
			}
		}
		fmt.Print("the end")
		return 0
	}
	show(part)
	time.Sleep(time.Hour)
	return 0
}

// playDevrun is a devrun that runs one process, and can be killed. args are
// how to run it, the tag, the folder, the part the process plays, and the
// folder of records.
func playDevrun(args []string) int {
	how, tag, dir, part, state := args[0], args[1], args[2], args[3], args[4]
	h, err := New(Options{RunID: tag, StateDir: state})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer h.Close()
	exe := os.Args[0]
	if how == "suid" {
		exe = os.Getenv("SUID")
	}
	script := fmt.Sprintf("'%s' play %s '%s' %s; exit $?", exe, tag, dir, part)
	if how == "run" {
		err := h.Run(context.Background(), Command{Args: []string{"sh", "-c", part}, Dir: dir, Env: os.Environ()})
		fmt.Println("devrun:", err)
		return 0
	}
	p, err := h.Start(plan.Process{
		ID: tag, Command: script, Dir: dir, Inherited: os.Environ(), TTY: how == "pty",
	}, &sink{})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	crash, term := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(crash, syscall.SIGUSR1)
	signal.Notify(term, syscall.SIGTERM)
	select {
	case <-crash:
		panic("a crash")
	case <-term:
		short, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
		p.Stop(short)
	case <-p.Done():
	}
	fmt.Println(p.Err(), p.Unkillable())
	return 0
}
