/** Every network that Eosin can build, by name. */
import type { Architecture } from './backbone.ts';
import { efficientNetLite0 } from './efficientnet-lite0.ts';
import { mobileNetV2Keras, mobileNetV2Torchvision } from './mobilenet-v2.ts';
import { resNet50Keras, resNet50Torchvision } from './resnet50.ts';
import { vgg16 } from './vgg16.ts';

export const architectures: readonly Architecture[] = [
  efficientNetLite0,
  mobileNetV2Keras,
  mobileNetV2Torchvision,
  resNet50Keras,
  resNet50Torchvision,
  vgg16,
];
