// SPDX-License-Identifier: MIT
// A page in Chromium sends back what it gets, on a connection for each URL of stdin. It trusts the
// CA as a user would have it: in the NSS database of a home of its own.
//
// usage: node echo.mjs CHROMIUM client DEFLATE CA_FILE|- AT_ONCE, with a URL a line on stdin
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [, , executablePath, , , caFile, atOnce] = process.argv;
const home = mkdtempSync(join(tmpdir(), 'whysocket-chromium-'));

if (caFile !== '-') {
  const database = join(home, '.pki/nssdb');
  mkdirSync(database, { recursive: true });
  const certutil = (...words) => execFileSync('certutil', ['-d', `sql:${database}`, ...words]);
  certutil('-N', '--empty-password');
  certutil('-A', '-t', 'C,,', '-n', 'conformance', '-i', caFile);
}

const browser = await chromium.launch({
  executablePath,
  env: { ...process.env, HOME: home },
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
  const page = await (await browser.newContext()).newPage();
  await page.evaluate(async ([urls, workers]) => {
    const open = (url) => new Promise((resolve) => {
      const socket = new WebSocket(url);
      socket.binaryType = 'arraybuffer';
      socket.onmessage = ({ data }) => socket.send(data);
      socket.onclose = resolve;
    });
    const work = async () => {
      while (urls.length) await open(urls.shift());
    };
    await Promise.all(Array.from({ length: workers }, work));
  }, [readFileSync(0, 'utf8').split('\n').filter(Boolean), Number(atOnce)]);
} finally {
  await browser.close();
  rmSync(home, { recursive: true });
}
