/** Which network a file of weights is for, and what of it fits. */
import { EosinError } from '../core/errors.ts';
import { architectures } from '../networks/architectures.ts';
import { type Architecture, layersOf } from '../networks/backbone.ts';
import { plannedWeights } from '../networks/blueprint.ts';
import { nameNumberedLayers } from './keras-layer-order.ts';
import { type MatchedWeights, matchWeights, type WantedWeight } from './match-weights.ts';
import type { WeightFormat } from './read-weights-node.ts';
import type { StoredTensors } from './stored-tensor.ts';
import { type Dialect, type Translated, torchDialects, translate } from './weight-dialects.ts';

/** The size that dense layers of the network's own are for. */
const headSizePx = 224;

export interface ChosenNetwork {
  readonly architecture: Architecture;
  /** Null: Keras' names, which are ours. */
  readonly dialect: Dialect | null;
  readonly matched: MatchedWeights;
  /** All of the network's own dense layers were in the file. */
  readonly ownHead: boolean;
}

interface Candidate {
  readonly architecture: Architecture;
  readonly dialect: Dialect | null;
  readonly wanted: readonly WantedWeight[];
  readonly found: Translated;
  /** Share of the wanted weights that the file has in the right shape, and by name alone. */
  readonly fit: number;
  readonly named: number;
}

/**
 * The network whose names fit best, among those of `family` where one is given.
 *
 * @throws EosinError `weights/other-network` when none fits, and what `matchWeights` throws.
 */
export function chooseNetwork(tensors: StoredTensors, format: WeightFormat, family: string | null): ChosenNetwork {
  const asked = architectures.filter(({ name }) => family === null || familyName(name) === family);
  const candidates = asked
    .flatMap((architecture) => candidatesOf(architecture, tensors, format))
    .sort((a, b) => b.fit - a.fit || b.named - a.named);
  const best = candidates[0];
  if (best === undefined || best.named === 0) throw otherNetwork(tensors, family);
  const { architecture, dialect, wanted, found } = best;
  const matched = matchWeights(wanted, found, architecture.title);
  const optional = wanted.filter((weight) => weight.optional);
  const ownHead = optional.length > 0 && matched.missing.length === 0;
  if (ownHead || optional.length === 0) return { architecture, dialect, matched, ownHead };
  // Half of the dense layers are of no use.
  const halves = new Set(optional.map(({ name }) => name));
  const body = matched.tensors.filter(({ name }) => !halves.has(name));
  const unused = [...matched.unused, ...matched.tensors.map(({ name }) => name).filter((name) => halves.has(name))];
  return { architecture, dialect, matched: { ...matched, tensors: body, unused }, ownHead };
}

/** `resnet50-torchvision` is a `resnet50`. */
export function familyName(architecture: string): string {
  return architecture.replace(/-torchvision$/, '');
}

function candidatesOf(architecture: Architecture, tensors: StoredTensors, format: WeightFormat): Candidate[] {
  const body = layersOf(architecture);
  const layers = [...body, ...architecture.ownHead];
  const required = plannedWeights(body, headSizePx).length;
  const wanted = plannedWeights(layers, headSizePx).map((weight, i) => ({ ...weight, optional: i >= required }));
  const candidate = (dialect: Dialect | null, found: Translated): Candidate => {
    const present = wanted.filter(({ name }) => found.tensors.has(name));
    const fitting = present.filter(({ name, shape }) => String(found.tensors.get(name)!.shape) === String(shape));
    const share = (part: readonly unknown[]): number => part.length / wanted.length;
    return { architecture, dialect, wanted, found, fit: share(fitting), named: share(present) };
  };
  const torch = torchDialects.filter((dialect) => dialect.architecture === architecture.name);
  const translated = format === 'torch' ? torch.map((dialect) => candidate(dialect, translate(tensors, dialect))) : [];
  if (architecture.name !== familyName(architecture.name)) return translated;
  const named = kerasNames(nameNumberedLayers(tensors, layers), wanted);
  return [...translated, candidate(null, { tensors: named, origin: new Map(), strange: [] })];
}

/** Keras 3 calls the kernel of a depthwise convolution just `kernel`. */
function kerasNames(tensors: StoredTensors, wanted: readonly WantedWeight[]): StoredTensors {
  const names = new Set(wanted.map(({ name }) => name));
  return new Map(
    [...tensors].map(([name, tensor]) => {
      const depthwise = name.replace(/\/kernel$/, '/depthwise_kernel');
      return [!names.has(name) && names.has(depthwise) ? depthwise : name, tensor];
    }),
  );
}

function otherNetwork(tensors: StoredTensors, family: string | null): EosinError {
  const some = [...tensors.keys()].slice(0, 3).join(', ');
  const what = family ?? 'any network that Eosin knows';
  return new EosinError(
    'weights/other-network',
    'input',
    `The file holds no weights of ${what}; it has ${some || 'no numbers at all'}.`,
    {
      remedy: `Eosin knows ${[...new Set(architectures.map(({ name }) => familyName(name)))].join(', ')}, with the layer names of Keras or torchvision.`,
      fields: { tensors: tensors.size },
    },
  );
}
