import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { DivergingAnswer, JobEvent } from '../../app/core/run.ts';
import { decodeCheckpoint, type EpochCheckpoint, encodeCheckpoint } from '../../app/training/checkpoint.ts';
import { applySettings } from '../../app/training/recipe-book.ts';
import { train } from '../../app/training/train.ts';
import {
  engine,
  lossesOf,
  memorySink,
  ofType,
  ports,
  smallPatches,
  smallRecipe,
  specOf,
  type Trained,
  trainTextures,
} from './fixtures/train-bench.ts';

after(() => engine.close());

const recipe = applySettings(smallRecipe, ['phases.fine-tune.epochs=4', 'head.dropout=0.3']);
const spec = specOf(recipe, smallPatches.patches);
const never = new AbortController().signal;
const whole = await trainTextures(recipe);

/** The folder of a run that was cut off by the end of fine-tuning's epoch `epoch`. */
async function cutAfter(epoch: number): Promise<ReturnType<typeof memorySink>> {
  const cut = new AbortController();
  const first = ports(smallPatches.source);
  const stop = (event: JobEvent): void => {
    if (event.type === 'epoch' && event.phase === 'fine-tune' && event.epoch === epoch) cut.abort();
  };
  await assert.rejects(train(spec, first, stop, cut.signal), { code: 'job/cancelled' });
  return first.sink;
}

/** The run goes on in `sink`. */
async function goOn(sink: ReturnType<typeof memorySink>, given = spec): Promise<Trained & { notes: string }> {
  const events: JobEvent[] = [];
  const outcome = await train(given, ports(smallPatches.source, sink), (event) => events.push(event), never);
  const notes = ofType(events, 'note').map(({ text }) => text);
  return { outcome, events, files: sink.files, notes: notes.join(' ') };
}

const epochsOf = ({ events }: Trained): string[] =>
  ofType(events, 'epoch').map(({ phase, epoch }) => `${phase} ${epoch}`);

/** Names of the older and the later of the two checkpoints. */
async function byAge({ files }: Pick<Trained, 'files'>): Promise<[older: string, later: string]> {
  const names = ['checkpoints/last-0.ckpt', 'checkpoints/last-1.ckpt'] as const;
  const [a, b] = await Promise.all(names.map((name) => decodeCheckpoint(files.get(name)!)));
  return (a as EpochCheckpoint).serial < (b as EpochCheckpoint).serial ? [...names] : [names[1], names[0]];
}

/** A run in `sink` that ends right after its `count`-th checkpoint, as by a crash: null. Its outcome when it came to its end before. */
async function crashAfter(
  sink: ReturnType<typeof memorySink>,
  count: number,
  events: JobEvent[],
): Promise<Trained['outcome'] | null> {
  const crash = new AbortController();
  const given = ports(smallPatches.source, sink);
  let left = count;
  const put = async (name: string, bytes: Uint8Array): Promise<void> => {
    await sink.put(name, bytes);
    if (name.includes('last-') && --left === 0) crash.abort();
  };
  const eager = { ...spec, checkpointEveryMs: 0 };
  try {
    return await train(eager, { ...given, sink: { ...sink, put } }, (e) => events.push(e), crash.signal);
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'job/cancelled');
    return null;
  }
}

test('a run that breaks off again and again in mid-epoch ends with the files of the unbroken run', async () => {
  const sink = memorySink();
  let [breaks, middles] = [0, 0];
  const events: JobEvent[] = [];
  let outcome: Trained['outcome'] | null = null;
  for (;;) {
    outcome = await crashAfter(sink, 4 + (breaks % 3), events);
    if (outcome) break;
    assert.ok(++breaks < 40, 'each attempt gets further');
    const [, later] = await byAge(sink);
    const { state } = (await decodeCheckpoint(sink.files.get(later)!)) as EpochCheckpoint;
    if (state.middle) middles++;
  }
  assert.ok(breaks > 5 && middles > 3, `${breaks} breaks, ${middles} of them in mid-epoch`);
  assert.deepEqual(outcome.files, whole.outcome.files);
  // An epoch whose checkpoint was the last before a break was not told: those that were, are those of the unbroken run.
  const told = ofType(events, 'epoch').map(({ phase, epoch, loss, valLoss }) => ({ phase, epoch, loss, valLoss }));
  const all = ofType(whole.events, 'epoch').map(({ phase, epoch, loss, valLoss }) => ({ phase, epoch, loss, valLoss }));
  assert.ok(told.length > 3);
  for (const epoch of told)
    assert.ok(
      all.some((one) => isDeepStrictEqual(one, epoch)),
      JSON.stringify(epoch),
    );
});

test('a pause writes where the run stands, and nothing is lost', async () => {
  const pause = new AbortController();
  const given = ports(smallPatches.source);
  const { sink } = given;
  const put = async (name: string, bytes: Uint8Array): Promise<void> => {
    await sink.put(name, bytes);
    if (name.includes('best-1')) pause.abort();
  };
  const paused = train(spec, { ...given, sink: { ...sink, put }, pause: pause.signal }, () => {}, never);
  await assert.rejects(paused, { code: 'job/cancelled' });
  const rest = await goOn(sink);
  assert.match(rest.notes, /goes on in epoch 2, after 1 batches, of phase fine-tune/);
  assert.deepEqual(epochsOf(rest), ['fine-tune 2', 'fine-tune 3', 'fine-tune 4']);
  assert.deepEqual(rest.outcome.files, whole.outcome.files);
});

test('a damaged latest checkpoint costs one epoch, and the run says so', async () => {
  const cut = await cutAfter(2);
  const [, later] = await byAge(cut);
  const bytes = cut.files.get(later)!;
  const flipped = bytes.slice();
  flipped[bytes.length >> 1]! ^= 4;
  for (const damaged of [flipped, bytes.slice(0, -8), new Uint8Array(0)]) {
    cut.files.set(later, damaged);
    const sink = memorySink();
    for (const [name, file] of cut.files) sink.files.set(name, file);
    const rest = await goOn(sink);
    assert.match(rest.notes, /One of the run's two checkpoints is damaged: .* other one.*goes on after epoch 1 of/);
    assert.deepEqual(epochsOf(rest), ['fine-tune 2', 'fine-tune 3', 'fine-tune 4']);
    assert.deepEqual(lossesOf(rest.events), lossesOf(whole.events).slice(-6));
    assert.deepEqual(rest.outcome.files, whole.outcome.files);
  }
});

const twig = { ...recipe, phases: recipe.phases.map((phase) => ({ ...phase, epochs: 1 })) };
const short = specOf(twig, smallPatches.patches);

test('the checkpoint of another plan or another network is passed over, for the own one before it where there is one', async () => {
  const cut = await cutAfter(2);
  const [older, later] = await byAge(cut);
  const stranger = (await decodeCheckpoint(cut.files.get(later)!)) as EpochCheckpoint;
  const weights = [{ name: 'conv', shape: [1], values: new Float32Array([1]) }];
  const foreign = { ...stranger, weights, origin: { ...stranger.origin, planHash: 'another' } };
  cut.files.set(later, await encodeCheckpoint(foreign));
  const rest = await goOn(cut);
  assert.match(rest.notes, /have changed since.* goes on from the other one/);
  assert.deepEqual(rest.outcome.files, whole.outcome.files);

  const sink = memorySink();
  sink.files.set(older, await encodeCheckpoint(foreign));
  const anew = await goOn(sink, short);
  assert.match(anew.notes, /have changed since.* starts anew/);
  assert.deepEqual(epochsOf(anew), ['head 1', 'fine-tune 1']);
});

test('where both checkpoints are damaged the run starts anew, and says so', async () => {
  const sink = memorySink();
  sink.files.set('checkpoints/last-0.ckpt', new Uint8Array(9));
  sink.files.set('checkpoints/last-1.ckpt', new Uint8Array(900));
  const anew = await goOn(sink, short);
  assert.match(anew.notes, /Both checkpoints of the run are damaged: the run starts anew/);
  assert.equal(epochsOf(anew).length, 2);
});

test('a loss that has run away pauses the run, and the answer is what it goes on with', async () => {
  const cut = await cutAfter(2);
  const [, later] = await byAge(cut);
  const last = (await decodeCheckpoint(cut.files.get(later)!)) as EpochCheckpoint;
  // As if the three epochs before had a loss far over the lowest.
  const away = { ...last, state: { ...last.state, divergingEpochs: 3 } };
  cut.files.set(later, await encodeCheckpoint(away));
  const events: JobEvent[] = [];
  const asking = { ...spec, diverging: { answer: null, ask: true } };
  const waits = train(asking, ports(smallPatches.source, cut), (event) => events.push(event), never);
  await assert.rejects(waits, { code: 'job/paused' });
  assert.deepEqual(
    ofType(events, 'diverging').map(({ phase, epoch }) => [phase, epoch]),
    [['fine-tune', 2]],
  );
  const onward = async (answer: DivergingAnswer | null): Promise<Trained & { notes: string }> => {
    const sink = memorySink();
    for (const [name, file] of cut.files) sink.files.set(name, file);
    return await goOn(sink, { ...spec, diverging: { answer, ask: false } });
  };
  const same = await onward('go-on');
  assert.deepEqual(same.outcome.files, whole.outcome.files);
  const nobody = await onward(null);
  assert.deepEqual(epochsOf(nobody), []);
  assert.match(nobody.notes, /ends with its best weights, of epoch \d/);
  const half = await onward('half-rate');
  assert.equal(ofType(half.events, 'epoch')[0]!.learningRate, 5e-4);
});
