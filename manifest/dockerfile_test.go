package manifest

import (
	"fmt"
	"testing"
)

// What a Dockerfile runs, and on which port, is what its last stage says, or the
// stage that one is built on.
func TestDockerfile(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"exec form", "FROM a\nCMD [\"node\", \"my app.js\"]\n", "2 node 'my app.js' [80]"},
		{"shell form", "FROM a\nEXPOSE 8000 9000/udp\nCMD  node   'a  b' && x\n", "3 node   'a  b' && x [8000 9000]"},
		{"entrypoint and arguments", "FROM a\nENTRYPOINT [\"run\"]\nCMD [\"-v\"]\n", "2 run -v [80]"},
		{"shell entrypoint", "FROM a\nENTRYPOINT run $X\nCMD [\"-v\"]\n", "2 run $X [80]"},
		{"shell command as arguments", "FROM a\nENTRYPOINT [\"tini\", \"--\"]\nCMD a b\n", "2 tini -- /bin/sh -c 'a b' [80]"},
		{"entrypoint after a command", "FROM a\nCMD x\nENTRYPOINT [\"run\"]\n", "3 run [80]"},
		{"the last stage", "FROM a AS one\nCMD one\nEXPOSE 1\nFROM b\nCMD two\n", "5 two [80]"},
		{"a stage on another", "FROM --platform=x a AS One\nCMD one\nEXPOSE 1\nFROM b\nFROM one\n", "2 one [1]"},
		{"continued, with a comment between", "FROM a\r\nCMD a \\\r\n# why\r\n\r\n  b\r\n", "2 a b [80]"},
		{"a tab", "FROM a\nCMD\tx\n", "2 x [80]"},
		{"heredoc", "FROM a\nRUN <<EOF\nCMD no\nEXPOSE 1\nEOF\nCMD yes\n", "6 yes [80]"},
		{"no command", "FROM a\n", "1  [80]"},
		{"a variable port", "FROM a\nEXPOSE $PORT 3000-3005\nCMD x\n", "3 x [80]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			app, err := readDockerfile("Dockerfile", []byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			p := app.Processes[0]
			var ports []int
			for _, port := range p.Ports {
				ports = append(ports, port.Container)
			}
			if got := fmt.Sprintf("%d %s %v", p.Line, p.Command, ports); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	if _, err := readDockerfile("Dockerfile", []byte("# FROM a\nCMD x\n")); err == nil {
		t.Error("a file without FROM is read")
	}
}

func FuzzDockerfile(f *testing.F) {
	f.Add([]byte("FROM a AS b\nRUN <<E\nE\nCMD [\"x\"] \\\n y\nEXPOSE 1/udp\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		app, err := readDockerfile("F", data)
		pointsInto(t, app.Problems, err, lineCount(data))
		for _, p := range app.Processes {
			if p.Line < 1 || p.Line > lineCount(data) {
				t.Errorf("line %d of %d", p.Line, lineCount(data))
			}
		}
	})
}
