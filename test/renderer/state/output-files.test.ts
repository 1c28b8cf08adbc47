/** The files of a prediction come by the names that its result gives, and by no guess. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outputFilesOf } from '../../../renderer/state/output-files.ts';

test('each file has its label, in the same order whatever the result says first', () => {
  const files = { json: 'a b.json', heatmap: 'a b.heatmap.tif', csv: 'a b.patches.csv', other: 'x' };
  assert.deepEqual(outputFilesOf({ result: { patches: 3, files } }), [
    { label: 'Heat map', name: 'a b.heatmap.tif' },
    { label: 'Patches', name: 'a b.patches.csv' },
    { label: 'Facts', name: 'a b.json' },
  ]);
});

test('a run of an earlier version and one that failed have none', () => {
  for (const result of [null, {}, { files: null }, { files: 'a.tif' }, { files: { heatmap: 3 } }]) {
    assert.deepEqual(outputFilesOf({ result }), []);
  }
});
