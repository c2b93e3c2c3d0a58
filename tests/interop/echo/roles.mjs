// SPDX-License-Identifier: MIT
// What the echo programs in JavaScript share: the URLs of a client (roles.py says how they are
// called).
import { readFileSync } from 'node:fs';

export function urlsOfStdin() {
  return readFileSync(0, 'utf8').split('\n').filter(Boolean);
}

// open(url) gives a promise that is kept when the connection is over, however it ended.
export async function echoAll(open, atOnce) {
  const urls = urlsOfStdin();
  const work = async () => {
    while (urls.length) {
      await open(urls.shift());
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
