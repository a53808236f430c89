package envfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRead(t *testing.T) {
	t.Parallel()
	path := write(t, "A=1\n")
	file, err := Read(path, nil)
	if err != nil || file.Path != path || len(file.Vars) != 1 || file.Vars[0].Value != "1" {
		t.Errorf("Read = %+v, %v", file, err)
	}
	_, err = Read(write(t, "A=1\nB C=1"), nil)
	if problem, ok := errors.AsType[*Error](err); !ok || problem.Line != 2 {
		t.Errorf("Read of a malformed file: %v, want an *Error in line 2", err)
	}
}

// What is no file to read is said in words, and a missing one can be told from
// the others.
func TestReadRefuses(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "none")
	_, err := Read(missing, nil)
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "cannot read "+missing+": ") || strings.Count(err.Error(), missing) != 1 {
		t.Errorf("missing: %v", err)
	}
	if _, err = Read(t.TempDir(), nil); err == nil || !strings.HasSuffix(err.Error(), "it is a folder") {
		t.Errorf("folder: %v", err)
	}
	large := write(t, "")
	if err := os.Truncate(large, maxFile+1); err != nil {
		t.Fatal(err)
	}
	if _, err = Read(large, nil); err == nil || !strings.Contains(err.Error(), "larger than 4 MiB") {
		t.Errorf("large: %v", err)
	}
	secret := write(t, "A=1")
	if err := os.Chmod(secret, 0); err != nil {
		t.Fatal(err)
	}
	if f, err := os.Open(secret); err == nil {
		f.Close()
		t.Skip("this user, or this system, reads files without permission")
	}
	if _, err = Read(secret, nil); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("unreadable: %v", err)
	}
}

// Names are those of an example file, whatever its values look like.
func TestNames(t *testing.T) {
	t.Parallel()
	names, err := Names(write(t, "\ufeff# Settings\nDB=<url>\r\nexport KEY=\"never closed\n\nA B=1\n  B: 2 # c\nDB=again\n"+
		"PEM='a\nNOT=1\n'\nBARE\n!!\nT=\"a\"b\n=1\nLAST=${X:?}"))
	want := []string{"DB", "KEY", "B", "PEM", "BARE", "T", "LAST"}
	// The quote that KEY opens closes at T, so what lies between belongs to it
	// for a reader of values; the text after it makes KEY's line the bad one.
	if err != nil || !slices.Equal(names, want) {
		t.Errorf("Names = %q, %v, want %q", names, err, want)
	}
	if _, err := Names(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
}
