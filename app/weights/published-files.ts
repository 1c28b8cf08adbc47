/** Files of weights that are known by their checksum (Keras' own source gives the MD5), and where each network's are from. */

export interface PublishedFile {
  readonly file: string;
  readonly md5: string;
  readonly architecture: string;
  readonly top: boolean;
  readonly words: string;
  readonly licence: string;
}

const resNet = {
  architecture: 'resnet50',
  words: 'ResNet50 trained on ImageNet (He 2015), as Keras publishes it',
  licence: 'MIT',
} as const;
const vgg = {
  architecture: 'vgg16',
  words: 'VGG16 trained on ImageNet (Simonyan 2014), as Keras publishes it',
  licence: 'CC-BY-4.0',
} as const;

export const publishedFiles: readonly PublishedFile[] = [
  {
    ...resNet,
    file: 'resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5',
    md5: '4d473c1dd8becc155b73f8504c6f6626',
    top: false,
  },
  {
    ...resNet,
    file: 'resnet50_weights_tf_dim_ordering_tf_kernels.h5',
    md5: '2cb95161c43110f7111970584f804107',
    top: true,
  },
  {
    ...vgg,
    file: 'vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5',
    md5: '6d6bbae143d832006294945121d1f1fc',
    top: false,
  },
  { ...vgg, file: 'vgg16_weights_tf_dim_ordering_tf_kernels.h5', md5: '64373286793e3c8b2b4e3219cbf3544b', top: true },
];

export function publishedFile(md5: string): PublishedFile | null {
  return publishedFiles.find((one) => one.md5 === md5) ?? null;
}
