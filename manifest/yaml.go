package manifest

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	// maxDepth is far beyond what a manifest nests.
	maxDepth = 100
	// maxNodes bounds what aliases may grow a file to ("billion laughs").
	maxNodes = 200_000
)

// yamlFile is a YAML file that is being read. Values keep their place, and
// what is wrong with one is noted with its line while the reading goes on.
type yamlFile struct {
	name     string
	problems []Problem
}

// parse returns the file's root: nil for an empty file. Aliases and merge keys
// are resolved, so that readers meet only maps, lists and scalars, and a key
// that occurs twice in a map is an error.
func (f *yamlFile) parse(data []byte) (*yaml.Node, error) {
	if name := utf16or32(data); name != "" {
		return nil, &Error{File: f.name, Message: "this file is in " + name + ": save it as UTF-8"}
	}
	// YAML 1.1 has three more line ends, which no editor counts.
	text := strings.NewReplacer("\u0085", " ", "\u2028", " ", "\u2029", " ").Replace(string(data))
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil, yamlError(f.name, text, err)
	}
	if len(doc.Content) == 0 || isNull(doc.Content[0]) {
		return nil, nil
	}
	e := expander{file: f.name, budget: maxNodes}
	return e.expand(doc.Content[0], 0)
}

// expander copies a tree with every alias and merge key replaced.
type expander struct {
	file   string
	budget int
}

func (e *expander) expand(n *yaml.Node, depth int) (*yaml.Node, error) {
	e.budget--
	if depth > maxDepth {
		return nil, &Error{File: e.file, Line: n.Line, Message: "nested too deep, or an alias refers to itself"}
	}
	if e.budget < 0 {
		return nil, &Error{File: e.file, Line: n.Line, Message: "aliases make this file too large to read"}
	}
	switch n.Kind {
	case yaml.AliasNode:
		c, err := e.expand(n.Alias, depth+1)
		return c, err
	case yaml.MappingNode:
		return e.expandMap(n, depth)
	case yaml.SequenceNode:
		c := *n
		c.Content = make([]*yaml.Node, len(n.Content))
		for i, item := range n.Content {
			var err error
			if c.Content[i], err = e.expand(item, depth+1); err != nil {
				return nil, err
			}
		}
		return &c, nil
	case yaml.ScalarNode, yaml.DocumentNode:
	}
	return n, nil
}

func (e *expander) expandMap(n *yaml.Node, depth int) (*yaml.Node, error) {
	c := *n
	c.Content = nil
	own := make(map[string]int) // the lines of the keys
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		value, err := e.expand(n.Content[i+1], depth+1)
		if err != nil {
			return nil, err
		}
		if key.Tag == "!!merge" {
			merged = append(merged, value)
			continue
		}
		if key.Kind != yaml.ScalarNode {
			return nil, &Error{File: e.file, Line: key.Line, Message: "a key has to be a plain word"}
		}
		if line, twice := own[key.Value]; twice {
			return nil, &Error{File: e.file, Line: key.Line, Message: fmt.Sprintf("`%s` is there twice, first on line %d: remove one of the two", clip(key.Value), line)}
		}
		own[key.Value] = key.Line
		c.Content = append(c.Content, key, value)
	}
	for _, m := range merged {
		if err := e.merge(&c, m, own); err != nil {
			return nil, err
		}
	}
	return &c, nil
}

// merge adds the entries of what stands behind `<<`, a map or a list of maps,
// whose keys c does not have.
func (e *expander) merge(c, m *yaml.Node, own map[string]int) error {
	maps := []*yaml.Node{m}
	if m.Kind == yaml.SequenceNode {
		maps = m.Content
	}
	for _, from := range maps {
		if from.Kind != yaml.MappingNode {
			return &Error{File: e.file, Line: from.Line, Message: "`<<` takes a map"}
		}
		for i := 0; i+1 < len(from.Content); i += 2 {
			key := from.Content[i]
			if _, has := own[key.Value]; !has {
				own[key.Value] = key.Line
				c.Content = append(c.Content, key, from.Content[i+1])
			}
		}
	}
	return nil
}

func (f *yamlFile) source(n *yaml.Node) Source { return Source{File: f.name, Line: n.Line} }

// note is for what was taken as it is, and skip for what was left out.
func (f *yamlFile) note(n *yaml.Node, format string, args ...any) {
	f.problems = append(f.problems, Problem{File: f.name, Line: n.Line, Message: fmt.Sprintf(format, args...)})
}

func (f *yamlFile) skip(n *yaml.Node, format string, args ...any) {
	f.problems = append(f.problems, Problem{File: f.name, Line: n.Line, Message: fmt.Sprintf(format, args...), Skipped: true})
}

func (f *yamlFile) fail(n *yaml.Node, format string, args ...any) error {
	return &Error{File: f.name, Line: n.Line, Message: fmt.Sprintf(format, args...)}
}

// entry is one key of a map with its value.
type entry struct {
	key   string
	at    *yaml.Node // the key, for its line
	value *yaml.Node
}

// entries lists a map in its order. Values that are null are left out: the
// generators of several platforms write them for "not set". Anything but a map
// is noted and has no entries.
func (f *yamlFile) entries(n *yaml.Node, what string) []entry {
	if n == nil || isNull(n) {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		f.skip(n, "%s is no map of names and values: left out", what)
		return nil
	}
	var list []entry
	for i := 0; i+1 < len(n.Content); i += 2 {
		if !isNull(n.Content[i+1]) {
			list = append(list, entry{n.Content[i].Value, n.Content[i], n.Content[i+1]})
		}
	}
	return list
}

// text is a scalar exactly as it is written: 3.10 stays 3.10, yes stays yes.
// Anything else is noted and not ok.
func (f *yamlFile) text(n *yaml.Node, what string) (string, bool) {
	if n.Kind != yaml.ScalarNode {
		f.skip(n, "%s is to be one value, not a %s: left out", what, kindName(n))
		return "", false
	}
	return strings.TrimSpace(n.Value), true
}

// texts is a list of scalars; one scalar is a list of one.
func (f *yamlFile) texts(n *yaml.Node, what string) []string {
	if n.Kind == yaml.ScalarNode {
		return []string{n.Value}
	}
	if n.Kind != yaml.SequenceNode {
		f.skip(n, "%s is to be a list, not a %s: left out", what, kindName(n))
		return nil
	}
	var list []string
	for _, item := range n.Content {
		if s, ok := f.text(item, "an item of "+what); ok {
			list = append(list, s)
		}
	}
	return list
}

// boolean understands what YAML 1.1, quoted or not, calls true and false.
func (f *yamlFile) boolean(n *yaml.Node, what string) bool {
	s, ok := f.text(n, what)
	if !ok {
		return false
	}
	switch strings.ToLower(s) {
	case "true", "yes", "on", "y", "1":
		return true
	case "false", "no", "off", "n", "0", "":
		return false
	}
	f.skip(n, "%s is `%s`, neither yes nor no: left out", what, clip(s))
	return false
}

// number is a whole number, quoted or not, in a range.
func (f *yamlFile) number(n *yaml.Node, what string, least, most int) (int, bool) {
	s, ok := f.text(n, what)
	if !ok {
		return 0, false
	}
	v, err := strconv.Atoi(s)
	if err != nil || v < least || v > most {
		f.skip(n, "%s is `%s`, not a number from %d to %d: left out", what, clip(s), least, most)
		return 0, false
	}
	return v, true
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "map"
	case yaml.SequenceNode:
		return "list"
	case yaml.ScalarNode, yaml.DocumentNode, yaml.AliasNode:
	}
	return "single value"
}

// unknown notes a key that means nothing here, with what was probably meant.
func (f *yamlFile) unknown(e entry, where string, known []string) {
	hint := ""
	if near := nearest(e.key, known); near != "" {
		hint = fmt.Sprintf(": did you mean `%s`?", near)
	}
	f.skip(e.at, "`%s` is no key of %s%s", clip(e.key), where, hint)
}

// nearest finds the known word that a typing mistake, other case or other
// separators make out of word; empty when there is none.
func nearest(word string, known []string) string {
	plain := func(s string) string {
		return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "", ".", "").Replace(s))
	}
	best, bestCost := "", 3
	for _, k := range known {
		cost := distance(plain(word), plain(k))
		if cost < bestCost && cost*3 <= max(len(k), 3) {
			best, bestCost = k, cost
		}
	}
	return best
}

// distance counts the insertions, deletions, replacements and swaps of
// neighbours that make b out of a (optimal string alignment).
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// quoteWords makes one command of a list of words, for a shell to take apart.
func quoteWords(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quoteWord(w)
	}
	return strings.Join(quoted, " ")
}

func quoteWord(w string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,"
	if w != "" && strings.Trim(w, plain) == "" {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}
