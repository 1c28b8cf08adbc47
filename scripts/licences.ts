/**
 * Writes resources/licences/third-party.md: everything that is shipped with Eosin, its licence, and the texts. Refuses GPL,
 * AGPL and licences that nobody has judged. `--check` writes nothing and fails when the list is stale.
 */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { judgeLicence } from './licence-policy.ts';
import { root } from './root.ts';
import { type LockedPackage, shippedPackages } from './shipped-packages.ts';

const listFile = path.join(root, 'resources/licences/third-party.md');
/** Texts of packages that bring none of their own, by name with `__` for the slash. */
const textFolder = path.join(root, 'resources/licences/texts');

/** @returns what is wrong with the licences of what is shipped, a sentence each */
export function licenceProblems(packages: readonly LockedPackage[]): string[] {
  return packages.flatMap((one) => {
    const verdict = judgeLicence(one);
    return verdict.allowed ? [] : [`${one.name} ${one.version}: ${verdict.reason}`];
  });
}

/** The whole document. Packages for another system are in the table only: their texts are those of the package they serve. */
export function licenceList(packages: readonly LockedPackage[]): string {
  const dynamic = packages.filter((one) => judgeLicence(one).linking === 'dynamic');
  const lines = [
    '# Third-party licences',
    '',
    'What is shipped with Eosin, made by `npm run licences`. Eosin itself is under the Apache License 2.0.',
    '',
    '## Dynamically linked under the LGPL',
    '',
    'These parts are libraries of their own, loaded at run time from files beside the program, unmodified; they may be',
    'replaced by another build of the same library. Their source: https://github.com/lovell/sharp-libvips',
    '',
    ...dynamic.map((one) => `- ${one.name} ${one.version} (${one.licence})`),
    '',
    '## All packages',
    '',
    '| package | version | licence |',
    '|---|---|---|',
    ...packages.map((one) => `| ${one.name} | ${one.version} | ${one.licence} |`),
    '',
    '## Texts',
    '',
  ];
  for (const [text, names] of licenceTexts(packages))
    lines.push(`### ${names.join(', ')}`, '', '```text', text, '```', '');
  return lines.join('\n');
}

/** Each text once, with the packages that bring it. */
function licenceTexts(packages: readonly LockedPackage[]): Map<string, string[]> {
  const texts = new Map<string, string[]>();
  for (const one of packages) {
    const folder = path.join(root, one.folder);
    if (one.systemSpecific || !existsSync(folder)) continue;
    const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)(\b|[-_.])/i.test(file));
    const ours = path.join(textFolder, `${one.name.replace('/', '__')}.txt`);
    const paths = files.sort().map((file) => path.join(folder, file));
    for (const file of existsSync(ours) ? [...paths, ours] : paths) {
      const text = readFileSync(file, 'utf8').replace(/\r\n?/g, '\n').replaceAll('```', "'''").trim();
      const names = texts.get(text) ?? [];
      const name = `${one.name} ${one.version}`;
      if (!names.includes(name)) names.push(name);
      texts.set(text, names);
    }
  }
  return texts;
}

if (process.argv[1] === import.meta.filename) {
  const packages = shippedPackages(root);
  const problems = licenceProblems(packages);
  for (const problem of problems) console.error(problem);
  const list = licenceList(packages);
  const isCheck = process.argv.includes('--check');
  const isStale = !existsSync(listFile) || readFileSync(listFile, 'utf8') !== list;
  if (isCheck && isStale) console.error('resources/licences/third-party.md is stale: npm run licences');
  if (!isCheck) writeFileSync(listFile, list);
  process.exitCode = problems.length > 0 || (isCheck && isStale) ? 1 : 0;
}
