// Behaves as the watchers of esbuild, tailwind and postcss do: it goes on for as
// long as its stdin is open and ends when stdin ends. A runner that gives it
// /dev/null, or a terminal shared with the others, breaks it at once.
let builds = 0;

function build() {
  builds += 1;
  console.log(`build ${builds} finished, watching for changes`);
}

build();
const rebuild = setInterval(build, 1000);

process.stdin.resume();
process.stdin.on('end', () => {
  console.log('stdin ended: no longer watching');
  clearInterval(rebuild);
});
process.on('SIGTERM', () => process.exit(0));
