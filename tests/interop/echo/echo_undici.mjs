// SPDX-License-Identifier: MIT
// undici's WebSocket, which is node's own, sends back what it gets. It is a client alone, and always
// offers to compress (roles.py says how it is called).
import { readFileSync } from 'node:fs';
import { Agent, WebSocket } from 'undici';
import { echoAll } from './roles.mjs';

const [, , , , caFile, atOnce] = process.argv;
const ca = caFile === '-' ? undefined : readFileSync(caFile);
const dispatcher = new Agent({ connect: { ca } });

await echoAll((url) => new Promise((resolve) => {
  const socket = new WebSocket(url, { dispatcher });
  socket.binaryType = 'arraybuffer';
  socket.onmessage = ({ data }) => socket.send(data);
  socket.onerror = () => {}; // its close says why
  socket.onclose = resolve;
}), Number(atOnce));
await dispatcher.destroy();
