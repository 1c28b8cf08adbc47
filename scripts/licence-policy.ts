/** Which licences may be shipped, decided on SPDX expressions. */

export interface LicensedPackage {
  readonly name: string;
  /** SPDX expression as the package states it. */
  readonly licence: string;
}

export interface Verdict {
  readonly allowed: boolean;
  readonly linking: 'any' | 'dynamic';
  readonly reason: string;
}

/** Permissive licences; BDS-3-Clause is how splaytree-ts spells BSD-3-Clause (its text is that one). */
const permissive = new Set([
  '0BSD',
  'Apache-2.0',
  'BDS-3-Clause',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'NIST-Software',
  'Python-2.0',
  'Unlicense',
  'Zlib',
]);

/** sharp loads libvips as a shared library from a file of its own. */
const linkedDynamically = /^@img\/sharp-/;

export function judgeLicence({ name, licence }: LicensedPackage): Verdict {
  const alternatives = licence
    .replaceAll(/[()]/g, ' ')
    .split(/\sOR\s/)
    .map((one) => one.split(/\sAND\s/).map((id) => id.trim()));
  const verdicts = alternatives.map((ids) => judgeAll(name, ids));
  return verdicts.find((verdict) => verdict.allowed) ?? (verdicts[0] as Verdict);
}

function judgeAll(name: string, ids: readonly string[]): Verdict {
  let linking: Verdict['linking'] = 'any';
  for (const id of ids) {
    if (permissive.has(id)) continue;
    if (/^LGPL-/.test(id)) {
      if (!linkedDynamically.test(name))
        return refuse(`${id} is allowed only for a library that is linked dynamically`);
      linking = 'dynamic';
    } else if (/^A?GPL-/.test(id)) return refuse(`${id} must not be shipped`);
    else return refuse(`nobody has judged the licence "${id}" yet`);
  }
  return { allowed: true, linking, reason: '' };
}

const refuse = (reason: string): Verdict => ({ allowed: false, linking: 'any', reason });
