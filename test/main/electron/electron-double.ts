/**
 * Stands in for the `electron` module, so that the real main/electron.ts runs under Node: a window becomes a page in
 * Chromium, the handler of app:// is served on loopback, a utility process is a forked one. What it cannot show (the real
 * origin, the sandbox, fuses) needs the Electron binary: electron-binary.test.ts.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { type ServerType, serve } from '@hono/node-server';
import { type Browser, chromium, type Page } from 'playwright-core';

type Handler = (request: Request) => Response | Promise<Response>;

/** What the program told Electron, for the tests to look at. */
export const told = {
  order: [] as string[],
  privileges: [] as { scheme: string; privileges: Record<string, boolean> }[],
  windows: [] as BrowserWindow[],
  sessions: [] as Session[],
  dialogs: [] as unknown[],
  dialogAnswers: [] as { canceled: boolean; filePaths: string[] }[],
  revealed: [] as string[],
  menu: null as unknown,
  switches: [] as string[],
  workers: [] as string[],
  /** What keeps the system from sleeping now. */
  awake: new Map<number, string>(),
  quit: Promise.withResolvers<void>(),
  /** Sends a request to the scheme as Chromium would. */
  fetch: (request: Request): Response | Promise<Response> => schemeHandler(request),
};

let isReady = false;
let server: ServerType | null = null;
let base = '';
let browser: Browser | null = null;
let schemeHandler: Handler = () => new Response('no handler', { status: 500 });

function onlyBeforeReady(what: string): void {
  if (isReady) throw new Error(`${what} must be called before the app is ready`);
  told.order.push(what);
}
function onlyWhenReady(what: string): void {
  if (!isReady) throw new Error(`${what} must be called after the app is ready`);
  told.order.push(what);
}

class App extends EventEmitter {
  readonly isPackaged = false;
  readonly dock = undefined;
  readonly commandLine = { appendSwitch: (...words: string[]) => void told.switches.push(words.join('=')) };
  enableSandbox(): void {
    onlyBeforeReady('enableSandbox');
  }
  async whenReady(): Promise<void> {
    // Electron is ready only after the entry has been evaluated.
    await new Promise((resolve) => setImmediate(resolve));
    isReady = true;
  }
  requestSingleInstanceLock(): boolean {
    told.order.push('requestSingleInstanceLock');
    return true;
  }
  getPath(name: string): string {
    return `${process.env.HOME}/${name}`;
  }
  getVersion(): string {
    return '0.1.0';
  }
  setAboutPanelOptions(): void {}
  exit(code: number): void {
    told.order.push(`exit ${code}`);
    told.quit.resolve();
  }
  quit(): void {
    let prevented = false;
    this.emit('before-quit', { preventDefault: () => (prevented = true) });
    if (prevented) return;
    told.order.push('quit');
    for (const worker of utilityProcesses) worker.kill();
    void browser?.close().then(() => {
      server?.close();
      told.quit.resolve();
    });
  }
}
export const app = new App();

export const protocol = {
  registerSchemesAsPrivileged(schemes: typeof told.privileges): void {
    onlyBeforeReady('registerSchemesAsPrivileged');
    told.privileges.push(...schemes);
  },
  handle(scheme: string, handler: Handler): void {
    onlyWhenReady('protocol.handle');
    if (scheme === 'app') schemeHandler = handler;
  },
};

/** app://app on loopback; Electron gives the request no signal, so neither does this. */
async function listen(): Promise<void> {
  if (server !== null) return;
  await new Promise<void>((resolve) => {
    const fetch = (request: Request): Response | Promise<Response> => {
      const url = new URL(request.url);
      const headers = new Headers(request.headers);
      if (headers.get('origin') === base) headers.set('origin', 'app://app');
      return schemeHandler(
        new Request(`app://app${url.pathname}${url.search}`, {
          method: request.method,
          headers,
          body: request.body,
          ...(request.body ? { duplex: 'half' } : {}),
        } as RequestInit),
      );
    };
    server = serve({ hostname: '127.0.0.1', port: 0, fetch }, ({ port }) => {
      base = `http://127.0.0.1:${port}`;
      resolve();
    });
  });
}

class Session extends EventEmitter {
  beforeRequest: ((details: { url: string }, answer: (what: { cancel: boolean }) => void) => void) | null = null;
  permissionRequest: ((contents: unknown, permission: string, answer: (granted: boolean) => void) => void) | null =
    null;
  permissionCheck: ((contents: unknown, permission: string, origin: string) => boolean) | null = null;
  devicePermission: (() => boolean) | null = null;
  spellChecker = true;
  readonly webRequest = {
    onBeforeRequest: (handler: Session['beforeRequest']) => {
      this.beforeRequest = handler;
    },
  };
  constructor() {
    super();
    told.sessions.push(this);
  }
  setPermissionRequestHandler(handler: Session['permissionRequest']): void {
    this.permissionRequest = handler;
  }
  setPermissionCheckHandler(handler: Session['permissionCheck']): void {
    this.permissionCheck = handler;
  }
  setDevicePermissionHandler(handler: Session['devicePermission']): void {
    this.devicePermission = handler;
  }
  setDisplayMediaRequestHandler(): void {}
  setSpellCheckerEnabled(enabled: boolean): void {
    this.spellChecker = enabled;
  }
}
export const session = { defaultSession: new Session() };

class WebContents extends EventEmitter {
  openHandler: ((details: { url: string }) => { action: string }) | null = null;
  url = '';
  setWindowOpenHandler(handler: WebContents['openHandler']): void {
    this.openHandler = handler;
  }
  getURL(): string {
    return this.url;
  }
}

interface WindowOptions {
  show?: boolean;
  webPreferences: { preload?: string; additionalArguments?: string[] } & Record<string, unknown>;
}

export class BrowserWindow extends EventEmitter {
  readonly webContents = new WebContents();
  readonly options: WindowOptions;
  page: Page | null = null;
  isShown = false;
  focused = 0;
  #destroyed = false;

  constructor(options: WindowOptions) {
    super();
    onlyWhenReady('BrowserWindow');
    this.options = options;
    told.windows.push(this);
    app.emit('web-contents-created', {}, this.webContents);
  }
  static getAllWindows(): BrowserWindow[] {
    return told.windows;
  }
  async loadURL(url: string): Promise<void> {
    this.webContents.url = url;
    await listen();
    browser ??= await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-sync'],
    });
    this.page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const { preload, additionalArguments = [] } = this.options.webPreferences;
    if (preload) await this.page.addInitScript(preloadInPage(preload, additionalArguments));
    await this.page.goto(url.replace(/^app:\/\/app/, base));
    this.emit('ready-to-show');
  }
  show(): void {
    this.isShown = true;
  }
  isMinimized(): boolean {
    return false;
  }
  focus(): void {
    this.focused++;
  }
  isDestroyed(): boolean {
    return this.#destroyed;
  }
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    void this.page?.close();
    this.emit('closed');
  }
  close(): void {
    this.emit('closed');
    app.emit('window-all-closed');
  }
}

/** The real preload script, with the three things that Electron gives it. */
function preloadInPage(preload: string, additionalArguments: readonly string[]): string {
  const source = new URL('../../../main/preload.cts', import.meta.url);
  const script = existsSync(preload)
    ? readFileSync(preload, 'utf8')
    : stripTypeScriptTypes(readFileSync(source, 'utf8'));
  return `((require, process, exports) => {
${script}
})(
    () => ({
      contextBridge: { exposeInMainWorld: (name, value) => { window[name] = value; } },
      webUtils: { getPathForFile: (file) => '/dropped/' + file.name },
    }),
    { argv: ['renderer', ...${JSON.stringify(additionalArguments)}] },
    {},
  );`;
}

/** Electron ends them with the app. */
const utilityProcesses = new Set<UtilityProcess>();

class UtilityProcess extends EventEmitter {
  readonly #child: ChildProcess;
  constructor(file: string, options: { env: Record<string, string> }) {
    super();
    told.workers.push(file);
    utilityProcesses.add(this);
    this.#child = fork(file, [], { env: options.env, execArgv: [], serialization: 'advanced' });
    this.#child.on('message', (message) => this.emit('message', message));
    this.#child.on('exit', (code) => this.emit('exit', code ?? 1));
    this.#child.on('spawn', () => this.emit('spawn'));
  }
  get pid(): number | undefined {
    return this.#child.pid;
  }
  postMessage(message: unknown): void {
    this.#child.send(message as object);
  }
  kill(): boolean {
    return this.#child.kill('SIGKILL');
  }
}
export const utilityProcess = {
  fork: (file: string, _words: string[], options: { env: Record<string, string> }) => new UtilityProcess(file, options),
};

export const dialog = {
  async showOpenDialog(options: unknown) {
    told.dialogs.push(options);
    return told.dialogAnswers.shift() ?? { canceled: true, filePaths: [] };
  },
};

export const Menu = {
  buildFromTemplate: (template: unknown) => template,
  setApplicationMenu(menu: unknown): void {
    told.menu = menu;
  },
};

export const powerSaveBlocker = {
  start(type: string): number {
    told.order.push('powerSaveBlocker.start');
    const id = told.order.length;
    told.awake.set(id, type);
    return id;
  },
  stop: (id: number) => told.awake.delete(id),
};

export const shell = { showItemInFolder: (file: string) => void told.revealed.push(file) };
