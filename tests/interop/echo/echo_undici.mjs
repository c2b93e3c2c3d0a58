// SPDX-License-Identifier: MIT
// undici's WebSocket, which is node's own, sends back what it gets. It is a client alone, and always
// offers to compress (roles.py says how it is called).
//
// Its masking keys are all zeroes from the 4,097th frame on, in all connections of a thread. So that
// this is found where it belongs, a thread has but a few URLs, and one for itself what sends
// thousands of frames.
import { readFileSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { Agent, WebSocket } from 'undici';
import { urlsOfStdin } from './roles.mjs';

const URLS_MAX = 4;
const THOUSANDS = /\/case\/(8\.8\.2|15\.1|17)\b/;
const OVER_MS = 60000; // where neither event comes

async function echo(urls, ca) {
  const dispatcher = new Agent({ connect: { ca } });
  for (const url of urls) {
    await new Promise((resolve) => {
      const socket = new WebSocket(url, { dispatcher });
      socket.binaryType = 'arraybuffer';
      socket.onmessage = ({ data }) => socket.send(data);
      const over = () => {
        clearTimeout(limit);
        resolve();
      };
      const limit = setTimeout(over, OVER_MS);
      let opened = false;
      socket.onopen = () => { opened = true; };
      // Where the opening handshake fails no close follows.
      socket.onerror = () => { if (!opened) over(); };
      socket.onclose = over;
    });
  }
  await dispatcher.destroy();
}

function takeSome(urls) {
  const some = urls.splice(0, 1);
  while (!THOUSANDS.test(some[0]) && urls.length && some.length < URLS_MAX
      && !THOUSANDS.test(urls[0])) {
    some.push(urls.shift());
  }
  return some;
}

async function main(caFile, atOnce) {
  const ca = caFile === '-' ? undefined : readFileSync(caFile);
  const urls = urlsOfStdin();
  const work = async () => {
    while (urls.length) {
      const workerData = { urls: takeSome(urls), ca };
      await new Promise((resolve) => {
        new Worker(new URL(import.meta.url), { workerData }).on('exit', resolve).on('error', resolve);
      });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

if (isMainThread) {
  await main(process.argv[4], Number(process.argv[5]));
} else {
  await echo(workerData.urls, workerData.ca);
}
