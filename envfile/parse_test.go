package envfile

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
)

// shell is the environment outside the file in these tests.
func shell(name string) (string, bool) {
	value, ok := map[string]string{
		"HOME": "/home/u", "PATH": "/usr/bin:/bin", "EMPTY": "", "lower": "from shell", "SHELL_ONLY": "s",
	}[name]
	return value, ok
}

// parse fails the test if text cannot be read.
func parse(t *testing.T, text string) (map[string]string, File) {
	t.Helper()
	file, err := Parse(".env", []byte(text), shell)
	if err != nil {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	vars := map[string]string{}
	for _, v := range file.Vars {
		if _, twice := vars[v.Name]; twice {
			t.Errorf("Parse(%q) returned %s twice", text, v.Name)
		}
		vars[v.Name] = v.Value
	}
	return vars, file
}

// Each text sets V, among others, to the value.
func TestValues(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, text, want string }{
		{"spaces around the sign", "V  =  two words  ", "two words"},
		{"yaml style", "V: 1", "1"},
		{"export", "  export\tV=1", "1"},
		{"name that only starts with export", "exported=no\nV=1", "1"},
		{"sign in the value", "V=a=b==", "a=b=="},
		{"no-break space around the value", "V=\u00a0b\u00a0", "b"},
		{"inner tab", "V=a\tb", "a\tb"},
		{"last byte is that of a no-break space", "V=Р\nW=1", "Р"},
		{"not UTF-8", "V=caf\xe9 \xa0\x85", "caf\xe9 \xa0\x85"},
		{"not UTF-8, with a variable", "H=1\nV=\xe9$H\xff", "\xe91\xff"},
		{"not UTF-8, in quotes with an escape", `V="\n` + "\xe9\\\xff" + `"`, "\n\xe9\xff"},

		{"byte order mark", "\ufeffV=1", "1"},
		{"CRLF", "A=1\r\nV=2\r\nB=3\r\n", "2"},
		{"CRLF in quotes", "V=\"a\r\nb\"\r\n", "a\nb"},
		{"lone CR ends lines", "# c\rA=\rV=2\rB=3", "2"},
		{"lone CR in quotes", "V='a\rb'", "a\rb"},
		{"CR before CRLF in quotes", "V=\"a\\n\r\r\nb\"", "a\n\r\nb"},

		{"comment", "V=a # b", "a"},
		{"comment starts at the first sign", "V=a # b # c", "a"},
		{"comment after a tab", "V=a\t# b", "a"},
		{"no comment without a space", "V=a#b c#d", "a#b c#d"},
		{"colour", "V=#fff", "#fff"},
		{"colour and comment", "V=#fff # white", "#fff"},
		{"nothing but a comment", "V= # fill this in", ""},
		{"comment after quotes", "V=\"a # b\" # c", "a # b"},
		{"comment right after quotes", "V='a'#c", "a"},
		{"sign inside backticks", "V=`a # b` # c", "`a # b`"},

		{"empty", "V=\nW=1", ""},
		{"empty quotes", "V=''", ""},
		{"single quotes", `V='a "b" $HOME \n \\ \'c\' d'`, `a "b" $HOME \n \\ \'c\' d`},
		{"single quotes that end in an escaped quote", `V='a\''`, `a\'`},
		{"double quotes", `V="a 'b' \"c\" \\ \n\r|"`, "a 'b' \"c\" \\ \n\r|"},
		{"other escapes lose their backslash", `V="\a\t\#\é"`, "at#é"},
		{"escaped quotes at both ends", `V="\"a\""`, `"a"`},
		{"backslash at the end of double quotes", `V="C:\\dir\\"` + "\nW=1", `C:\dir\`},
		{"backslash at the end of single quotes", `V='C:\\'` + "\nW=1", `C:\\`},
		{"several lines in double quotes", "V=\"a\n\n #b\nW=1\n\"\nX=2", "a\n\n #b\nW=1\n"},
		{"several lines in single quotes", "V='a\nb'", "a\nb"},
		{"backslash before a line end", "V=\"a\\\nb\"", "a\nb"},
		{"unquoted quotes", `V=5" and it's`, `5" and it's`},
		{"unquoted backslashes", `V=C:\new\table`, `C:\new\table`},
		{"JSON in a value", `V={"a": [1, "b"]}`, `{"a": [1, "b"]}`},
		{"backticks are data", "V=`a b`", "`a b`"},
		{"second assignment after quotes", `A="1" V="2"`, "2"},
		{"last one wins", "V=1\nV=2", "2"},

		{"variable", "A=1\nV=$A-${A}", "1-1"},
		{"variable in double quotes", "A=1\nV=\"$A ${A}\"", "1 1"},
		{"variable from outside", "V=$HOME/x", "/home/u/x"},
		{"the file comes first", "HOME=f\nV=$HOME", "f"},
		{"what stands below is not seen", "V=[$A]\nA=1", "[]"},
		{"a value is not read again", "A='$HOME ${HOME}'\nV=$A", "$HOME ${HOME}"},
		{"lower case in braces", "low_er=1\nV=${low_er}", "1"},
		{"mixed case in braces", "Foo_Bar=1\nV=${Foo_Bar}", "1"},
		{"lower case without braces", "x=1\nV=$x", "$x"},
		{"lower case without braces, from outside", "V=$lower", "$lower"},
		{"mixed case", "Foo=1\nV=$Foo", "1"},
		{"mixed case that is nobody's", "V=pa$Word", "pa$Word"},
		{"upper-case part that the file sets", "FOO=1\nV=$FOObar", "1bar"},
		{"dotted name", "a.b=1\nV=${a.b}", "1"},
		{"dotted name that is nobody's", "V=${spring.port}", "${spring.port}"},
		{"brace after a variable", "PORT=1\nV=\"{p: $PORT}\"", "{p: 1}"},
		{"brace after a variable that is not set", "V={p: $NOPE}", "{p: $NOPE}"},
		{"not set", "V=a${NOPE}b$NOPE", "ab"},
		{"brace that does not close", "A=1\nV=${A", "1"},

		{"escaped dollar", `V=\$HOME`, "$HOME"},
		{"escaped dollar in double quotes", `V="\$HOME \${HOME}"`, "$HOME ${HOME}"},
		{"two backslashes before a dollar", `V=\\$HOME`, `\$HOME`},
		{"two backslashes before a dollar, in double quotes", `V="\\$HOME"`, `$HOME`},
		{"three backslashes before a dollar, in double quotes", `V="\\\$HOME"`, `\$HOME`},
		{"digits", "V=US$100 and pa$1word", "US$100 and pa$1word"},
		{"digits in braces", "V=${1}", "${1}"},
		{"dollars alone", `V="$ $$ a$"`, "$ $$ a$"},
		{"underscore", "V=a$_", "a$_"},
		{"command", "V=$(rm -rf /) $(HOME)", "$(rm -rf /) $(HOME)"},
		{"double dollar", "A=1\nV=$$A $${A} $${a}", "$1 $1 $${a}"},
		{"malformed braces", "V=${ ${} ${ foo} ${foo!} ${HOME%/*} ${#HOME}", "${ ${} ${ foo} ${foo!} ${HOME%/*} ${#HOME}"},
		{"braces that do not close, with an operator", "V=${HOME:-a", "${HOME:-a"},

		{"default", "V=${NOPE:-def}", "def"},
		{"default of what is empty", "V=${EMPTY:-def}|${EMPTY-def}", "def|"},
		{"default of what is set", "V=${HOME:-def}", "/home/u"},
		{"default that assigns", "V=${NOPE:=def}${NOPE=x}", "defx"},
		{"default with variables", "A=1\nV=${NOPE:-<${A}$A${NO:-2}>}!", "<112>!"},
		{"default with braces", `V=${NOPE:-{"a":{}}}.`, `{"a":{}}.`},
		{"default with an open brace", `V=${NOPE:-{}.`, `{.`},
		{"default with spaces", `V="${NOPE:-a b}"`, "a b"},
		{"default with a dollar", `V=${NOPE:-US\$1}`, "US$1"},
		{"alternative", "V=${HOME:+yes}${EMPTY:+no}${EMPTY+yes}${NOPE+no}", "yesyes"},
		{"required", "V=${HOME:?must be set}${EMPTY?}", "/home/u"},
		{"unused words are not looked at", "V=${HOME:-${NOPE:?no}}", "/home/u"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			vars, _ := parse(t, test.text)
			if got, ok := vars["V"]; !ok || got != test.want {
				t.Errorf("Parse(%q) set V to %q, want %q", test.text, got, test.want)
			}
		})
	}
}

// A password hash is kept, whatever it holds and whatever the file sets.
func TestPasswordHashes(t *testing.T) {
	t.Parallel()
	for _, hash := range []string{
		"$2b$10$ABCDEFGHIJKLMNOPQRSTUV",
		"$2y$05$A.A/AAA$B",
		"$2a$12$" + strings.Repeat("AB", 26) + "C",
		"$1$SALT$SUM/A.",
		"$5$rounds=5000$SALT$SUM",
		"$6$SALT$SUM",
		"$y$j9T$A$B",
		"$7$CU..A$B",
		"$apr1$SALT$SUM",
		"$argon2id$v=19$m=65536,t=3,p=4$A$B+B/A",
		"$pbkdf2-sha256$29000$A$B",
		"$P$B" + strings.Repeat("A", 30),
		"pbkdf2_sha256$600000$A$B=",
		"pbkdf2:sha256:600000$A$B",
		"scrypt:32768:8:1$A$B",
		"scrypt$16384$A$8$1$B",
		"bcrypt_sha256$$2b$12$A$B",
		"argon2$argon2i$v=19$m=512,t=2,p=2$A$B",
		"sha1$A$B",
		"admin:$apr1$SALT$SUM,bob:$2y$10$A$B",
	} {
		for _, quote := range []string{"", `"`, "'"} {
			text := "A=a\nB=b\nSALT=s\nSUM=t\nV=" + quote + hash + quote
			vars, file := parse(t, text)
			if vars["V"] != hash {
				t.Errorf("Parse(%q) set V to %q", text, vars["V"])
			}
			if len(file.Warnings) > 0 {
				t.Errorf("Parse(%q) warned: %v", text, file.Warnings)
			}
		}
	}
	vars, _ := parse(t, "UNIT=kg\nV=$1$UNIT\nW=\"$6$SALT$SUM${UNIT}\"")
	if vars["V"] != "$1kg" || vars["W"] != "$6$SALT$SUMkg" {
		t.Errorf("next to variables: %q", vars)
	}
}

// A file that makes no sense is refused with the line that a person has to look
// at.
func TestErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text string
		line       int
		message    string
	}{
		{"plus in a name", "A=1\nFOO+BAR=1", 2, `cannot contain '+'`},
		{"bracket", "[section]\nA=1", 1, `cannot contain '['`},
		{"quoted name", "\n\n\"A\"=1", 3, `cannot contain '"'`},
		{"letter beyond ASCII", "é=1", 1, `cannot contain 'é'`},
		{"letter beyond ASCII that godotenv takes", "Р=1", 1, `cannot contain 'Р'`},
		{"hyphen first", "-a=1", 1, `cannot contain '-'`},
		{"space in a name", "A=1\n\nset B=1", 3, "cannot contain a space"},
		{"words", "INVALID LINE", 1, "cannot contain a space"},
		{"export alone", "export #x", 1, "export without a name"},
		{"export of nothing", "export NOPE", 1, "NOPE is exported but set neither above nor in the shell"},
		{"NUL", "A=1\r\nB=\"a\n\x00\"", 3, "NUL"},
		{"UTF-16", "\xff\xfeA\x00=\x001\x00", 1, "UTF-16"},
		{"open double quote", "A=1\nB=\"b\nC=1\n", 2, "does not close"},
		{"open single quote", "A='b\nC=1\n", 1, "quote ' that opens here does not close"},
		{"escaped closing quote", `A="b\"`, 1, "does not close"},
		{"text after quotes", "A=\"b\nc\"d", 2, "text after the closing quote"},
		{"word after quotes", "A='b' c\nB=1", 1, "text after the closing quote"},
		{"quotes after quotes", "A=1\nB=\"b\" \"c\"\n", 2, "text after the closing quote"},
		{"backticks over lines", "A=1\nB=`b\nc`", 2, "backtick"},
		{"backticks over lines with a word in one", "B=`b\nword\n`", 1, "backtick"},
		{"line continued", "A=a\\\nb\n", 1, "backslash"},
		{"required", "\nA=${NOPE:?say $HOME}", 2, "A: NOPE is not set: say /home/u"},
		{"required but empty", "A=${EMPTY:?}", 1, "A: EMPTY is empty"},
		{"too deep", "A=" + strings.Repeat("${A:-", 60) + strings.Repeat("}", 60), 1, "nested too deeply"},
		{"too much", "A=" + strings.Repeat("x", 1<<16) + "\nB=" + strings.Repeat("$A", 100) + "\nC=" + strings.Repeat("$B", 100), 2, "larger than 4 MiB"},
		{"too large", strings.Repeat("#", maxFile+1), 0, "larger than 4 MiB"},
		{"JSON that is none", "{\"A\": 1,\n\"B\" 2}", 2, "starts like JSON"},
		{"JSON that ends", "{\n\"A\": [1", 2, "ends too early"},
		{"JSON and more", "{\"A\": 1}\n\nB=2", 3, "text after the JSON"},
		{"JSON with an impossible name", "{\"A\": 1,\n\"b c\": 2}", 2, `"B C" cannot be the name`},
		{"JSON without a name", `{"": 2}`, 1, `"" cannot be the name`},
		{"JSON with NUL", `{"A": "\u0000"}`, 1, "NUL"},
		{"JSON too deep", strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200), 1, "nested too deeply"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file, err := Parse("dir/.env", []byte(test.text), shell)
			problem, ok := errors.AsType[*Error](err)
			if !ok {
				t.Fatalf("Parse(%q) = %v, %v, want an *Error", test.text, file, err)
			}
			if problem.Line != test.line || !strings.Contains(problem.Message, test.message) {
				t.Errorf("Parse(%.60q): %v, want line %d and %q", test.text, err, test.line, test.message)
			}
		})
	}
}

func TestErrorNamesItsPlace(t *testing.T) {
	t.Parallel()
	if got := (&Error{File: "a/.env", Line: 3, Message: "m"}).Error(); got != "a/.env:3: m" {
		t.Errorf("got %q", got)
	}
	if got := (&Error{File: "a/.env", Message: "m"}).Error(); got != "a/.env: m" {
		t.Errorf("got %q", got)
	}
}

// What is read but was perhaps not meant is said, with its line and without any
// value.
func TestWarnings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"nothing to say", "A=1\nB=$A ${HOME} ${NOPE:-x} ${NOPE+y} pa$word US$1 \\$NOPE '\nexport A\nC=$EMPTY", nil},
		{"not set", "A=1\nB=\"\n$NOPE\"", []string{"2: B: $NOPE is not set"}},
		{"not set in braces", "B=${nope}${NOPE}", []string{"1: B: $nope is not set", "1: B: $NOPE is not set"}},
		{"command", "A=$(id)", []string{"1: A: $(...) is kept"}},
		{"malformed", "A=${}${", []string{"1: A: ${...}", "1: A: ${...}"}},
		{"not closed", "A=${HOME", []string{"1: A: ${HOME has no }"}},
		{"digit first", "\n1A=1", []string{"2: 1A starts with a digit"}},
		{"no name", "=1", []string{"1: a value without a name"}},
		{"bare and nowhere", "NOPE # c", []string{"1: NOPE has no value here and none in the shell"}},
		{"bare and in the shell", "\nHOME", []string{"2: HOME has no value here and keeps the shell's"}},
		{"bare and in the file", "A=1\nA", []string{"2: A stands alone"}},
		{"bare and perhaps a key", strings.Repeat("SECRET", 9), []string{"1: SECRETSE... has no value"}},
		{"colour behind a space", "A= #fff\nB= # fill", []string{"1: A is empty"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, file := parse(t, test.text)
			if len(file.Warnings) != len(test.want) {
				t.Fatalf("Parse(%q) warned %v, want %q", test.text, file.Warnings, test.want)
			}
			for i, w := range file.Warnings {
				got := (&Error{File: w.File, Line: w.Line, Message: w.Message}).Error()
				if !strings.HasPrefix(got, ".env:"+test.want[i]) {
					t.Errorf("warning %q, want .env:%s", got, test.want[i])
				}
			}
		})
	}
}

// A flood of warnings is counted, not listed.
func TestWarningsEnd(t *testing.T) {
	t.Parallel()
	_, file := parse(t, strings.Repeat("A=$NOPE\n", 1000))
	if len(file.Warnings) != maxWarnings+1 {
		t.Fatalf("%d warnings, want %d", len(file.Warnings), maxWarnings+1)
	}
	if last := file.Warnings[maxWarnings]; last.Message != "900 more warnings" {
		t.Errorf("the last one is %q", last.Message)
	}
}

// Bare names take the shell's value or stay unset.
func TestBareNames(t *testing.T) {
	t.Parallel()
	vars, _ := parse(t, "HOME\nNOPE\nA=1\nA\nexport A\nexport PATH # c")
	want := map[string]string{"HOME": "/home/u", "A": "1", "PATH": "/usr/bin:/bin"}
	if !maps.Equal(vars, want) {
		t.Errorf("got %q, want %q", vars, want)
	}
}

// Extends is true where the value holds what its own name has outside.
func TestExtends(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text, value string
		want        bool
	}{
		{"PATH=./bin:$PATH", "./bin:/usr/bin:/bin", true},
		{"PATH=\"${PATH}:./bin\"", "/usr/bin:/bin:./bin", true},
		{"PATH=a:$PATH\nPATH=b:$PATH", "b:a:/usr/bin:/bin", true},
		{"PATH=${PATH:-x}", "/usr/bin:/bin", true},
		{"PATH=a\nPATH=$PATH:b", "a:b", false},
		{"P=$PATH\nPATH=$P:b", "/usr/bin:/bin:b", false},
		{"PATH='$PATH'", "$PATH", false},
		{"PATH=\\$PATH", "$PATH", false},
		{"PATH=x", "x", false},
	} {
		_, file := parse(t, test.text)
		last := file.Vars[len(file.Vars)-1]
		if last.Value != test.value || last.Extends != test.want {
			t.Errorf("Parse(%q) = %+v, want %q, extends %t", test.text, last, test.value, test.want)
		}
	}
}

// Variables come in the order of the file with the line that counts.
func TestOrderAndLines(t *testing.T) {
	t.Parallel()
	_, file := parse(t, "B=1\n\n# c\nA='\n\n'\nC=1 # c\nB=2\r\nD=1 \\\nexport E=1")
	want := []Var{
		{Name: "A", Value: "\n\n", Line: 4},
		{Name: "C", Value: "1", Line: 7},
		{Name: "B", Value: "2", Line: 8},
		{Name: "D", Value: "1 \\", Line: 9},
		{Name: "E", Value: "1", Line: 10},
	}
	if !slices.Equal(file.Vars, want) {
		t.Errorf("got  %+v\nwant %+v", file.Vars, want)
	}
}

// JSON is flattened as heroku local does it.
func TestJSON(t *testing.T) {
	t.Parallel()
	_, file := parse(t, "\n { \"db\": {\"host\": \"h $HOME\",\n \"ports\": [1, 2.50, 1e3]},\n \"on\": true, \"none\": null, \"e\": {}, \"l\": [],\n \"K-1.x\": \"é\\n\",\"on\": false}\n")
	want := []Var{
		{Name: "DB_HOST", Value: "h $HOME", Line: 2},
		{Name: "DB_PORTS_0", Value: "1", Line: 3},
		{Name: "DB_PORTS_1", Value: "2.50", Line: 3},
		{Name: "DB_PORTS_2", Value: "1e3", Line: 3},
		{Name: "K-1.X", Value: "é\n", Line: 5},
		{Name: "ON", Value: "false", Line: 5},
	}
	if !slices.Equal(file.Vars, want) {
		t.Errorf("got  %+v\nwant %+v", file.Vars, want)
	}
}
