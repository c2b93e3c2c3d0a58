// SPDX-License-Identifier: MIT
// undici's WebSocket, which is node's own, sends back what it gets. It is a client alone, and always
// offers to compress (roles.py says how it is called).
//
// Its masking keys are all zeroes from the 4,097th frame on, in all connections of a thread. So that
// this is found where it belongs, a thread is replaced before it has sent so many, and what sends
// thousands of frames has one for itself.
import { readFileSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Agent, WebSocket } from 'undici';
import { urlsOfStdin } from './roles.mjs';

const FRAMES_MAX = 1500; // a Pong is not seen, and not counted
const URLS_MAX = 100;
const THOUSANDS = /\/case\/(8\.8\.2|15\.[12]|17)\b/;
const OVER_MS = 60000; // where neither event comes

// The number of frames that went out.
function echo(url, dispatcher) {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, { dispatcher });
    let sent = 0;
    let opened = false;
    const over = () => {
      clearTimeout(limit);
      resolve(sent);
    };
    const limit = setTimeout(over, OVER_MS);
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => {
      sent += 1;
      socket.send(data);
    };
    socket.onopen = () => { opened = true; };
    // Where the opening handshake fails no close follows.
    socket.onerror = () => { if (!opened) over(); };
    socket.onclose = over;
  });
}

// A thread, and URLs for it, one after the other.
function workWith(urls, ca) {
  return new Promise((resolve) => {
    const thread = new Worker(new URL(import.meta.url), { workerData: { ca } });
    let frames = 0;
    let given = 0;
    const giveOne = () => {
      const isLast = frames > FRAMES_MAX || given === URLS_MAX || !urls.length
        || (given > 0 && THOUSANDS.test(urls[0]));
      if (isLast) {
        thread.terminate();
        return;
      }
      given += 1;
      frames += THOUSANDS.test(urls[0]) ? FRAMES_MAX : 0;
      thread.postMessage(urls.shift());
    };
    thread.on('online', giveOne).on('exit', resolve).on('error', resolve);
    thread.on('message', (sent) => {
      frames += sent + 1;
      giveOne();
    });
  });
}

if (isMainThread) {
  const [, , , , caFile, atOnce] = process.argv;
  const ca = caFile === '-' ? undefined : readFileSync(caFile);
  const urls = urlsOfStdin();
  const work = async () => {
    while (urls.length) await workWith(urls, ca);
  };
  await Promise.all(Array.from({ length: Number(atOnce) }, work));
} else {
  const dispatcher = new Agent({ connect: { ca: workerData.ca } });
  parentPort.on('message', async (url) => parentPort.postMessage(await echo(url, dispatcher)));
}
