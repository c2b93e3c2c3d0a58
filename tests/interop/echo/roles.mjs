// SPDX-License-Identifier: MIT
// What the echo programs in JavaScript share: the URLs of a client (roles.py says how they are
// called).
import { readFileSync } from 'node:fs';

// open(url) gives a promise that is kept when the connection is over, however it ended.
export async function echoAll(open, atOnce) {
  const urls = readFileSync(0, 'utf8').split('\n').filter(Boolean);
  const work = async () => {
    while (urls.length) {
      await open(urls.shift());
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
