import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import { writeTissueSlide } from '../fixtures/tissue-slide.ts';
import { assertRefused, type Bench, documentOf, type Outcome, openBench } from './fixtures/run-eosin.ts';

let bench: Bench;
before(async () => {
  bench = openBench();
  await writeTissueSlide(bench.file('a.tif'));
});
after(() => bench.close());

function documentAs<T>(outcome: Outcome): T {
  return documentOf(outcome) as T;
}

interface Found {
  threshold: number;
  automatic: number;
  tissue: number;
}

describe('tissue on the command line', { concurrency: 2 }, () => {
  test('the mask is a picture; a threshold moves it', async () => {
    const found = documentAs<Found>(await bench.eosin('--json', 'tissue', 'a.tif', '--out', 'mask.png'));
    assert.equal(found.threshold, found.automatic);
    assert.ok(found.tissue > 0.8 && found.tissue < 0.9, `${found.tissue}`);
    const { data, info } = await sharp(bench.file('mask.png'))
      .extractChannel(0)
      .raw()
      .toBuffer({ resolveWithObject: true });
    assert.deepEqual([info.width, info.height], [32, 24]);
    assert.deepEqual([data[16], data[20 * 32 + 16]], [0, 255]);
    // The pink half has less colour than the violet one.
    const moved = documentAs<Found>(
      await bench.eosin('--json', 'tissue', 'a.tif', '--out', 'moved.png', '--threshold', '84'),
    );
    assert.deepEqual([moved.threshold, moved.automatic], [84, found.automatic]);
    assert.ok(moved.tissue > 0.3 && moved.tissue < 0.5, `${moved.tissue}`);
  });

  test('a project keeps a threshold; what is wrong is refused before anything is changed', async () => {
    assert.equal((await bench.eosin('project', 'create', 'Study.eosin')).code, 0);
    assert.equal((await bench.eosin('project', 'add', 'Study.eosin', 'a.tif')).code, 0);
    const set = await bench.eosin('project', 'tissue', 'Study.eosin', 'a.tif=40', 'a.tif=pen-is-tissue');
    assert.match(set.stdout, /a\.tif +40 +tissue/);
    for (const given of ['a.tif=300', 'a.tif=-1', 'a.tif', 'b.tif=4'])
      assert.notEqual((await bench.eosin('project', 'tissue', 'Study.eosin', given)).code, 0, given);
    const shown = await bench.eosin('--json', 'project', 'tissue', 'Study.eosin');
    const { slides } = documentAs<{ slides: { threshold: number; penIsTissue: boolean }[] }>(shown);
    assert.deepEqual(
      slides.map(({ threshold, penIsTissue }) => [threshold, penIsTissue]),
      [[40, true]],
    );
    const back = await bench.eosin('project', 'tissue', 'Study.eosin', 'a.tif=automatic', 'a.tif=pen-is-ink');
    assert.match(back.stdout, /a\.tif +automatic +left out/);
  });

  test('patches say focus and pen, and are left out where that is asked for', async () => {
    await writeTissueSlide(bench.file('spoiled.tif'), {
      pen: { x: 0, y: 64, width: 128, height: 192 },
      blurred: { x: 384, y: 256, width: 128, height: 128 },
    });
    const args = ['patches', 'spoiled.tif', '--size', '64', '--mpp', '0.5', '--tissue', '0'];
    interface Cut {
      patches: number;
      leftOut: number;
      touchedByPen: Record<string, number>;
      outOfFocus: Record<string, number>;
    }
    const all = documentAs<Cut>(await bench.eosin('--json', ...args, '--out', 'all'));
    assert.deepEqual(
      [all.patches, all.leftOut, all.touchedByPen, all.outOfFocus],
      [48, 0, { unlabelled: 6 }, { unlabelled: 4 }],
    );
    const [head, ...rows] = readFileSync(bench.file('all/patches.csv'), 'utf8').trimEnd().split('\r\n');
    assert.equal(head, 'file,x,y,label,tissue,focus,pen');
    const cells = rows.map((row) => row.split(','));
    assert.equal(cells.filter((row) => row[6] === '1.000').length, 6);
    for (const [, x, y, , , focus] of cells)
      assert.equal(Number(focus) < 0.45, Number(x) >= 384 && Number(y) >= 256, `${x}, ${y}: ${focus}`);
    const strict = await bench.eosin('--json', ...args, '--out', 'strict', '--max-pen', '0.05', '--min-focus', '0.45');
    assert.deepEqual([documentAs<Cut>(strict).patches, documentAs<Cut>(strict).leftOut], [38, 10]);
    assertRefused(await bench.eosin(...args, '--out', 'x', '--min-focus', '2'), 64, 'cli/usage');
  });

  test('a threshold that is none is wrong use', async () => {
    for (const value of ['256', '1.5', 'x'])
      assertRefused(await bench.eosin('tissue', 'a.tif', '--out', 'x.png', '--threshold', value), 64, 'cli/usage');
  });
});
