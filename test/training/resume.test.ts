import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { JobEvent } from '../../app/core/run.ts';
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

test('a run that was cut off goes on after its last whole epoch and ends with the same files', async () => {
  const recipe = applySettings(smallRecipe, ['phases.fine-tune.epochs=4']);
  const spec = specOf(recipe, smallPatches.patches);
  const whole = await trainTextures(recipe);

  const { source } = smallPatches;
  const cut = new AbortController();
  const first = ports(source);
  const stopAfter = (event: JobEvent): void => {
    if (event.type === 'epoch' && event.phase === 'fine-tune' && event.epoch === 2) cut.abort();
  };
  await assert.rejects(train(spec, first, stopAfter, cut.signal), { code: 'job/cancelled' });
  // The later of the two files is damaged: the one before it counts, and the run says so.
  const latest = first.sink.files.get('checkpoints/last-1.ckpt')!;
  first.sink.files.set('checkpoints/last-1.ckpt', latest.slice(0, -8));

  const events: JobEvent[] = [];
  const outcome = await train(
    spec,
    ports(source, first.sink),
    (event) => events.push(event),
    new AbortController().signal,
  );
  const epochs = ofType(events, 'epoch').map(({ phase, epoch }) => `${phase} ${epoch}`);
  assert.deepEqual(epochs, ['fine-tune 2', 'fine-tune 3', 'fine-tune 4']);
  assert.match(
    ofType(events, 'note')
      .map(({ text }) => text)
      .join(' '),
    /damaged.*goes on after epoch 1/,
  );
  assert.deepEqual(lossesOf(events), lossesOf(whole.events).slice(-6));
  assert.deepEqual(outcome.files, whole.outcome.files);
});

test('a checkpoint of another plan is not gone on from', async () => {
  const first = ports(smallPatches.source);
  const recipe = applySettings(smallRecipe, ['phases.fine-tune.epochs=1']);
  const spec = specOf(recipe, smallPatches.patches);
  await train(spec, first, () => {}, new AbortController().signal);
  const events: JobEvent[] = [];
  const other = { ...spec, planHash: 'another' };
  await train(other, ports(smallPatches.source, first.sink), (e) => events.push(e), new AbortController().signal);
  assert.equal(ofType(events, 'epoch').length, 4);
});
