/**
 * `npm run screenshots`: the README's pictures, made anew from the real program: the example project is opened, trained and
 * used on its sixth slide in Chromium. Takes some minutes.
 */

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { openWindow, startShell } from '../test/e2e/browser.ts';
import { openExample, openSlide, openTab, predict, slideShown, train } from '../test/e2e/window.ts';
import { build } from './build.ts';
import { requireNode, root } from './root.ts';

const folder = path.join(root, 'docs', 'screenshots');
const patienceMs = 900_000;

async function picture(page: Page, name: string): Promise<void> {
  // Tiles and charts settle; nothing in the window says that the last of them is painted.
  await page.waitForTimeout(1500);
  const file = path.join(folder, `${name}.webp`);
  await sharp(await page.screenshot())
    .webp({ quality: 82 })
    .toFile(file);
  console.log(path.relative(root, file));
}

requireNode();
await build({ emit: false });
await mkdir(folder, { recursive: true });
const shell = await startShell();
const { browser, page } = await openWindow(shell.address, { width: 1440, height: 900 });
try {
  await page.getByRole('button', { name: /^Example project/ }).waitFor();
  await picture(page, 'first-screen');
  await openExample(page, patienceMs);
  await slideShown(page);
  await openTab(page, 'Label');
  await picture(page, 'label');
  await openTab(page, 'Patches');
  await picture(page, 'patches');
  const ended = await train(page, patienceMs);
  if (ended !== 'done') throw new Error(`The training ended as ${ended}.`);
  await picture(page, 'train');
  const slides = page.getByRole('navigation', { name: 'Slides' }).getByRole('button');
  const last = (await slides.last().innerText()).split('\n')[0] ?? '';
  await openSlide(page, last);
  await predict(page, patienceMs);
  await picture(page, 'predict');
} finally {
  await browser.close();
  await shell.stop();
}
