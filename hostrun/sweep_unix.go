//go:build linux || darwin

package hostrun

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// recordPrefix starts the name of a run's record; the name of the run follows.
const recordPrefix = "run-"

// identity names one process of one boot of one system.
type identity struct {
	pid    int
	start  string
	system string
}

func (i identity) String() string {
	return strconv.Itoa(i.pid) + "\n" + i.start + "\n" + i.system + "\n"
}

func parseIdentity(s string) (identity, bool) {
	f := strings.Split(s, "\n")
	if len(f) != 4 {
		return identity{}, false
	}
	pid, err := strconv.Atoi(f[0])
	return identity{pid, f[1], f[2]}, err == nil && pid > 0
}

// writeRecord says in dir that this program is the devrun of run. The file
// appears whole, so that a Sweep at the same time cannot misread it.
func writeRecord(dir, run string) (path string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	self, ok := identify(os.Getpid())
	if !ok {
		return "", errors.New("the system does not say when this process was started")
	}
	path = filepath.Join(dir, recordPrefix+run)
	part := path + ".part"
	if err := os.WriteFile(part, []byte(self.String()), 0o600); err != nil {
		return "", err
	}
	return path, os.Rename(part, path)
}

// Sweep kills what earlier runs left behind whose devrun and guardians were
// killed together, and removes the records of runs that have ended. A run is
// known by its record in stateDir, its processes by the marker in their
// environment. It does not touch a run whose devrun lives, or one of another
// container. A folder that is not there is nothing to sweep.
func Sweep(stateDir string) ([]Swept, error) {
	entries, err := os.ReadDir(stateDir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot look for what earlier runs left: %v", err)
	}
	var swept []Swept
	var errs []error
	for _, e := range entries {
		run, ok := strings.CutPrefix(e.Name(), recordPrefix)
		if !ok || run == "" || strings.HasSuffix(run, ".part") {
			continue
		}
		s, err := sweepRun(filepath.Join(stateDir, e.Name()), run)
		if err != nil {
			errs = append(errs, fmt.Errorf("cannot clear run %s: %v", run, err))
		}
		if s.Killed > 0 || len(s.Left) > 0 {
			swept = append(swept, s)
		}
	}
	return swept, errors.Join(errs...)
}

func sweepRun(record, run string) (Swept, error) {
	b, err := os.ReadFile(record)
	if errors.Is(err, os.ErrNotExist) {
		return Swept{}, nil
	}
	if err != nil {
		return Swept{}, err
	}
	was, ok := parseIdentity(string(b))
	if !ok {
		// Whether that devrun lives, it does not say.
		return Swept{}, os.Remove(record)
	}
	here, known := identify(os.Getpid())
	if !known {
		return Swept{}, errors.New("the system does not say which boot this is")
	}
	if was.system != here.system {
		return Swept{}, elsewhere(record, was, here)
	}
	if now, alive := identify(was.pid); alive && now == was {
		return Swept{}, nil
	}
	s := Swept{RunID: run}
	killed, left := killAll(func() []proc { return marked(run) })
	s.Killed, s.Left = killed, name(left)
	if len(left) > 0 {
		return s, nil
	}
	return s, os.Remove(record)
}

// elsewhere deals with a record of another boot or another container. After a
// boot nothing is left; another container's run is not ours to judge.
func elsewhere(record string, was, here identity) error {
	boot, _, _ := strings.Cut(was.system, "/")
	now, _, _ := strings.Cut(here.system, "/")
	if boot == now {
		return nil
	}
	return os.Remove(record)
}
