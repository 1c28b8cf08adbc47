/** The browser shell: the app at an address of this computer. */
import path from 'node:path';
import { serveBrowserShell } from '../browser-shell.ts';
import { number, text } from './arguments.ts';
import type { Command } from './command.ts';

export const serve: Command = {
  name: 'serve',
  usage: '[--port 0] [--open] [--project DIR]',
  summary: 'Serves the app on 127.0.0.1 until Ctrl-C; --open shows it in the default browser.',
  flags: { port: { type: 'string' }, open: { type: 'boolean' }, project: { type: 'string' } },
  async run({ flags, terminal, signal }) {
    const project = text(flags, 'project');
    const shell = await serveBrowserShell({
      port: number(flags, 'port') ?? 0,
      open: flags.open === true,
      projectFolder: project === undefined ? null : path.resolve(project),
    });
    terminal.result({ address: shell.address });
    if (!terminal.json) terminal.say(`Eosin is at ${shell.address}\nPress Ctrl-C to end it.`);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await shell.close();
  },
};
