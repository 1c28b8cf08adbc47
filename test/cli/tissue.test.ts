import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import { writeTissueSlide } from '../fixtures/tissue-slide.ts';
import { assertRefused, type Bench, documentOf, openBench } from './fixtures/run-eosin.ts';

let bench: Bench;
before(async () => {
  bench = openBench();
  await writeTissueSlide(bench.file('a.tif'));
});
after(() => bench.close());

interface Found {
  threshold: number;
  automatic: number;
  tissue: number;
}

describe('tissue on the command line', { concurrency: 2 }, () => {
  test('the mask is a picture; a threshold moves it', async () => {
    const found = documentOf<Found>(await bench.eosin('--json', 'tissue', 'a.tif', '--out', 'mask.png'));
    assert.equal(found.threshold, found.automatic);
    assert.ok(found.tissue > 0.8 && found.tissue < 0.9, `${found.tissue}`);
    const { data, info } = await sharp(bench.file('mask.png'))
      .extractChannel(0)
      .raw()
      .toBuffer({ resolveWithObject: true });
    assert.deepEqual([info.width, info.height], [32, 24]);
    assert.deepEqual([data[16], data[20 * 32 + 16]], [0, 255]);
    // The pink half has less colour than the violet one.
    const moved = documentOf<Found>(
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
    const { slides } = documentOf<{ slides: { threshold: number; penIsTissue: boolean }[] }>(shown);
    assert.deepEqual(
      slides.map(({ threshold, penIsTissue }) => [threshold, penIsTissue]),
      [[40, true]],
    );
    const back = await bench.eosin('project', 'tissue', 'Study.eosin', 'a.tif=automatic', 'a.tif=pen-is-ink');
    assert.match(back.stdout, /a\.tif +automatic +left out/);
  });

  test('a threshold that is none is wrong use', async () => {
    for (const value of ['256', '1.5', 'x'])
      assertRefused(await bench.eosin('tissue', 'a.tif', '--out', 'x.png', '--threshold', value), 64, 'cli/usage');
  });
});
