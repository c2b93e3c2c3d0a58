// SPDX-License-Identifier: MIT
// npm's ws sends back what it gets (roles.py says how it is called).
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { WebSocket, WebSocketServer } from 'ws';
import { echoAll } from './roles.mjs';

const [, , role, deflate, first, second] = process.argv;
const perMessageDeflate = deflate === '1' ? { threshold: 0 } : false;

function sendBack(socket) {
  socket.on('error', () => {}); // its close says why
  socket.on('message', (data, binary) => socket.send(data, { binary }));
}

// As ws answers requests for pages itself where it makes the HTTP server.
function deny(request, answer) {
  answer.writeHead(426, { 'Content-Type': 'text/plain' });
  answer.end('Upgrade Required');
}

function serve(cert, key) {
  const http = cert === '-' ? createServer(deny)
    : createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, deny);
  new WebSocketServer({ server: http, perMessageDeflate }).on('connection', sendBack);
  http.listen(0, '127.0.0.1', () => {
    const address = `127.0.0.1:${http.address().port}`;
    console.log(JSON.stringify({ event: 'listening', address }));
  });
}

function echo(caFile, atOnce) {
  const ca = caFile === '-' ? undefined : readFileSync(caFile);
  return echoAll((url) => new Promise((resolve) => {
    const socket = new WebSocket(url, { perMessageDeflate, ca });
    sendBack(socket);
    socket.on('close', resolve);
  }), atOnce);
}

await (role === 'server' ? serve(first, second) : echo(first, Number(second)));
