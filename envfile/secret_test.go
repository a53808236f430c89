package envfile

import "testing"

func TestMask(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, value, want string }{
		{"PORT", "5000", "5000"},
		{"GREETING", "hello, world", "hello, world"},
		{"DB_PASSWORD", "x", "****"},
		{"DB_PASSWORD", "", ""},
		{"DATABASE_URL", "postgres://u:pw@host:5432/db?sslmode=disable", "postgres://u:****@host:5432/db?sslmode=disable"},
		{"DATABASE_URL", "postgres://u:p@w/x@host/db", "postgres://u:****@host/db"},
		{"DATABASE_URL", "postgres://u:p?w@host/db", "postgres://u:****@host/db"},
		{"DATABASE_URL", "postgres://u:pw@host/db?mail=a@b.c", "postgres://u:****@host/db?mail=a@b.c"},
		{"DATABASE_URL", "postgres://u@host/db", "postgres://u@host/db"},
		{"DATABASE_URL", "postgres://host/db?user=u&password=pw&x=1", "postgres://host/db?user=u&password=****&x=1"},
		{"REDIS_URL", "redis://:pw@host:6379/0", "redis://:****@host:6379/0"},
		{"URLS", "amqp://a:x@h1, amqp://b:y@h2", "amqp://a:****@h1, amqp://b:****@h2"},
		{"URLS", "amqp://a:x@h1,amqp://b:y@h2", "amqp://a:****@h2"},
		{"CONFIG", `{"db": "mysql://u:pw@h"}`, `{"db": "mysql://u:****@h"}`},
		{"REPO", "https://ghp_0123456789abcdefghij@github.com/a/b", "https://****@github.com/a/b"},
		{"REPO", "ssh://git@github.com/a/b", "ssh://git@github.com/a/b"},
		{"SITE", "http://localhost:3000/@me", "http://localhost:****@me"},
		{"SENTRY_DSN", "https://0123456789abcdef0123@o1.ingest.example/1", "https://****@o1.ingest.example/1"},
		{"SENTRY_DSN", "https://short@example/1", "****"},
		{"DSN", "u:pw@tcp(localhost:3306)/db", "u:****@tcp(localhost:3306)/db"},
		{"CONNECTION", "host=h password=pw dbname=d", "host=h password=**** dbname=d"},
		{"CONNECTION", "Server=s;Pwd=pw;Database=d", "Server=s;Pwd=****;Database=d"},
		{"CALLBACK", "https://h/?access_token=abc&x=1", "https://h/?access_token=****&x=1"},
		{"ANY", "-----BEGIN RSA PRIVATE KEY-----\nabc", "****"},
		{"ANY", "sk_live_0123456789", "****"},
		{"ANY", "eyJhbGciOiJI.eyJzdWIi.c2ln", "****"},
	} {
		if got := Mask(test.name, test.value); got != test.want {
			t.Errorf("Mask(%s, %q) = %q, want %q", test.name, test.value, got, test.want)
		}
		if got, want := Secret(test.name, test.value), test.value != test.want || test.value == ""; got != want {
			t.Errorf("Secret(%s, %q) = %t", test.name, test.value, got)
		}
	}
}

func TestSecretNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"PASSWORD", "DB_PASSWORD", "PGPASSWORD", "DbPassword", "MYSQL_PWD", "SMTP_PASS", "PGPASS", "KEY_PASSPHRASE",
		"SECRET", "SECRET_KEY_BASE", "CLIENT_SECRET", "JWT_SECRET", "GITHUB_TOKEN", "AUTHTOKEN", "token", "authToken", "API_KEY", "APIKEY",
		"apiKey", "PRIVATE_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "RAILS_MASTER_KEY", "ENCRYPTION_KEYS", "KEY",
		"GOOGLE_CREDENTIALS", "SENTRY_DSN", "BASIC_AUTH", "NPM_AUTH", "PASSWORD_SALT", "spring.datasource.password", "NEXT_PUBLIC_TOKEN",
	} {
		if !Secret(name, "value") || Mask(name, "value") != "****" {
			t.Errorf("%s shows its value", name)
		}
	}
	for _, name := range []string{
		"", "PORT", "PATH", "PWD", "OLDPWD", "KEYBOARD", "MONKEY", "TURKEY_COUNT", "PUBLIC_KEY", "STRIPE_PUBLISHABLE_KEY", "COMPASS", "BYPASS",
		"AUTHOR", "GIT_AUTHOR_NAME", "TOKEN_TTL", "MAX_TOKENS", "PASSWORD_MIN_LENGTH", "AUTH_URL", "SSH_AUTH_SOCK", "SECRET_FILE", "SECRETARY", "NODE_ENV",
	} {
		if Secret(name, "value") {
			t.Errorf("%s hides its value", name)
		}
	}
}
