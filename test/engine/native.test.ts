/**
 * The native engine where one is installed: `EOSIN_TEST_ENGINES` names its folder, as `.ci/run` does after `eosin engine install`.
 * Without it only what can be said without TensorFlow is tested.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { GRADIENT_CASES } from '../../app/engine/gradient-cases.ts';
import { nativeObstacle } from '../../app/engine/native-node.ts';
import { openEngine } from '../../app/engine/node.ts';
import { compareGradients, GRADIENT_TOLERANCE, selfTest } from '../../app/engine/self-test.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

test('an engine that is not installed, or for another version of the binding, says what to run', (t) => {
  const folder = tempFolder(t);
  process.env.EOSIN_ENGINES = folder;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    assert.match(nativeObstacle('native-cpu')!, /Linux x64 only/);
    return;
  }
  assert.match(nativeObstacle('native-cuda')!, /not installed: run 'eosin engine install --cuda'/);
  mkdirSync(join(folder, 'native-cuda'));
  const manifest = { format: 1, build: 'native-cuda', tensorflow: '2.21.0', binding: '4.0.0' };
  writeFileSync(join(folder, 'native-cuda', 'manifest.json'), JSON.stringify(manifest));
  assert.match(nativeObstacle('native-cpu')!, /made for version 4.0.0 of its binding/);
  writeFileSync(join(folder, 'native-cuda', 'manifest.json'), '{');
  assert.match(nativeObstacle('native-cpu')!, /not installed/);
});

const installed = process.env.EOSIN_TEST_ENGINES;
if (installed) {
  test('the installed engine has the gradients of the cpu backend, and leaves no tensor behind', async () => {
    process.env.EOSIN_ENGINES = installed;
    const engine = await openEngine('native-cpu', { threads: 2 });
    for (const each of GRADIENT_CASES) {
      const error = await compareGradients(engine.tf, 'tensorflow', each);
      assert.ok(error <= GRADIENT_TOLERANCE, `${each.kind}: ${error}`);
    }
    const { passed, leakedTensors, reason } = await selfTest(engine);
    assert.deepEqual({ passed, leakedTensors }, { passed: true, leakedTensors: 0 }, reason);
    await engine.close();
  });
}
