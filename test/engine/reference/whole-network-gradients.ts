/**
 * The gradients of a whole network with made-up weights on two small pictures, and what is kept of them as reference.
 *
 *     node test/engine/reference/whole-network-gradients.ts     writes whole-network-gradients.json with the cpu backend (minutes)
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type * as tf from '@tensorflow/tfjs';
import { linearHead } from '../../../app/core/recipe.ts';
import type { Engine } from '../../../app/engine/engine.ts';
import { openEngine } from '../../../app/engine/node.ts';
import { variableGradients } from '../../../app/engine/variable-gradients.ts';
import { architectures } from '../../../app/networks/architectures.ts';
import { attachHead } from '../../../app/networks/network.ts';
import { upperNetwork } from '../../../app/networks/split-network.ts';
import { formulaBackbone } from '../../networks/formula-backbone.ts';

export const networks = ['mobilenet-v2', 'resnet50', 'vgg16'] as const;
const sizePx = 32;
const pictureCount = 2;
const sampleCount = 6;

/** Of one weight's gradient: enough to see any element wrong, through the projections, without keeping millions. */
export interface GradientMark {
  /** The largest element. */
  readonly largest: number;
  /** Some elements, spread over all. */
  readonly samples: readonly number[];
  /** Sums of the elements times waves, over the root of their count. */
  readonly projections: readonly number[];
}

/** By the name of the weight. */
export async function gradientMarks({ tf: api }: Engine, name: string): Promise<Record<string, GradientMark>> {
  const { backbone, base } = await formulaBackbone(api, architectures.find((each) => each.name === name)!, sizePx);
  const network = attachHead(api, backbone, base, 'last', linearHead, 3, 1);
  const upper = upperNetwork(api, network, null);
  const values = Float32Array.from({ length: pictureCount * sizePx * sizePx * 3 }, (_, i) => Math.sin(i * 1.618));
  const pictures = api.tensor4d(values, [pictureCount, sizePx, sizePx, 3]);
  const labels = api.tidy(() => api.oneHot(api.tensor1d([0, 2], 'int32'), 3));
  const loss = (): tf.Scalar => api.losses.softmaxCrossEntropy(labels, upper.logits(pictures)).asScalar();
  const { value, grads } = variableGradients(
    api,
    loss,
    upper.variables.map(({ variable }) => variable),
  );
  const marks: Record<string, GradientMark> = {};
  for (const { name: weight, variable } of upper.variables) {
    marks[weight] = markOf(await grads[variable.name]!.data<'float32'>());
  }
  api.dispose([value, pictures, labels, ...Object.values(grads)]);
  network.model.dispose();
  return marks;
}

function markOf(gradient: Float32Array): GradientMark {
  const count = gradient.length;
  const samples = Array.from(
    { length: sampleCount },
    (_, i) => gradient[Math.floor(((i + 0.5) * count) / sampleCount)]!,
  );
  const projections = [0.7, 2.3].map(
    (step) => gradient.reduce((sum, value, i) => sum + value * Math.sin(step * (i + 1)), 0) / Math.sqrt(count),
  );
  return { largest: gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0), samples, projections };
}

export const referenceFile = fileURLToPath(new URL('./whole-network-gradients.json', import.meta.url));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const engine = await openEngine('cpu', { threads: 1 });
  const reference: Record<string, Record<string, GradientMark>> = {};
  for (const name of networks) reference[name] = await gradientMarks(engine, name);
  const short = (_: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(7)) : value);
  const lines = Object.entries(reference).map(([name, marks]) => {
    const weights = Object.entries(marks).map(([weight, mark]) => `    "${weight}": ${JSON.stringify(mark, short)}`);
    return `  "${name}": {\n${weights.join(',\n')}\n  }`;
  });
  writeFileSync(referenceFile, `{\n${lines.join(',\n')}\n}\n`);
}
