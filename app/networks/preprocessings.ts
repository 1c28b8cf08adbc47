/** What publishers feed their networks. */
import type { Preprocessing } from './backbone.ts';

export const preprocessings = {
  /** Keras' ResNet50 and VGG16: BGR minus the mean of ImageNet, not scaled (`imagenet_utils`, mode 'caffe'). */
  caffe: { channels: 'bgr', mean: [103.939, 116.779, 123.68], scale: [1, 1, 1] },
  /** Everything that torchvision trained on ImageNet: ((pixel / 255) - mean) / standard deviation. */
  torchvision: {
    channels: 'rgb',
    mean: [0.485 * 255, 0.456 * 255, 0.406 * 255],
    scale: [0.229 * 255, 0.224 * 255, 0.225 * 255],
  },
  'zero-to-one': { channels: 'rgb', mean: [0, 0, 0], scale: [255, 255, 255] },
  /** Keras' MobileNetV2. */
  'minus-one-to-one': { channels: 'rgb', mean: [127.5, 127.5, 127.5], scale: [127.5, 127.5, 127.5] },
  /** EfficientNet-Lite. */
  lite: { channels: 'rgb', mean: [127, 127, 127], scale: [128, 128, 128] },
} as const satisfies Readonly<Record<string, Preprocessing>>;
