// Answers on PORT with its name, the port and a variable from .env.
const http = require('node:http');

const port = Number(process.env.PORT);
if (!port) {
  console.error('web: PORT is not set');
  process.exit(1);
}

const server = http.createServer((request, response) => {
  response.end(`${process.env.GREETING} from ${process.env.PS} on port ${port}\n`);
  console.log(`${request.method} ${request.url} ${response.statusCode}`);
});
server.listen(port, '127.0.0.1', () => console.log(`listening on http://localhost:${port}`));

process.on('SIGTERM', () => {
  console.log('closing');
  server.close(() => process.exit(0));
  server.closeAllConnections();
});
