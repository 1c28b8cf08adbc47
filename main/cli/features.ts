/** Pooled activations of a layer for pictures that are patches already. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { decodeCalls, decodePictureStore } from '../../app/jobs/cut-store.ts';
import { runDepsOf } from '../../app/jobs/run-deps.ts';
import { startWorkerRun } from '../../app/jobs/worker-run.ts';
import { groupsOf } from '../../app/networks/blueprint.ts';
import { type OpenedModel, openModelFolder } from '../../app/passports/model-folder.ts';
import { familyOf } from '../../app/weights/backbone-library.ts';
import { text, word, wrongUse } from './arguments.ts';
import type { Command } from './command.ts';

const backboneSizePx = 224;

export const features: Command = {
  name: 'features',
  usage: '(MODEL | BACKBONE) IMAGE... [--layer NAME]',
  summary: 'The pooled activations of a layer (default: the last before the head), a line a picture.',
  flags: { layer: { type: 'string' } },
  async run({ words, flags, terminal, app, signal }) {
    const network = word(words, 0, 'MODEL or BACKBONE');
    const pictures = words.slice(1);
    if (pictures.length === 0) throw wrongUse('IMAGE is missing.');
    const { services } = await app();
    const { pool, backbones } = services;
    const known = backbones.list().some(({ name }) => name === network);
    const model = known ? null : await openModelFolder(path.resolve(network));
    const deps = runDepsOf(services);
    await mkdir(deps.scratchFolder, { recursive: true });
    const folder = await mkdtemp(path.join(deps.scratchFolder, 'features-'));
    try {
      const colour = model?.passport.recipe.input.colour ?? 'stored';
      const sizePx = model?.passport.sizePx ?? backboneSizePx;
      const store = { file: path.join(folder, 'pictures.raw'), count: pictures.length, sizePx, contextPx: 0 };
      const listed = pictures.map((picture, index) => ({ path: path.resolve(picture), index }));
      await decodePictureStore(pool, store, { pictures: listed, colour }, decodeCalls, () => undefined, signal);
      const spec = {
        kind: 'features' as const,
        network:
          model === null ? ({ kind: 'backbone', source: backbones.source(network) } as const) : modelNetwork(model),
        layer: text(flags, 'layer') ?? null,
        sizePx,
        threads: deps.threads,
        pictureFile: store.file,
        count: store.count,
      };
      const run = startWorkerRun(
        deps.startProcess,
        spec,
        (message) => {
          if (message.type !== 'features') return;
          for (const [i, values] of message.values.entries()) {
            terminal.result({ file: pictures[i], layer: message.layer, values });
            if (!terminal.json)
              terminal.say(
                `${pictures[i]}: ${message.layer}, ${values.length} values, mean ${mean(values).toFixed(4)}`,
              );
          }
        },
        signal,
      );
      await run.ended;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

function modelNetwork({ folder, passport }: OpenedModel) {
  const { channels, mean, scale } = passport.preprocessing;
  const three = (values: readonly number[]) => values as unknown as readonly [number, number, number];
  const plan = familyOf(passport.backbone.name)?.plan ?? [];
  const preprocessing = { channels, mean: three(mean), scale: three(scale) };
  return { kind: 'model', folder, preprocessing, groups: groupsOf(plan) } as const;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
