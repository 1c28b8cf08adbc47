/** What may be shipped, and that the list of what is shipped is the present one. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { judgeLicence } from '../../scripts/licence-policy.ts';
import { root } from '../../scripts/root.ts';
import { shippedPackages } from '../../scripts/shipped-packages.ts';

describe('licences', () => {
  const verdicts: readonly (readonly [string, string, boolean])[] = [
    ['a', 'MIT', true],
    ['a', '(BSD-3-Clause AND Apache-2.0)', true],
    ['a', '(MIT OR GPL-3.0-only)', true],
    ['a', 'GPL-3.0-only', false],
    ['a', 'GPL-2.0-or-later', false],
    ['a', 'AGPL-3.0-only', false],
    ['a', 'MIT AND AGPL-3.0-or-later', false],
    ['a', 'LGPL-3.0-or-later', false],
    ['@img/sharp-libvips-linux-x64', 'LGPL-3.0-or-later', true],
    ['@img/sharp-libvips-linux-x64', 'GPL-3.0-or-later', false],
    ['a', 'SSPL-1.0', false],
    ['a', 'unknown', false],
    ['a', 'SEE LICENSE IN eula.txt', false],
  ];
  for (const [name, licence, allowed] of verdicts) {
    test(`${licence} of ${name} is ${allowed ? 'allowed' : 'refused'}`, () => {
      assert.equal(judgeLicence({ name, licence }).allowed, allowed);
    });
  }

  test('the walk finds what is shipped and nothing that only builds', () => {
    const names = new Set(shippedPackages(root).map((one) => one.name));
    const shipped = [
      'hono',
      'sharp',
      'better-sqlite3',
      'onnxruntime-node',
      '@tensorflow/tfjs-core',
      'electron',
      'openseadragon',
      'svelte',
    ];
    for (const name of shipped) assert.ok(names.has(name), name);
    for (const name of ['typescript', 'vite', 'electron-builder', 'playwright-core', 'axe-core'])
      assert.ok(!names.has(name), name);
  });

  test('the list is the present one, and tells the dynamic libraries apart', () => {
    const check = spawnSync(process.execPath, [path.join(root, 'scripts/licences.ts'), '--check'], {
      encoding: 'utf8',
    });
    assert.equal(check.status, 0, check.stderr);
    const list = readFileSync(path.join(root, 'resources/licences/third-party.md'), 'utf8');
    const [, dynamic = ''] = /## Dynamically linked under the LGPL\n([\s\S]*?)\n## /.exec(list) ?? [];
    assert.match(dynamic, /- @img\/sharp-libvips-linux-x64 .*\(LGPL-3\.0-or-later\)/);
    assert.doesNotMatch(dynamic, /\(MIT\)/);
    assert.match(list, /### @cornerstonejs\/codec-openjpeg .*\n\n```text\nOpenJPEG[\s\S]*?Louvain[\s\S]*?```/);
  });
});
