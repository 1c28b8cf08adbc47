/**
 * Runs the tests: all of test/, or the files and folders that are named. Ends with `N passed, N failed, N skipped`.
 * EOSIN_NO_SKIP=1 makes a skipped test a failure. `--only PATTERN` runs the tests whose names match.
 */

import { globSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { run } from 'node:test';
import { parseArgs } from 'node:util';
import { createReporter } from '../test/reporter.ts';
import { requireNode, root } from './root.ts';

requireNode();
const { values, positionals } = parseArgs({
  options: { only: { type: 'string' } },
  allowPositionals: true,
});

const files = (positionals.length > 0 ? positionals : ['test']).flatMap(testFiles);
if (files.length === 0) {
  console.error(`No test file in ${positionals.join(' ')}.`);
  process.exit(64);
}
// A test trains on what npm brings, whatever was installed on this computer.
process.env.EOSIN_ENGINES = path.join(os.tmpdir(), 'eosin-no-engines');
const reporter = createReporter(root, process.env.EOSIN_NO_SKIP === '1');
const events = run({
  files,
  cwd: root,
  // Training tests use all cores themselves; more files at once only makes them wait for each other.
  concurrency: Math.min(2, os.availableParallelism()),
  timeout: 600_000,
  ...(values.only === undefined ? {} : { testNamePatterns: [new RegExp(values.only)] }),
});
for await (const text of reporter.report(events)) process.stdout.write(text);
process.exitCode = reporter.outcome.failed > 0 || reporter.outcome.passed === 0 ? 1 : 0;

/** A test file, or all that lie below a folder; absolute. */
function testFiles(name: string): string[] {
  const absolute = path.resolve(root, name);
  if (statSync(absolute).isFile()) return [absolute];
  return globSync('**/*.test.ts', { cwd: absolute })
    .sort()
    .map((file) => path.join(absolute, file));
}
