/** What every network that torchvision trained on ImageNet was fed: ((pixel / 255) - mean) / standard deviation, RGB. */
import type { Preprocessing } from './backbone.ts';

export const torchvisionPreprocessing: Preprocessing = {
  channels: 'rgb',
  mean: [0.485 * 255, 0.456 * 255, 0.406 * 255],
  scale: [0.229 * 255, 0.224 * 255, 0.225 * 255],
};
