package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxInstances bounds what one formation may ask for: a slip of the finger
// must not start a hundred thousand processes.
const maxInstances = 1000

// All stands for every type but release in a formation, as in foreman.
const All = "all"

// Count is how many instances of a type the user wants.
type Count struct {
	Type string
	// N is the number of instances; -1 when only the type was named.
	N int
}

// ParseFormation reads what -m takes: "web=2,worker=1", "all=1,release=0".
// An empty text is an empty formation.
func ParseFormation(text string) ([]Count, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var counts []Count
	for piece := range strings.SplitSeq(text, ",") {
		c, err := parseCount(piece)
		if err == nil && c.N < 0 {
			err = fmt.Errorf("%q has no number", strings.TrimSpace(piece))
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read formation %q: %v; write TYPE=NUMBER, as in web=2,worker=1", text, err)
		}
		counts = append(counts, c)
	}
	return counts, nil
}

// ParseTypes reads the arguments of start: "web", "web=2", "web,worker".
func ParseTypes(args []string) ([]Count, error) {
	var counts []Count
	for _, arg := range args {
		for piece := range strings.SplitSeq(arg, ",") {
			c, err := parseCount(piece)
			if err != nil {
				return nil, fmt.Errorf("cannot read argument %q: %v; write TYPE or TYPE=NUMBER", arg, err)
			}
			counts = append(counts, c)
		}
	}
	return counts, nil
}

func parseCount(piece string) (Count, error) {
	name, number, counted := strings.Cut(piece, "=")
	name, number = strings.TrimSpace(name), strings.TrimSpace(number)
	if name == "" {
		return Count{}, fmt.Errorf("a process type is missing")
	}
	if !counted {
		return Count{Type: name, N: -1}, nil
	}
	n, err := strconv.Atoi(number)
	switch {
	case number == "":
		return Count{}, fmt.Errorf("%q has no number", strings.TrimSpace(piece))
	case err != nil || n < 0:
		return Count{}, fmt.Errorf("%q is not a number of processes", number)
	case n > maxInstances:
		return Count{}, fmt.Errorf("%d processes of one type are more than %d", n, maxInstances)
	}
	return Count{Type: name, N: n}, nil
}

// instances decides how many of each type run. Types named as arguments
// leave out all others; so does a formation (foreman's rule, honcho and
// overmind keep the others at one). release runs only where it is named.
func instances(types []string, args, formation []Count) (map[string]int, error) {
	for _, c := range slices.Concat(args, formation) {
		if c.Type != All && !slices.Contains(types, c.Type) {
			return nil, &UnknownTypeError{Type: c.Type, Known: types}
		}
	}
	counts := make(map[string]int, len(types))
	for _, t := range types {
		counts[t] = instancesOf(t, args, formation)
	}
	return counts, nil
}

func instancesOf(t string, args, formation []Count) int {
	n := 1
	if t == releaseType {
		n = 0
	}
	if len(formation) > 0 {
		n, _ = find(t, formation)
	}
	if len(args) == 0 {
		return n
	}
	arg, named := find(t, args)
	if !named || arg >= 0 {
		return arg
	}
	if listed, ok := find(t, formation); ok {
		return listed
	}
	return 1
}

// find returns what counts say of type t, the last word first; "all" speaks
// for every type that is not named itself.
func find(t string, counts []Count) (int, bool) {
	for _, name := range []string{t, All} {
		if name == All && t == releaseType {
			break
		}
		for _, c := range slices.Backward(counts) {
			if c.Type == name {
				return c.N, true
			}
		}
	}
	return 0, false
}

// UnknownTypeError is the outcome of naming a process type that the manifest
// does not have.
type UnknownTypeError struct {
	Type  string
	Known []string
}

func (e *UnknownTypeError) Error() string {
	return fmt.Sprintf("no process type %q; there is %s", e.Type, strings.Join(e.Known, ", "))
}
