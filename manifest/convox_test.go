package manifest

import (
	"strings"
	"testing"
)

// What a convox.yml says, and what is wrong with one.
func TestConvox(t *testing.T) {
	set := map[string]string{"SET": "value", "LINES": "a\nb", "N": "2"}
	compareGolden(t, "testdata/convox/convox.golden", []string{
		// Defaults.
		"services:\n  web:\n  worker: {}\n",
		// Builds and images.
		"services:\n  a: {build: ./api/}\n  b: {build: {path: b, manifest: Dockerfile.dev, args: [A=1, B, '=x']}}\n  c: {image: redis:7}\n  d: {image: redis, build: .}\n  e: {build: {dockerfile: x, args: {A: b}}}\n",
		// Commands.
		"services:\n  a: {command: bin/web -p 1}\n  b: {command: [bin/web, 'a b']}\n  c: {command: {x: y}}\n",
		// Ports.
		"services:\n  a: {port: 3000}\n  b: {port: 'https:3000'}\n  c: {port: {port: 5000, scheme: grpc}}\n  d: {ports: [53/udp, 54, 55/sctp, x]}\n  e: {port: 80:3000}\n  f: {port: 70000}\n  g: {port: 'ftp:21'}\n  h: {port: {scheme: http}}\n  i: {port: [1]}\n",
		// Health.
		"services:\n  a: {port: 1, health: /up}\n  b: {port: 1, health: {path: up, interval: 10, timeout: 3, grace: 20}}\n  c: {health: /up}\n  d: {port: 1, health: {disable: true}}\n  e: {port: 1, health: {interval: 30s, port: 8080, pth: x}}\n  f: {port: 1, health: [x]}\n  g: {port: 1, health: {interval: 1}}\n",
		// Scale.
		"services:\n  a: {scale: 3}\n  b: {scale: 2-5}\n  c: {scale: {count: 1-4, cpu: 256, memory: 512}}\n  d: {scale: {memory: 512}}\n  e: {scale: 0}\n  f: {scale: {count: {min: 2, max: 3}}}\n  g: {scale: {min: 4}}\n  h: {scale: many}\n  i: {scale: 2+}\n  j: {scale: {cuont: 1}}\n  k: {scale: 1-x}\n",
		// Stopping, volumes, links.
		"services:\n  a: {termination: {grace: 45}, drain: 10}\n  b: {drain: 20, links: [a, c]}\n  c: {volumes: [/data, 'shared:/srv', './x:/y', /var/run/docker.sock, 'a:b']}\n  d: {termination: {graze: 1}, drain: 1m}\n",
		// Resources.
		"resources:\n  db: {type: postgres, options: {version: 14.10}}\n  my_cache: {type: redis, image: redis:7}\n  odd: {type: postgre}\n  none:\n  far: {type: rds-postgres}\nservices:\n  a: {resources: [db, 'my_cache:CACHE_URL', d, none]}\n",
		// Timers.
		"services: {web: {}}\ntimers:\n  clean: {schedule: '0 3 * * ?', command: bin/clean, service: web}\n  lost: {schedule: x, command: y, service: wbe}\n  half: {command: y}\n  long: {command: bin/rake with:many words:and even:more of:them, service: web}\n",
		// Environment.
		"environment:\n  - RACK_ENV=production\n  - SECRET\nservices:\n  a:\n    environment:\n      - RACK_ENV=test\n      - SECRET=default\n      - EMPTY=\n      - URL=a=b\n      - \"*\"\n  b: {environment: [RACK_ENV, [C=1, D]]}\n  c: {}\n",
		"x-env: &env\n  - A=1\n  - B\nservices:\n  a:\n    environment:\n      - *env\n      - C= d \n  b: &b {command: x, environment: *env}\n  c:\n    <<: *b\n    command: y\n",
		"services:\n  a: {environment: {A: b}}\n", "environment: A=b\nservices: {a: {}}\n",
		"services:\n  a:\n    environment:\n      - A: b\n      - C = d\n      - {}\n      -\n      - 'E F'\n",
		// Interpolation.
		"services:\n  a:\n    domain: ${HOST} # ${COMMENT}\n    command: run ${SET} ${LINES} $SET ${UNSET}\n    scale: ${N}\n    environment:\n      - X=${SET}\n      - Y=${UNSET}\n  b: {image: 'r/x:${TAG}', port: 1}\n",
		"services:\n  a:\n    port: ${UNSET}\n",
		// Mistakes.
		"", "- a\n", "web: {}\n", "service: {web: {}}\n", "services:\n", "services: []\n", "services: {Web: {}}\n", "services:\n  my_app: {}\n", "services: {1a: {}}\n", "services: {web: x}\n",
		"version: 2\nservices:\n  web:\n    env: [A=b]\n    Environment: [A=b]\n    healthcheck: /x\n    depends_on: [db]\n    x-mine: 1\n    sticky: true\n    test: make\n    init: yes\nbalancers: {}\nnetworks: {}\n",
		"services: {a: {}, a: {}}\n", "services:\n\ta: {}\n", "services: {a: {build: [x], image: {a: b}, termination: 5, resources: {a: b}, volumes: {c: d}, links: {a: b}}}\n",
	}, func(text string) (App, error) {
		return readConvox("convox.yml", []byte(text), func(name string) (string, bool) {
			value, ok := set[name]
			return value, ok
		})
	})
}

// Without an environment `${NAME}` is left as it is.
func TestConvoxWithoutLookup(t *testing.T) {
	app, err := readConvox("convox.yml", []byte("services:\n  web: {command: 'run ${A}'}\n"), nil)
	if err != nil || len(app.Problems) > 0 || app.Processes[0].Command != "run ${A}" {
		t.Errorf("got %v, %v, want the command as it is", app, err)
	}
}

func FuzzConvox(f *testing.F) {
	for _, seed := range []string{
		"environment: [A=b, C]\nresources: {db: {type: postgres, options: {version: 14}}}\nservices:\n  web: {build: {path: ., manifest: D, args: [A=b]}, command: x ${SET}, port: https:3000, health: {path: /, interval: 5}, resources: [db], scale: {count: 1-2}}\n  worker:\ntimers: {t: {schedule: x, command: y, service: web}}\n",
		"services:\n  a: &a {environment: [[A], '*', {B: c}], volumes: [/x, 'y:/z']}\n  b:\n    <<: *a\n", "services: {a: {port: {port: 1}, ports: [1/udp], scale: 0, termination: {grace: 1}}}\r\n", "services:\n  a: ${UNSET}\n  ${SET}: {}\n", "services: {a_b: }", "${\n}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		lines := lineCount(data)
		for _, lookup := range []func(string) (string, bool){nil, func(name string) (string, bool) { return "a\nb: c", strings.HasPrefix(name, "S") }} {
			app, err := readConvox("F", data, lookup)
			placesInto(t, app, err, lines)
			if err == nil && len(app.Processes) == 0 {
				t.Fatal("got neither a process nor an error")
			}
		}
	})
}
