/** The real program for the tests of the window: the browser shell as a process of its own on a home folder of its own, and Chromium. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { chromiumFile } from '../browser.ts';

const root = path.resolve(import.meta.dirname, '../..');
const chromiumFlags = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** WebGPU on Chromium's own imitation of a GPU: slow, and right. */
export const softwareGpu: readonly string[] = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

export interface Shell {
  /** With the token. */
  readonly address: string;
  /** The user's home as the program sees it; its own file browser begins here. */
  readonly home: string;
  /** Ends the program and starts it again on the same home folder. */
  restart(): Promise<Shell>;
  stop(): Promise<void>;
}

/** Starts the browser shell on `home` (a new temporary folder by default), with further words of the command line and variables. */
export async function startShell(
  home = mkdtempSync(path.join(tmpdir(), 'eosin-e2e-')),
  words: readonly string[] = [],
  variables: Readonly<Record<string, string>> = {},
): Promise<Shell> {
  mkdirSync(path.join(home, 'Documents'), { recursive: true });
  const process_ = spawn(process.execPath, [path.join(root, 'scripts/eosin.ts'), 'serve', '--json', ...words], {
    cwd: root,
    env: { ...process.env, HOME: home, XDG_DATA_HOME: '', XDG_CACHE_HOME: '', EOSIN_CACHE: '', ...variables },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const address = await addressOf(process_);
  const end = async (): Promise<void> => {
    if (process_.exitCode !== null || process_.signalCode !== null) return;
    const gone = new Promise((resolve) => process_.once('exit', resolve));
    process_.kill('SIGTERM');
    await gone;
  };
  return {
    address,
    home,
    async restart() {
      await end();
      return startShell(home, words, variables);
    },
    async stop() {
      await end();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function addressOf(process_: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    process_.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const line = text.split('\n').find((one) => one.startsWith('{') && one.endsWith('}'));
      if (line) resolve((JSON.parse(line) as { address: string }).address);
    });
    process_.once('exit', (code) =>
      reject(new Error(`The browser shell ended with ${code} before it told its address.`)),
    );
  });
}

export interface Opened {
  readonly browser: Browser;
  readonly page: Page;
  /** What must stay empty: script errors, breaches of the content security policy, requests to anywhere else. */
  readonly problems: string[];
}

/** Opens the window in Chromium and listens for what must not happen. */
export async function openWindow(
  address: string,
  viewport = { width: 1280, height: 800 },
  flags: readonly string[] = ['--disable-gpu'],
): Promise<Opened> {
  const browser = await chromium.launch({ executablePath: chromiumFile ?? '', args: [...chromiumFlags, ...flags] });
  const page = await browser.newPage({ viewport, reducedMotion: 'reduce' });
  page.setDefaultTimeout(20_000);
  const problems: string[] = [];
  const { origin } = new URL(address);
  page.on('pageerror', (error) => problems.push(`script: ${error.message}`));
  page.on('console', (message) => {
    // A refused request is part of some tests; Chromium logs it as an error of its own.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      problems.push(`console: ${message.text()}`);
    }
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && url.protocol !== 'blob:') problems.push(`request: ${request.url()}`);
  });
  await page.goto(address);
  return { browser, page, problems };
}

/** Steps of a journey: each is a subtest of its own, and after one that failed the others are skipped, not tried in vain. */
export function stepsOf(t: TestContext): (name: string, run: () => Promise<void>) => Promise<void> {
  let broken = false;
  return (name, run) =>
    t.test(name, { skip: broken && 'an earlier step failed' }, async () => {
      broken = true;
      await run();
      broken = false;
    });
}
