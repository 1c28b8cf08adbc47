import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { commands } from '../../main/cli/commands.ts';
import { assertRefused, assertRefusedJson, type Bench, documentOf, openBench } from './fixtures/run-eosin.ts';

let bench: Bench;
before(() => {
  bench = openBench();
});
after(() => bench.close());

describe('how the command line is used', { concurrency: 2 }, () => {
  test('--help and no word at all list every command; a command tells its own usage', async () => {
    const { code, stdout, stderr } = await bench.eosin('--help');
    assert.deepEqual([code, stderr], [0, '']);
    for (const { name, summary } of commands) assert.ok(stdout.includes(name) && stdout.includes(summary), name);
    assert.equal((await bench.eosin()).stdout, stdout);
    const region = await bench.eosin('region', '--help');
    assert.equal(region.code, 0);
    assert.match(region.stdout, /^Usage: eosin region SLIDE --x N/);
    assert.match((await bench.eosin('--version')).stdout, /^\d+\.\d+\.\d+\n$/);
  });

  test('an unknown command, half a command, an unknown flag and a missing word are wrong use', async () => {
    assertRefused(await bench.eosin('frobnicate'), 64, 'cli/usage');
    const half = await bench.eosin('project');
    assertRefused(half, 64, 'cli/usage');
    assert.match(half.stderr, /project create, project add/);
    const flag = await bench.eosin('info', 'a.svs', '--frob');
    assertRefused(flag, 64, 'cli/usage');
    assert.match(flag.stderr, /--frob/);
    assertRefused(await bench.eosin('--frob'), 64, 'cli/usage');
    assertRefused(await bench.eosin('info'), 64, 'cli/usage');
    const error = assertRefusedJson(await bench.eosin('--json', 'region', 'a.svs', '--x', '1'), 64, 'cli/usage');
    assert.match(error.message, /--out is missing/);
  });

  test('numbers are checked by name; one that begins with a dash is explained in one line', async () => {
    const words = await bench.eosin(
      'region',
      'a.svs',
      '--x',
      'a',
      '--y',
      '0',
      '--width',
      '5',
      '--height',
      '5',
      '--out',
      'o.png',
    );
    assertRefused(words, 64, 'cli/usage');
    assert.match(words.stderr, /--x wants a number, not "a"/);
    const dash = await bench.eosin('region', 'a.svs', '--x', '-5');
    assertRefused(dash, 64, 'cli/usage');
    assert.match(dash.stderr, /--x=-5/);
    const half = await bench.eosin('region', 'a.svs', '--x=0', '--y=0', '--width=1.5', '--height=5', '--out=o.png');
    assertRefused(half, 64, 'cli/usage');
    assert.match(half.stderr, /--width wants a whole number/);
  });

  test('a reader who leaves, as head does, gets no stack', async () => {
    const { child, ended } = bench.start(['recipes', 'show', 'quick', '--json']);
    child.stdout!.destroy();
    const { code, stderr } = await ended;
    assert.deepEqual([code, stderr], [0, '']);
  });

  test('--json gives exactly one document on stdout', async () => {
    const { recipes } = documentOf(await bench.eosin('recipes', '--json')) as { recipes: { name: string }[] };
    assert.equal(recipes[0]?.name, 'quick');
    const quick = documentOf(await bench.eosin('--json', 'recipes', 'show', 'quick'));
    assert.equal(quick.name, 'quick');
    const { stdout } = await bench.eosin('recipes', 'show', 'quick', '--explain');
    assert.match(stdout, /^batchSize = 32 patches\n {2}Patches a step\. Default: 32 patches\.$/m);
    const made = documentOf(await bench.eosin('project', 'create', 'Study.eosin', '--json'));
    assert.equal(made.name, 'Study');
    assert.equal(documentOf(await bench.eosin('project', 'show', 'Study.eosin', '--json')).id, made.id);
    const plain = await bench.eosin('project', 'show', 'Study.eosin');
    assert.match(plain.stdout, /^Study: /);
  });

  test('an unknown recipe and an unknown key of one are named, with what was probably meant', async () => {
    assertRefused(await bench.eosin('recipes', 'show', 'quik'), 64, 'recipe/unknown');
    await bench.eosin('project', 'create', 'Keys.eosin');
    const key = await bench.eosin('train', 'Keys.eosin', '--set', 'phases.head.epoch=3');
    assertRefused(key, 64, 'recipe/unknown-key');
    assert.match(key.stderr, /\.epoch'.*Did you mean 'phases\.\w+\.epochs'/);
    const quick = documentOf(await bench.eosin('recipes', 'show', 'quick', '--json'));
    writeFileSync(bench.file('mine.json'), JSON.stringify({ ...quick, speed: 3 }));
    const file = assertRefusedJson(
      await bench.eosin('train', 'Keys.eosin', '--recipe', 'mine.json', '--json'),
      64,
      'recipe/unknown-key',
    );
    assert.match(file.message, /'speed'/);
    mkdirSync(bench.file('Keys.eosin/recipes'));
    writeFileSync(bench.file('Keys.eosin/recipes/mine.json'), JSON.stringify({ ...quick, name: 'mine' }));
    assertRefused(await bench.eosin('train', 'Keys.eosin', '--recipe', 'mine'), 65, 'plan/no-regions');
    assertRefused(await bench.eosin('train', 'Keys.eosin', '--recipe', 'none.json'), 65, 'file/missing');
    assertRefused(await bench.eosin('train', 'Keys.eosin', '--engine', 'steam'), 64, 'cli/usage');
    const twoWishes = await bench.eosin('train', 'Keys.eosin', '--resume', 'RUN', '--recipe', 'quick');
    assertRefused(twoWishes, 64, 'cli/usage');
    assertRefused(await bench.eosin('train', 'Keys.eosin', '--resume', 'RUN'), 65, 'run/unknown');
  });
});
