package portcheck

import (
	"slices"
	"testing"
)

// Only sockets at the local port count, of those with an owner.
func TestParseProcNet(t *testing.T) {
	const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0000000000000000 100 0 0 10 0
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 17 1 0000000000000000 100 0 0 10 0
   2: 0100007F:1388 0100007F:C001 01 00000000:00000000 00:00000000 00000000  1000        0 4243 1 0000000000000000 20 4 30 10 -1
   3: 0100007F:C001 0100007F:1388 01 00000000:00000000 00:00000000 00000000  1000        0 4244 1 0000000000000000 20 4 30 10 -1
   4: 0100007F:1388 0100007F:C002 06 00000000:00000000 03:00001770 00000000     0        0 0 3 0000000000000000
`
	const tcp6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:1388 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 5151 1 0000000000000000 100 0 0 10 0
torn li`
	for _, c := range []struct {
		text string
		port int
		want []socket
	}{
		{tcp, 5000, []socket{{"4242", "1000", true}, {"4243", "1000", false}}},
		{tcp, 22, []socket{{"17", "0", true}}},
		{tcp, 0xC001, []socket{{"4244", "1000", false}}},
		{tcp, 5001, nil},
		{tcp6, 5000, []socket{{"5151", "999", true}}},
		{"", 5000, nil},
	} {
		if got := parseProcNet([]byte(c.text), c.port); !slices.Equal(got, c.want) {
			t.Errorf("port %d: got %v, want %v", c.port, got, c.want)
		}
	}
}

func TestParseLsof(t *testing.T) {
	for _, c := range []struct {
		text          string
		pid           int
		command, name string
	}{
		{"p501\ncnode\nf22\nn127.0.0.1:5000\nf23\nn[::1]:5000\n", 501, "node", "127.0.0.1:5000"},
		{"p501\ncruby\nf9\nn*:3000\np502\ncruby\nf9\nn*:3000\n", 501, "ruby", "*:3000"},
		{"p501\nfcwd\nn/Users/me/my app\n", 501, "", "/Users/me/my app"},
		{"\n\np\n", 0, "", ""},
		{"", 0, "", ""},
	} {
		pid, command, name := parseLsof([]byte(c.text))
		if pid != c.pid || command != c.command || name != c.name {
			t.Errorf("%q: got %d, %q, %q, want %d, %q, %q", c.text, pid, command, name, c.pid, c.command, c.name)
		}
	}
}

// The state is another word in other languages; a connection is not a listener.
func TestParseNetstat(t *testing.T) {
	const text = "\r\nAktive Verbindungen\r\n\r\n" +
		"  Proto  Lokale Adresse         Remoteadresse          Status           PID\r\n" +
		"  TCP    127.0.0.1:50000        127.0.0.1:5000         HERGESTELLT      11\r\n" +
		"  TCP    127.0.0.1:5000         127.0.0.1:50000        HERGESTELLT      12\r\n" +
		"  TCP    0.0.0.0:5000           0.0.0.0:0              ABHÖREN          1234\r\n" +
		"  TCP    [::1]:6000             [::]:0                 ABHÖREN          99\r\n" +
		"  UDP    0.0.0.0:7000           *:*                                     13\r\n"
	for port, want := range map[int]int{5000: 1234, 6000: 99, 7000: 0, 50000: 0, 500: 0} {
		if got := parseNetstat([]byte(text), port); got != want {
			t.Errorf("port %d: got %d, want %d", port, got, want)
		}
	}
}
