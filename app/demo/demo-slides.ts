/**
 * The six example slides as data. Slides 1-3 are for training, 4 validates, 5 tests, 6 is predicted; each is its own
 * patient with a stain of its own, so that colour alone does not tell the classes.
 */
import { hashText } from '../core/random.ts';

/** How a slide was stained and lit. A vector is the optical density of one unit of stain in red, green and blue. */
export interface DemoStain {
  readonly name: string;
  readonly haematoxylin: readonly [number, number, number];
  readonly eosin: readonly [number, number, number];
  /** The lamp's colour through clean glass, 0..255. */
  readonly glass: readonly [number, number, number];
}

export interface DemoSlideSpec {
  /** File name without extension. */
  readonly name: string;
  readonly patient: string;
  readonly seed: number;
  readonly widthPx: number;
  readonly heightPx: number;
  /** um per px. */
  readonly mpp: number;
  readonly stain: DemoStain;
}

/** Grows when the drawing changes, so that slides drawn by an older version are not reused. */
export const drawingVersion = 3;

/** Names a drawing: the same key is the same picture. */
export function drawingKey(spec: DemoSlideSpec): string {
  return `${drawingVersion}-${hashText(JSON.stringify(spec)).toString(16).padStart(8, '0')}`;
}

const size = { widthPx: 8192, heightPx: 6144, mpp: 0.5 };

export const demoSlideSpecs: readonly DemoSlideSpec[] = [
  {
    name: 'demo-1',
    patient: 'demo patient 1',
    seed: 101,
    ...size,
    stain: {
      name: 'H&E, balanced',
      haematoxylin: [0.92, 0.98, 0.38],
      eosin: [0.1, 0.92, 0.34],
      glass: [243, 241, 243],
    },
  },
  {
    name: 'demo-2',
    patient: 'demo patient 2',
    seed: 102,
    ...size,
    stain: {
      name: 'H&E, strong eosin',
      haematoxylin: [0.78, 0.94, 0.42],
      eosin: [0.14, 1.22, 0.6],
      glass: [240, 236, 232],
    },
  },
  {
    name: 'demo-3',
    patient: 'demo patient 3',
    seed: 103,
    ...size,
    stain: {
      name: 'H&E, blue',
      haematoxylin: [1.18, 1.02, 0.36],
      eosin: [0.16, 0.7, 0.2],
      glass: [238, 242, 246],
    },
  },
  {
    name: 'demo-4',
    patient: 'demo patient 4',
    seed: 104,
    ...size,
    stain: {
      name: 'H&E, violet',
      haematoxylin: [0.86, 1.1, 0.34],
      eosin: [0.2, 0.86, 0.26],
      glass: [241, 238, 243],
    },
  },
  {
    name: 'demo-5',
    patient: 'demo patient 5',
    seed: 105,
    ...size,
    stain: {
      name: 'H&E, pale',
      haematoxylin: [0.66, 0.72, 0.3],
      eosin: [0.08, 0.62, 0.3],
      glass: [244, 243, 240],
    },
  },
  {
    name: 'demo-6',
    patient: 'demo patient 6',
    seed: 106,
    ...size,
    stain: {
      name: 'H&E, dark violet',
      haematoxylin: [1.0, 1.16, 0.5],
      eosin: [0.34, 1.08, 0.34],
      glass: [226, 221, 224],
    },
  },
];
