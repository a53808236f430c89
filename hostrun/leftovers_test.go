//go:build linux

package hostrun

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// wholeTree are the parts of a tree that has everything that gets away from
// other runners.
func wholeTree() []string {
	return []string{"tree", "child", "deaf", "session", "daemon", "listener", "forker", "cleared"}
}

// Whatever ends a process or its devrun, nothing of the process is alive
// afterwards: not what ignores SIGTERM, not what left the group or the
// session, not what goes on forking.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	for _, terminal := range []string{"pipe", "pty"} {
		t.Run("stop/"+terminal, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			p, _ := start(t, newHost(t, Options{}), terminal == "pty", part(t, dir, "tree"))
			shown(t, dir, wholeTree()...)
			short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			p.Stop(short)
			wait(t, "Done", p.Done())
			nothing(t, tag(t), 0)
		})
		t.Run("kill/"+terminal, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			p, _ := start(t, newHost(t, Options{}), terminal == "pty", part(t, dir, "tree"))
			shown(t, dir, wholeTree()...)
			p.Stop(over(t))
			nothing(t, tag(t), 0)
		})
		t.Run("leader-killed/"+terminal, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			p, _ := start(t, newHost(t, Options{}), terminal == "pty", part(t, dir, "tree"))
			shown(t, dir, wholeTree()...)
			_ = syscall.Kill(p.Pid(), syscall.SIGKILL)
			wait(t, "Exited", p.Exited())
			p.Stop(over(t))
			nothing(t, tag(t), 0)
		})
		t.Run("guardian-killed/"+terminal, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			// Other tests have orphans in this process too, when it is theirs
			// that loses a guardian; a devrun of its own keeps them apart.
			cmd := devrun(t, terminal, dir, "tree", "")
			shown(t, dir, wholeTree()...)
			_ = syscall.Kill(guardianOf(t, cmd.Process.Pid), syscall.SIGKILL)
			if out := output(t, cmd); !strings.HasPrefix(out, "killed: its guardian was killed []") {
				t.Errorf("got %q", out)
			}
			nothing(t, tag(t), 0)
		})
		for _, end := range []struct {
			name string
			sig  syscall.Signal
		}{{"devrun-killed", syscall.SIGKILL}, {"devrun-hup", syscall.SIGHUP}, {"devrun-crashed", syscall.SIGUSR1}} {
			t.Run(end.name+"/"+terminal, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				cmd := devrun(t, terminal, dir, "tree", "")
				shown(t, dir, wholeTree()...)
				_ = cmd.Process.Signal(end.sig)
				_ = cmd.Wait()
				nothing(t, tag(t), 2*time.Second+slack)
			})
		}
	}
}

// A devrun and its guardian that are killed together leave processes. The
// next start finds all but those that left the tree and cleared their
// environment, and leaves alone a run whose devrun lives.
func TestSweep(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	state := t.TempDir()
	cmd := devrun(t, "pipe", dir, "polite-tree", state)
	shown(t, dir, "polite-tree", "child", "session", "daemon")
	living := exec.Command(os.Args[0], "play-devrun", "pipe", tag(t)+"-living", other, "polite-tree", state)
	if err := living.Start(); err != nil {
		t.Fatal(err)
	}
	shown(t, other, "polite-tree", "child", "session", "daemon")
	before := len(tagged(t, tag(t)+"-living"))

	guardian := guardianOf(t, cmd.Process.Pid)
	// Stopped, neither can do anything about the other's end.
	_ = syscall.Kill(guardian, syscall.SIGSTOP)
	_ = cmd.Process.Kill()
	_ = syscall.Kill(guardian, syscall.SIGKILL)
	_ = cmd.Wait()
	if left := tagged(t, "play "+tag(t)+" "); len(left) == 0 {
		t.Fatal("there is nothing to sweep")
	}
	swept, err := Sweep(state)
	if err != nil {
		t.Fatal(err)
	}
	if len(swept) != 1 || swept[0].RunID != tag(t) || swept[0].Killed < 4 || len(swept[0].Left) > 0 {
		t.Errorf("got %+v", swept)
	}
	nothing(t, "play "+tag(t)+" ", 0)
	if after := len(tagged(t, tag(t)+"-living")); after != before {
		t.Errorf("of the living run %d processes are left of %d", after, before)
	}
	_ = living.Process.Kill()
	_ = living.Wait()
	nothing(t, tag(t), 2*time.Second+slack)
	if swept, err = Sweep(state); err != nil || len(swept) > 0 {
		t.Errorf("the second sweep: %+v, %v", swept, err)
	}
	if left, _ := os.ReadDir(state); len(left) > 0 {
		t.Errorf("records left: %v", left)
	}
}

// Nothing to sweep is no error, a file that is no record stays, and nothing is
// killed on the word of a record that cannot be read or is another boot's.
func TestSweepIsCareful(t *testing.T) {
	dir := t.TempDir()
	for run, record := range map[string]string{"garbled": "x", "booted": "1\n2\nanother boot/pid:[1]\n"} {
		h := newHost(t, Options{RunID: run})
		p, _ := start(t, h, false, "sleep 100")
		if err := os.WriteFile(dir+"/run-"+run, []byte(record), 0o600); err != nil {
			t.Fatal(err)
		}
		swept, err := Sweep(dir)
		if len(swept) > 0 || err != nil {
			t.Errorf("%s: got %v, %v", run, swept, err)
		}
		if _, err := os.Stat(dir + "/run-" + run); err == nil {
			t.Errorf("%s: the record is still there", run)
		}
		if s, ok := stat(p.Pid()); !ok || s.zombie {
			t.Errorf("%s: the process was killed", run)
		}
	}
	if _, err := Sweep(dir + "/none"); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(dir+"/notes", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Sweep(dir); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir + "/notes"); err != nil {
		t.Error(err)
	}
}

// A killed guardian takes a one-off with it, although that is in the session
// of devrun, and nothing else that devrun has started.
func TestRunGuardianKilled(t *testing.T) {
	dir := t.TempDir()
	cmd := devrun(t, "run", dir, part(t, dir, "tree"), "")
	shown(t, dir, wholeTree()...)
	_ = syscall.Kill(guardianOf(t, cmd.Process.Pid), syscall.SIGKILL)
	if out := output(t, cmd); !strings.HasPrefix(out, "devrun: killed: its guardian was killed") {
		t.Errorf("got %q", out)
	}
	nothing(t, tag(t), 0)
}

// A child that this program has started by other means is not an orphan, and
// is not waited for.
func TestOtherChildrenAreLeftAlone(t *testing.T) {
	other := exec.Command("sleep", "100")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	h := newHost(t, Options{})
	p, _ := start(t, h, false, "sleep 100")
	_ = syscall.Kill(p.keeper.pid, syscall.SIGKILL)
	wait(t, "Done", p.Done())
	if s, ok := stat(other.Process.Pid); !ok || s.zombie {
		t.Error("the other child was killed")
	}
	_ = other.Process.Kill()
	if err := other.Wait(); fmt.Sprint(err) != "signal: killed" {
		t.Errorf("waiting for the other child: %v", err)
	}
}

// A process begins as one that devrun starts without a guardian: no signal is
// blocked or ignored, no descriptor of devrun's or the guardian's is open in
// it. And it leads its group, which has the terminal.
func TestProcessBeginsClean(t *testing.T) {
	const look = `ls -1 /proc/$$/fd; grep -E 'SigBlk|SigIgn' /proc/self/status; ulimit -n`
	plain, err := exec.Command("sh", "-c", look).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, tty := range []bool{false, true} {
		p, out := start(t, newHost(t, Options{}), tty, look+`; ps -o pgid= -o tpgid= -p $$`)
		wait(t, "Done", p.Done())
		got, groups, _ := strings.Cut(out.String(), string(plain))
		terminal := "-1"
		if tty {
			terminal = strconv.Itoa(p.Pid())
		}
		want := strconv.Itoa(p.Pid()) + " " + terminal
		if groups = strings.Join(strings.Fields(groups), " "); got != "" || groups != want {
			t.Errorf("tty %v: got %q, want %q and the groups %s", tty, out, plain, want)
		}
	}
}

// A guardian that does not answer does not hold up a kill.
func TestStopWithStoppedGuardian(t *testing.T) {
	dir := t.TempDir()
	cmd := devrun(t, "pipe", dir, "deaf", "")
	shown(t, dir, "deaf")
	_ = syscall.Kill(guardianOf(t, cmd.Process.Pid), syscall.SIGSTOP)
	_ = cmd.Process.Signal(syscall.SIGTERM)
	output(t, cmd)
	nothing(t, tag(t), 0)
}

// What may not be signaled is named, and does not hold up the end.
func TestUnkillable(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to make a program that changes its user")
	}
	// A folder that the other user reaches; t.TempDir is private.
	dir, err := os.MkdirTemp("", "hostrun") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	exe := dir + "/suid.test"
	if out, err := exec.Command("sh", "-c", `cp "$0" "$1" && chmod 4755 "$1" && chmod 777 "$2"`, os.Args[0], exe, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	plain := dir + "/plain.test"
	if out, err := exec.Command("cp", os.Args[0], plain).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := &helper{Cmd: exec.Command(plain, "play-devrun", "suid", tag(t), dir, "root", "")}
	cmd.Env = append(os.Environ(), "SUID="+exe)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	cmd.begin(t)
	pid := shown(t, dir, "root")
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	before := time.Now()
	_ = cmd.Process.Signal(syscall.SIGTERM)
	out := output(t, cmd)
	if !strings.Contains(out, "play "+tag(t)) {
		t.Errorf("it is not named: %q", out)
	}
	if took := time.Since(before); took > killBound+slack {
		t.Errorf("it took %v", took)
	}
}

// guardianOf finds the one guardian of a devrun.
func guardianOf(t *testing.T, devrun int) int {
	t.Helper()
	pids, _ := children(devrun)
	if len(pids) != 1 {
		t.Fatalf("devrun has the children %v", pids)
	}
	return pids[0]
}
