import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { EosinError } from '../../app/core/errors.ts';
import type { EpochEvent, JobEvent } from '../../app/core/run.ts';
import { decodeCheckpoint } from '../../app/training/checkpoint.ts';
import { applySettings } from '../../app/training/recipe-book.ts';
import { train } from '../../app/training/train.ts';
import {
  engine,
  lossesOf,
  ofType,
  ports,
  smallPatches,
  smallRecipe,
  specOf,
  trainTextures,
} from './fixtures/train-bench.ts';

after(() => engine.close());

test('a whole run: probe, head, fine-tuning, files, judgement; the same seed gives the same run', async () => {
  const recipe = applySettings(smallRecipe, ['attach=auto']);
  const first = await trainTextures(recipe);
  const { outcome, events, files } = first;

  const [tested] = ofType(events, 'engine');
  assert.ok(
    tested!.gradientError > 0 && tested!.gradientError < 1e-4,
    `the self-test's figure: ${tested!.gradientError}`,
  );
  assert.deepEqual({ type: 'engine', ...outcome.engine }, tested);
  const [probe] = ofType(events, 'probe');
  assert.equal(probe?.depths.length, 18);
  assert.equal(outcome.attach, probe?.attach);
  const [inflation] = ofType(events, 'inflation');
  assert.equal(inflation!.patients, 3);
  assert.ok(inflation!.byPatch >= inflation!.byPatient - 0.05, JSON.stringify(inflation));
  assert.deepEqual(
    ofType(events, 'phase').map(({ name, index, count }) => `${name} ${index}/${count}`),
    ['head 0/2', 'fine-tune 1/2'],
  );
  assert.ok(outcome.validation!.accuracy.value >= 0.9, `validation ${outcome.validation!.accuracy.value}`);
  assert.equal(outcome.test?.patches, 18);
  assert.ok(outcome.parity < 1e-4);
  assert.deepEqual(outcome.files.map(({ name }) => name).sort(), ['model.json', 'model.onnx', 'weights.bin']);
  for (const { name } of outcome.files) assert.ok(files.has(`model/${name}`), name);

  // What is said to be best is the lowest validation loss of the phase that was kept.
  const epochs = ofType(events, 'epoch').filter(({ phase }) => phase === outcome.bestPhase);
  const lowest = epochs.reduce((a, b) => (b.valLoss < a.valLoss ? b : a));
  assert.equal(outcome.bestEpoch, lowest.epoch);
  assert.ok(Math.abs(outcome.validation!.loss - lowest.valLoss) < 1e-3, 'the saved model has the best weights');

  const second = await trainTextures(recipe);
  assert.deepEqual(lossesOf(second.events), lossesOf(events));
  assert.deepEqual(second.outcome.files, outcome.files);
  assert.equal(engine.tf.memory().numTensors, 0, 'no tensor is left behind');
});

test('tensors do not grow from epoch to epoch, and frozen averages do not move', async () => {
  const counts: number[] = [];
  const recipe = applySettings(smallRecipe, ['phases.fine-tune.epochs=3']);
  const given = ports(smallPatches.source);
  await train(
    specOf(recipe, smallPatches.patches),
    given,
    (event) => {
      if (event.type === 'epoch' && event.phase === 'fine-tune') counts.push(engine.tf.memory().numTensors);
    },
    new AbortController().signal,
  );
  assert.deepEqual(counts, [counts[0], counts[0], counts[0]]);
  const { weights } = await decodeCheckpoint(given.sink.files.get('checkpoints/best-1-fine-tune.ckpt')!);
  assert.ok(weights.some(({ name }) => name.endsWith('/gamma')));
  assert.ok(!weights.some(({ name }) => name.includes('moving')));
});

test('a cancel in the middle of a phase ends the run, keeps the best weights on disk and frees everything', async () => {
  const cancel = new AbortController();
  const given = ports(smallPatches.source);
  const seen: EpochEvent[] = [];
  const recipe = applySettings(smallRecipe, ['phases.fine-tune.epochs=50']);
  const run = train(
    specOf(recipe, smallPatches.patches),
    given,
    (event) => {
      if (event.type !== 'epoch' || event.phase !== 'fine-tune') return;
      seen.push(event);
      if (event.epoch === 2) cancel.abort();
    },
    cancel.signal,
  );
  await assert.rejects(run, { code: 'job/cancelled' });
  assert.equal(seen.length, 2);
  const best = await decodeCheckpoint(given.sink.files.get('checkpoints/best-1-fine-tune.ckpt')!);
  const lowest = seen.reduce((a, b) => (b.valLoss < a.valLoss ? b : a));
  assert.equal(best.origin.epoch, lowest.epoch);
  assert.ok(![...given.sink.files.keys()].some((name) => name.startsWith('model/')));
  assert.equal(given.caches.open, 0);
  assert.equal(engine.tf.memory().numTensors, 0);
});

test('a loss that stays no number at three halved rates stops the run with a remedy, and nothing is exported', async () => {
  const recipe = applySettings(smallRecipe, ['phases.fine-tune.learningRate=1000000', 'phases.fine-tune.epochs=8']);
  const given = ports(smallPatches.source);
  const notes: string[] = [];
  const note = (event: JobEvent): void => void (event.type === 'note' && notes.push(event.text));
  const run = train(specOf(recipe, smallPatches.patches), given, note, new AbortController().signal);
  await assert.rejects(run, (error) => {
    assert.ok(error instanceof EosinError);
    assert.equal(error.code, 'train/diverged');
    assert.match(error.remedy, /phases\.fine-tune\.learningRate=62500/);
    return true;
  });
  assert.equal(notes.filter((text) => text.includes('half the learning rate')).length, 3, notes.join('\n'));
  assert.ok(![...given.sink.files.keys()].some((name) => name.startsWith('model/')));
  assert.equal(engine.tf.memory().numTensors, 0);
});
