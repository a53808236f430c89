package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// instead says what to type for the commands of other tools that devrun does
// not have under that name.
func instead() map[string]string {
	return map[string]string{
		"export":  "devrun does not write service files; run foreman export for systemd or upstart",
		"init":    "write a Procfile with one line a process, as in `web: npm run dev`",
		"connect": "devrun keeps each process's own terminal to itself; run it alone with devrun run TYPE to type into it",
		"kill":    "press Ctrl-C twice where devrun start runs",
		"quit":    "press Ctrl-C where devrun start runs",
		"status":  "devrun start says when a process ends; devrun plan shows what runs",
		"echo":    "the log is where devrun start runs",
		"daemon":  "run devrun start under tmux or nohup",
		"launch":  "devrun start",
		"dev":     "devrun start",
		"console": "devrun run CONSOLE, as in devrun run bin/rails console",
		"exec":    "devrun run COMMAND",
		"restart": "press Ctrl-C and start again, or let processes that end come back with --on-exit restart",
		"stop":    "press Ctrl-C where devrun start runs",
		"ps":      "devrun start says when a process ends; devrun plan shows what runs",
		"logs":    "the log is where devrun start runs",
		"scale":   "devrun start TYPE=N",
		"attach":  "devrun keeps each process's own terminal to itself; run it alone with devrun run TYPE to type into it",
		"build":   "devrun runs what is built; run the build step with devrun run COMMAND",
		"convert": "write a Procfile with one line a process, as in `web: npm run dev`",
	}
}

// foreign are flags of other tools that devrun cannot honour, with what to use.
func foreign() map[string]string {
	return map[string]string{
		// overmind
		"--any-can-die":         "use --on-exit ignore",
		"--can-die":             "use --on-exit ignore: every process may then end",
		"--auto-restart":        "use --on-exit restart",
		"-r":                    "use --on-exit restart (overmind's --auto-restart)",
		"--stop-signals":        "devrun sends SIGTERM, as platforms do; trap it in the command where another signal is wanted",
		"-i":                    "devrun sends SIGTERM, as platforms do; trap it in the command where another signal is wanted",
		"--port-step":           "types are 100 apart, as in foreman",
		"-P":                    "types are 100 apart, as in foreman",
		"--formation-port-step": "instances are 1 apart, as in foreman",
		"--colors":              "colours are chosen per type; --color=never turns them off",
		"-b":                    "colours are chosen per type (overmind's --colors); goreman's base port is -p",
		"--ignored-processes":   "use -m all=1,TYPE=0",
		"-x":                    "use -m all=1,TYPE=0",
		"--processes":           "name the types: devrun start web worker",
		"-l":                    "name the types: devrun start web worker",
		"--daemonize":           "run devrun start under tmux or nohup",
		"-D":                    "run devrun start under tmux or nohup",
		"--socket":              "devrun has no socket to name",
		"-s":                    "devrun has no socket to name",
		"--network":             "devrun has no socket to name",
		"-S":                    "devrun has no socket to name",
		"--shell":               "commands go to /bin/sh -c; begin the command with the shell you want",
		"-H":                    "commands go to /bin/sh -c; begin the command with the shell you want",
		"--title":               "devrun leaves the terminal's title alone",
		"-w":                    "devrun leaves the terminal's title alone",
		"--show-timestamps":     "times are shown; --no-timestamp leaves them out",
		"-T":                    "times are shown; --no-timestamp leaves them out",
		"--tmux-config":         "devrun does not use tmux",
		"-F":                    "devrun does not use tmux",
		"--no-host":             "devrun does not set HOST",
		// goreman
		"-set-ports":       "use --no-port",
		"-exit-on-error":   "that is what devrun does; --on-exit chooses",
		"-exit-on-stop":    "that is what devrun does; --on-exit chooses",
		"-basedir":         "use -d FOLDER",
		"-baseport":        "use -p PORT",
		"-rpc-server":      "devrun opens no port of its own",
		"-logtime":         "use --timestamp or --no-timestamp",
		"-interpolate-env": "devrun start reads .env by itself",
		// heroku local
		"--start-cmd": "run it as a one-off: devrun run 'COMMAND'",
		"--restart":   "use --on-exit restart",
		// foreman and node-foreman
		"--proxy":   "devrun has no proxy",
		"--forward": "devrun has no proxy",
		"--trim":    "lines are never cut",
		"--raw":     "use --no-prefix",
		"--wrap":    "lines are never wrapped",
		// honcho
		"--no-color-prefix": "use --color=never",
	}
}

// translate rewrites the few habits that flags alone cannot express, and
// refuses the flags of other tools that devrun cannot honour.
func translate(args []string) ([]string, error) {
	out := make([]string, 0, len(args))
	command := ""
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--", command == "run", command == "local:run":
			// What follows belongs to a command of the project.
			return append(out, args[i:]...), nil
		case !strings.HasPrefix(arg, "-"):
			if command == "" && !valueOf(args, i) {
				command = arg
			}
			if arg == "local:version" && command == arg {
				arg = "version"
			}
			out = append(out, arg)
		case isC(arg):
			rewritten, used := translateC(args[i:])
			out = append(out, rewritten)
			i += used
		default:
			if err := refuse(args, i); err != nil {
				return nil, err
			}
			out = append(out, arg)
		}
	}
	return out, nil
}

// refuse says what to use in place of a flag that devrun cannot honour.
func refuse(args []string, i int) error {
	name, _, _ := strings.Cut(args[i], "=")
	if hint, ok := foreign()[name]; ok && !valueOf(args, i) {
		return usagef("devrun has no %s: %s", name, hint)
	}
	return nil
}

func isC(arg string) bool {
	rest, ok := strings.CutPrefix(arg, "-c")
	return ok && (rest == "" || isFormation.MatchString(strings.TrimPrefix(rest, "=")))
}

var isFormation = regexp.MustCompile(`^\s*[A-Za-z0-9_-]+\s*=`)

// translateC: -c is the number of processes to honcho and forego, and colour
// to foreman. What follows tells which.
func translateC(args []string) (rewritten string, used int) {
	if rest := strings.TrimPrefix(args[0], "-c"); rest != "" {
		return "--formation=" + strings.TrimPrefix(rest, "="), 0
	}
	if len(args) > 1 && isFormation.MatchString(args[1]) {
		return "--formation=" + args[1], 1
	}
	return "--color=always", 0
}

// valueOf tells whether args[i] is the value of the flag before it.
func valueOf(args []string, i int) bool {
	takesValue := []string{
		"-f", "--file", "--procfile", "-e", "--env", "-d", "-C", "--root", "--chdir", "--app-root", "--app_root",
		"-p", "--port", "-m", "--formation", "--concurrency", "-t", "--timeout", "--on-exit", "--log-format",
		"-q", "--quiet", "--type",
	}
	return i > 0 && slices.Contains(takesValue, args[i-1])
}

// unknownCommand suggests what was meant.
func unknownCommand(name string, near []string) error {
	if hint, ok := instead()[name]; ok {
		return usagef("devrun has no command %q: %s", name, hint)
	}
	if len(near) > 0 {
		return usagef("devrun has no command %q: did you mean devrun %s?", name, near[0])
	}
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
		return usagef("devrun has no command %q; to run that file: devrun start -f %s", name, quoteWord(name))
	}
	return usagef("devrun has no command %q; to run a process type: devrun start %s; devrun help lists the commands", name, quoteWord(name))
}

// quoteWord keeps a word pasteable.
func quoteWord(word string) string {
	if strings.ContainsAny(word, " \t\"'$\\") {
		return fmt.Sprintf("%q", word)
	}
	return word
}
