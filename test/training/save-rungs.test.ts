import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { EosinError } from '../../app/core/errors.ts';
import type { RungsSpec } from '../../app/jobs/job-spec.ts';
import { applySettings } from '../../app/training/recipe-book.ts';
import { saveRungs } from '../../app/training/save-rungs.ts';
import { train } from '../../app/training/train.ts';
import { engine, memorySink, ofType, ports, smallPatches, smallRecipe, specOf } from './fixtures/train-bench.ts';

after(() => engine.close());
const { signal } = new AbortController();
/** Losses are small here: the engine's and onnxruntime's are to agree within a hundredth of them. */
const near = (a: number, b: number): boolean => Math.abs(a - b) <= 0.01 * Math.abs(b);

test('each rung comes back with the weights that its phase left, the probe and colour beside them', async () => {
  // The second phase reaches deeper than the rung, which does harm at its rate: what lies below it must be the phase's.
  const ladder = { groups: 1, epochs: 1, learningRate: 0.02, rateDecay: 0.5, patience: 1 };
  const recipe = applySettings(smallRecipe, [
    `ladder=${JSON.stringify(ladder)}`,
    'phases.head.epochs=2',
    'phases.fine-tune.unfreeze=2',
  ]);
  const sink = memorySink();
  const training = specOf(recipe, smallPatches.patches);
  const events: Parameters<Parameters<typeof train>[2]>[0][] = [];
  const trained = await train(training, ports(smallPatches.source, sink), (event) => events.push(event), signal);
  const rungs = ofType(events, 'rung');
  assert.deepEqual(
    rungs.map(({ phase, kept }) => `${phase} ${kept}`),
    ['fine-tune true', 'rung-1-block_3 false'],
  );
  const chains: Record<string, string[]> = {
    probe: [],
    '1-fine-tune': ['0-head', '1-fine-tune'],
    '2-rung-1-block_3': ['0-head', '1-fine-tune', '2-rung-1-block_3'],
    // Last: the network has to forget the others.
    '0-head': ['0-head'],
  };
  const spec: RungsSpec = {
    kind: 'rungs',
    training,
    first: '0-head',
    rungs: Object.entries(chains).map(([id, chain]) => ({ id, chain })),
    withColour: true,
    withTest: false,
  };
  const outcomes = await saveRungs(spec, ports(smallPatches.source, sink), () => undefined, signal);
  assert.deepEqual(
    outcomes.map(({ id }) => id),
    ['colour', 'probe', '1-fine-tune', '2-rung-1-block_3', '0-head'],
  );
  const of = (id: string) => outcomes.find((outcome) => outcome.id === id)!;
  for (const { phase, valLoss, fall } of rungs) {
    const own = outcomes.find(({ id }) => id.endsWith(phase))!;
    assert.ok(near(own.validation.loss, valLoss), `${phase} ${own.validation.loss}`);
    assert.ok(near(own.fall!.mean, fall!.mean), `fall of ${phase}`);
  }
  const head = ofType(events, 'epoch').findLast(({ phase, best }) => phase === 'head' && best)!;
  assert.ok(near(of('0-head').validation.loss, head.valLoss), `head ${of('0-head').validation.loss}`);
  const hashes = (files: typeof trained.files) => Object.fromEntries(files.map(({ name, sha256 }) => [name, sha256]));
  assert.deepEqual(hashes(of('1-fine-tune').model!.files), hashes(trained.files), 'the kept rung is the trained model');
  assert.notEqual(of('0-head').sha256, of('1-fine-tune').sha256);
  assert.ok(of('probe').validation.accuracy.value > 0.8, `probe ${of('probe').validation.accuracy.value}`);
  assert.equal(of('colour').model, null);
  assert.ok(of('0-head').fall, 'the first phase stands on the probe');
  for (const { id, test: judged, model } of outcomes) {
    assert.ok(sink.files.has(`rungs/${id}/model.onnx`), id);
    assert.equal(judged, null, 'the test part is not looked at');
    assert.ok(model === null || model.parity < 1e-4);
  }
  assert.equal(engine.tf.memory().numTensors, 0, 'no tensor is left behind');

  const elsewhere = { ...spec, training: { ...training, planHash: 'other' } };
  await assert.rejects(
    saveRungs(elsewhere, ports(smallPatches.source, sink), () => undefined, signal),
    (error) => error instanceof EosinError && error.code === 'rung/other-plan',
  );
});
