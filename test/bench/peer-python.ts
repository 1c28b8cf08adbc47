/** A Python with the peers of a bench, made from the package index at first use; outside of the checkout, so that it is kept. */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/**
 * The interpreter of a virtual environment `name` that has `requirements` (pinned). EOSIN_BENCH_PYTHON names another one that has
 * them already. Null, after a note, where it cannot be made: the bench then runs without the peer.
 */
export function peerPython(name: string, requirements: readonly string[]): string | null {
  if (process.env.EOSIN_BENCH_PYTHON) return process.env.EOSIN_BENCH_PYTHON;
  const folder = path.join(os.homedir(), '.cache', 'eosin-bench', name);
  const python = path.join(folder, 'bin', 'python');
  const stamp = path.join(folder, requirements.join(' ').replaceAll(/[^\w.=-]+/g, '_'));
  if (existsSync(stamp)) return python;
  try {
    console.log(`  installing ${requirements.join(', ')} for the peers ...`);
    execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' });
    execFileSync(python, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', ...requirements], {
      stdio: 'inherit',
    });
    writeFileSync(stamp, '');
    return python;
  } catch (thrown) {
    console.log(`  without the peers: ${(thrown as Error).message}`);
    return null;
  }
}
