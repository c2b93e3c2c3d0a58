// SPDX-License-Identifier: MIT
// npm's ws as a peer: follows plans as a client, has the manners of a server (plan.h).
//
// usage: node ws_peer.mjs client URL DEFLATE CA_FILE|- PLAN...
//        node ws_peer.mjs server DEFLATE CERT_FILE|- KEY_FILE|-
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { WebSocket, WebSocketServer } from 'ws';

const INVALID = Buffer.from('abc\xff', 'latin1');
const print = (value) => console.log(JSON.stringify(value));
const deflateOptions = (asked) => (asked === '1' ? { threshold: 0 } : false);

function sendPieces(socket, data, binary, count) {
  const size = Math.ceil(data.length / count);
  for (let at = 0; at < data.length; at += size) {
    const fin = at + size >= data.length;
    socket.send(data.subarray(at, at + size), { binary, fin });
  }
}

// What comes, one at a time: [data, isBinary]; a close ends the wait for a message with an error.
function nextMessage(socket) {
  return new Promise((resolve, reject) => {
    const closed = (code) => reject(new Error(`closed with ${code}`));
    socket.once('close', closed);
    socket.once('message', (data, isBinary) => {
      socket.off('close', closed);
      resolve([data, isBinary]);
    });
  });
}

async function expectMessage(socket, wanted, binary) {
  const [data, isBinary] = await nextMessage(socket);
  if (isBinary !== binary || !data.equals(wanted)) {
    throw new Error('what came is not what was to come');
  }
}

async function step(socket, closed, word, result) {
  const [, name, count, value] = /^(\w+)(?:\/(\d+))?(?:=(.*))?$/.exec(word);
  if (name === 'text' || name === 'binary') {
    const data = readFileSync(value);
    const echo = expectMessage(socket, data, name === 'binary');
    sendPieces(socket, data, name === 'binary', Number(count ?? 1));
    await echo;
    result.echoed += 1;
  } else if (name === 'ping') {
    socket.ping('are you there?');
    const [data] = await once(socket, 'pong');
    result.pongs += data.toString() === 'are you there?';
  } else if (name === 'say') {
    socket.send('go');
  } else if (name === 'hear') {
    await expectMessage(socket, Buffer.from(value), false);
  } else if (name === 'invalid') {
    socket.send(INVALID, { binary: false });
    await closed;
  } else if (name === 'close') {
    socket.close(Number(value), 'bye');
    await closed;
  } else if (name === 'await') {
    await closed;
  } else {
    throw new Error(`not a step: ${word}`);
  }
}

async function follow(url, deflate, caFile, plan) {
  const [path, ...words] = plan.split(' ');
  const result = { path, error: '', echoed: 0, pongs: 0 };
  const socket = new WebSocket(url + path, {
    perMessageDeflate: deflateOptions(deflate),
    ca: caFile === '-' ? undefined : readFileSync(caFile),
  });
  socket.on('error', (error) => { result.seen = error.message; });
  const closed = new Promise((resolve) => {
    socket.on('close', (code, reason) => {
      Object.assign(result, { code, reason: reason.toString() });
      resolve();
    });
  });
  try {
    await once(socket, 'open');
    result.deflate = socket.extensions.includes('permessage-deflate');
    for (const word of words) {
      await step(socket, closed, word, result);
    }
  } catch (error) {
    result.error = String(error);
    socket.terminate();
  }
  print(result);
}

async function client(url, deflate, caFile, ...plans) {
  for (const plan of plans) {
    await follow(url, deflate, caFile, plan);
  }
}

function serveOne(socket, { url: path }) {
  socket.on('error', () => {}); // its close says why
  socket.on('close', (code, reason) => print({ event: 'close', path, code, reason: `${reason}` }));
  socket.on('pong', () => socket.send('pong'));
  socket.on('message', (data, isBinary) => {
    if (path.startsWith('/close/')) {
      socket.close(Number(path.split('/')[2]), 'bye');
    } else if (path.startsWith('/ping/')) {
      socket.ping('are you there?');
    } else if (path.startsWith('/invalid/')) {
      socket.send(INVALID, { binary: false });
    } else {
      socket.send(data, { binary: isBinary });
    }
  });
}

async function server(deflate, cert, key) {
  const http = cert === '-' ? createServer()
    : createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) });
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: deflateOptions(deflate) });
  sockets.on('connection', serveOne);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  print({ event: 'listening', address: `127.0.0.1:${http.address().port}` });
}

const [, , role, ...rest] = process.argv;
await (role === 'client' ? client : server)(...rest);
