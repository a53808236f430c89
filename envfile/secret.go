package envfile

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// masked stands for every secret, whatever its length.
const masked = "****"

// longUser is the length from which a URL's user without a password is taken for
// a token, as in https://ghp_...@github.com and a Sentry DSN.
const longUser = 16

// patterns tell secrets from other values.
type patterns struct {
	// word matches a word of a name that makes the name a secret's.
	word *regexp.Regexp
	// harmless matches the last word of a name that tells about a secret
	// without holding it.
	harmless *regexp.Regexp
	// value matches what is a secret under any name: private keys, web tokens,
	// and what the large services hand out.
	value *regexp.Regexp
	// url matches a URL anywhere in a value, query the start of its query.
	url, query *regexp.Regexp
	// setting matches a secret among settings: in a query, or in the key=value
	// form that libpq and ADO know.
	setting *regexp.Regexp
	// dialled matches the form of Go's MySQL driver, user:password@tcp(host).
	dialled *regexp.Regexp
}

//nolint:gochecknoglobals // compiled regexps; only on first use, because devrun starts itself for every process
var secrets = sync.OnceValue(func() patterns {
	return patterns{
		word: regexp.MustCompile(`^(?:\w*PASSWORD|\w*PASSWD|\w*PASSPHRASE|(?:DB|PG|MYSQL|SMTP|MAIL|EMAIL|REDIS|FTP|USER|ROOT|ADMIN)?PASS|(?:DB|PG|MYSQL)?PWD|` +
			`\w*SECRETS?|\w*TOKENS?|\w*CREDENTIALS?|CREDS?|DSN|AUTH|JWT|SALT|PEPPER|(?:API|ACCESS|PRIVATE|SECRET|AUTH|SSH|SIGNING|ENCRYPTION|MASTER|LICEN[CS]E)?KEYS?)$`),
		harmless: regexp.MustCompile(`^(?:TTL|AGE|LENGTH|LEN|MIN|MAX|SIZE|ENABLED|DISABLED|REQUIRED|EXPIRY|EXPIRES|EXPIRATION|IN|TIMEOUT|URL|URI|HOST|PORT|` +
			`FILE|PATH|DIR|TYPE|ALGORITHM|ALG|PREFIX|COUNT|LIMIT|ROUNDS|DOMAIN|ISSUER|AUDIENCE|METHOD|METHODS|MODE|HEADER|PROVIDER|PROVIDERS|SOCK)$`),
		value: regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*|\b(?:sk|rk|whsec)_(?:live_|test_)?\w{8,}|\bsk-[\w-]{16,}|` +
			`\bgh[opsru]_\w{16,}|\bgithub_pat_\w+|\bglpat-[\w-]+|\bxox[abeoprs]-[\w-]+|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bSG\.[\w-]{16,}\.[\w-]+|hooks\.slack\.com/\w|\bAIza[\w-]{30,}`),
		url:     regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]+`),
		query:   regexp.MustCompile(`\?[\w.\[\]-]+=`),
		setting: regexp.MustCompile(`(?i)((?:\b|_)(?:password|passwd|pwd|secret|token|api_?key|access_?key|account_?key|sig|signature)=)[^\s;&"']+`),
		dialled: regexp.MustCompile(`^([^:/@\s]*:)[^\s]*(@[a-z0-9]+\()`),
	}
})

// Secret says whether the variable looks like one whose value should not be
// shown: by its name, or because its value is or contains a known kind of
// secret, as a URL with a password. A wrong yes is cheaper than a wrong no.
func Secret(name, value string) bool {
	return secretName(name) || secrets().value.MatchString(value) || maskParts(value) != value
}

// Mask returns value as it may be shown: a secret becomes ****, and of a URL or
// a list of settings only the secret part does. A value that is no secret, and
// an empty one, is returned as it is.
func Mask(name, value string) string {
	if value == "" {
		return ""
	}
	parts := maskParts(value)
	switch {
	case secrets().value.MatchString(parts):
		return masked
	case parts != value:
		return parts
	case secretName(name):
		return masked
	}
	return value
}

// secretName judges by the words of a name, so that MONKEY and KEYBOARD are no
// keys.
func secretName(name string) bool {
	words := strings.FieldsFunc(strings.ToUpper(splitCamel(name)), func(r rune) bool { return r == '_' || r == '-' || r == '.' })
	if len(words) == 0 || name == "PWD" || name == "OLDPWD" || name == "INIT_CWD" {
		return false
	}
	if slices.ContainsFunc(words, func(w string) bool { return w == "PUBLIC" || w == "PUBLISHABLE" || w == "PUB" }) {
		// NEXT_PUBLIC_AUTH_TOKEN goes to every browser anyway; a mistake there
		// is still worth hiding, so only keys are let off.
		words = slices.DeleteFunc(words, func(w string) bool { return strings.HasSuffix(w, "KEY") || strings.HasSuffix(w, "KEYS") })
	}
	if len(words) > 1 && (words[0] == "MAX" || words[0] == "MIN" || secrets().harmless.MatchString(words[len(words)-1])) {
		return false
	}
	return slices.ContainsFunc(words, secrets().word.MatchString)
}

// splitCamel puts an underscore into apiKey, so that it has two words.
func splitCamel(name string) string {
	var out strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' && name[i-1] >= 'a' && name[i-1] <= 'z' {
			out.WriteByte('_')
		}
		out.WriteRune(r)
	}
	return out.String()
}

func maskParts(value string) string {
	value = secrets().url.ReplaceAllStringFunc(value, maskURL)
	value = secrets().dialled.ReplaceAllString(value, "${1}"+masked+"${2}")
	return secrets().setting.ReplaceAllString(value, "${1}"+masked)
}

// maskURL hides the password of a URL, and a user without one, which is a token.
// It does not parse: a password in the wild has unescaped @, / and %, and none
// of it may show.
func maskURL(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	place := rest
	if q := secrets().query.FindStringIndex(rest); q != nil {
		place = rest[:q[0]]
	}
	at := strings.LastIndexByte(place, '@')
	if at < 0 {
		at = strings.LastIndexByte(rest, '@')
	}
	if at < 0 {
		return url
	}
	user, password, found := strings.Cut(rest[:at], ":")
	switch {
	case found && password != "":
		return scheme + "://" + user + ":" + masked + rest[at:]
	case len(user) < longUser || strings.Contains(user, "/"):
		return url
	default:
		return scheme + "://" + masked + rest[at:]
	}
}
