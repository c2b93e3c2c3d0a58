// SPDX-License-Identifier: MIT
// Drives Chromium for browser_test.py: a JSON line with a command comes in, a JSON line with its
// result, or with its error, goes out. Pages have names; "trusting" ones take any certificate.
//
// usage: node driver.mjs CHROMIUM
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const browser = await chromium.launch({
  executablePath: process.argv[2],
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const wary = await browser.newContext();
const trusting = await browser.newContext({ ignoreHTTPSErrors: true });
const pages = {};

const commands = {
  open: async ({ page, url, trusts }) => {
    pages[page] ??= await (trusts ? trusting : wary).newPage();
    await pages[page].goto(url);
  },
  // `script` is the body of an async function of `argument`.
  run: ({ page, script, argument }) => pages[page].evaluate(
    ([body, value]) => new (Object.getPrototypeOf(async () => {}).constructor)('argument', body)(value),
    [script, argument]),
  fill: ({ page, selector, text }) => pages[page].fill(selector, text),
  click: ({ page, selector }) => pages[page].click(selector),
  wait: async ({ page, selector, text }) => {
    await pages[page].locator(selector, { hasText: text }).first().waitFor({ timeout: 20000 });
  },
  texts: ({ page, selector }) => pages[page].locator(selector).allTextContents(),
  picture: async ({ page, path, dark, width }) => {
    await pages[page].emulateMedia({ colorScheme: dark ? 'dark' : 'light' });
    await pages[page].setViewportSize({ width: width ?? 1200, height: 700 });
    await pages[page].screenshot({ path, fullPage: true });
  },
  close: async ({ page }) => {
    await pages[page].close();
    delete pages[page];
  },
};

const print = (value) => console.log(JSON.stringify(value));
print({ result: browser.version() });
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  try {
    print({ result: (await commands[command.do](command)) ?? null });
  } catch (error) {
    print({ error: String(error) });
  }
}
await browser.close();
