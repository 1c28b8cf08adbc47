/**
 * What the native engine is made of: Python wheels by name, version and SHA-256, always the same files whatever Python fetches
 * them. TensorFlow's wheels export its C API, which is all that the binding of @tensorflow/tfjs-node-gpu needs.
 */
import type { NativeId } from '../engine/native-folder-node.ts';

export interface Wheel {
  /** `name==version`, as pip wants it. */
  readonly requirement: string;
  /** Of the file, as the package index names it. */
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
}

export const TENSORFLOW_VERSION = '2.21.0';

/** Unpacked, and the binding; measured. */
const unpackedBytes: Readonly<Record<NativeId, number>> = { 'native-cpu': 0.9e9, 'native-cuda': 8e9 };

const wheel = (requirement: string, file: string, bytes: number, sha256: string): Wheel => ({
  requirement,
  file,
  bytes,
  sha256,
});

/** A part of CUDA: its wheel is for any Python. */
const nvidia = (part: string, version: string, platform: string, bytes: number, sha256: string): Wheel =>
  wheel(
    `nvidia-${part}-cu12==${version}`,
    `nvidia_${part.replaceAll('-', '_')}_cu12-${version}-py3-none-${platform}.whl`,
    bytes,
    sha256,
  );

const since2010 = 'manylinux2010_x86_64.manylinux_2_12_x86_64';
const since2014 = 'manylinux2014_x86_64.manylinux_2_17_x86_64';
const since2018 = 'manylinux_2_27_x86_64';

/** The first is TensorFlow itself. The parts of CUDA are those of TensorFlow's own `and-cuda` extra. */
export const nativeWheels: Readonly<Record<NativeId, readonly Wheel[]>> = {
  'native-cpu': [
    wheel(
      `tensorflow-cpu==${TENSORFLOW_VERSION}`,
      `tensorflow_cpu-${TENSORFLOW_VERSION}-cp312-cp312-${since2018}.whl`,
      274_000_871,
      'dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb',
    ),
  ],
  'native-cuda': [
    wheel(
      `tensorflow==${TENSORFLOW_VERSION}`,
      `tensorflow-${TENSORFLOW_VERSION}-cp312-cp312-${since2018}.whl`,
      572_611_111,
      'b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0',
    ),
    nvidia(
      'cublas',
      '12.9.3.13',
      since2018,
      581_217_458,
      'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72',
    ),
    nvidia(
      'cuda-cupti',
      '12.8.90',
      since2014,
      10_248_621,
      'ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182',
    ),
    nvidia(
      'cuda-nvcc',
      '12.9.86',
      since2010,
      40_546_229,
      '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0',
    ),
    nvidia(
      'cuda-nvrtc',
      '12.9.86',
      since2010,
      89_568_129,
      '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
    ),
    nvidia(
      'cuda-runtime',
      '12.9.79',
      since2014,
      3_493_179,
      '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
    ),
    nvidia(
      'cudnn',
      '9.28.0.42',
      since2018,
      716_538_495,
      '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375',
    ),
    nvidia(
      'cufft',
      '11.4.1.4',
      since2014,
      200_877_592,
      'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28',
    ),
    nvidia(
      'curand',
      '10.3.10.19',
      since2018,
      68_295_626,
      '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e',
    ),
    nvidia(
      'cusolver',
      '11.7.5.82',
      since2018,
      338_117_415,
      '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88',
    ),
    nvidia(
      'cusparse',
      '12.5.10.65',
      since2014,
      366_465_088,
      '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
    ),
    nvidia(
      'nccl',
      '2.32.3',
      since2018,
      351_526_311,
      'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c',
    ),
    nvidia(
      'nvjitlink',
      '12.9.86',
      since2010,
      39_748_338,
      'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
    ),
  ],
};

/** Bytes that are fetched, and bytes of disk that an installation needs while it runs. */
export function nativeSize(id: NativeId): { downloadBytes: number; diskBytes: number } {
  const downloadBytes = nativeWheels[id].reduce((sum, { bytes }) => sum + bytes, 0);
  return { downloadBytes, diskBytes: downloadBytes + unpackedBytes[id] };
}

/** Where a member of a wheel goes in the engine's folder; null leaves it packed. */
export function placeInEngine(member: string): string | null {
  const library = /^tensorflow\/(libtensorflow_(?:cc|framework)\.so\.2)$/.exec(member);
  if (library) return `lib/${library[1]}`;
  const header =
    /^tensorflow\/include\/((?:tensorflow\/c|tensorflow\/core\/platform|xla\/tsl|tsl)\/.+\.(?:h|inc))$/.exec(member);
  if (header) return `include/${header[1]}`;
  const cuda = /^(nvidia\/[a-z0-9_]+\/(?:lib|bin|nvvm)\/.+)$/.exec(member);
  return cuda ? cuda[1]! : null;
}
