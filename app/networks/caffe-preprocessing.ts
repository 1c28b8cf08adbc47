/** What Keras' ResNet50 and VGG16 want: BGR minus the mean of ImageNet, not scaled (`imagenet_utils`, mode 'caffe'). */
import type { Preprocessing } from './backbone.ts';

export const caffePreprocessing: Preprocessing = {
  channels: 'bgr',
  mean: [103.939, 116.779, 123.68],
  scale: [1, 1, 1],
};
