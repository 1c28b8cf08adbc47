/** Installs and removes the native engine: TensorFlow's own library, with an NVIDIA GPU or without one. */
import path from 'node:path';
import { type InstallProgress, installNative, removeNative } from '../../app/engine-install/install-native.ts';
import { nativeSize } from '../../app/engine-install/native-wheels.ts';
import { jobThreads } from '../../app/jobs/run-deps.ts';
import { tryEngine } from '../../app/jobs/survey-engines.ts';
import { agreeToFetch } from './agree-to-fetch.ts';
import { text } from './arguments.ts';
import type { Command } from './command.ts';
import type { Terminal } from './terminal.ts';

export const engineInstall: Command = {
  name: 'engine install',
  usage: '[--cuda] [--from FOLDER] [--yes]',
  summary: 'Makes the native TensorFlow engine (Linux x64): several times faster than the one that comes with Eosin.',
  flags: { cuda: { type: 'boolean' }, from: { type: 'string' }, yes: { type: 'boolean' } },
  async run({ flags, terminal, app, signal }) {
    const { host } = (await app()).services;
    const build = flags.cuda ? 'native-cuda' : 'native-cpu';
    const from = text(flags, 'from');
    const { downloadBytes, diskBytes } = nativeSize(build);
    terminal.note(
      `TensorFlow${flags.cuda ? ' with CUDA' : ''} comes as a Python package (${gb(downloadBytes)}${from ? '' : ' to fetch'}); ` +
        `${gb(diskBytes)} of disk while it is installed, in ${host.enginesFolder}.`,
    );
    if (!flags.yes && from === undefined) await agreeToFetch(terminal, signal);
    const { manifest, report } = await installNative({
      enginesFolder: host.enginesFolder,
      build,
      from: from === undefined ? null : path.resolve(from),
      test: (id, folder) => tryEngine(host.startProcess, id, jobThreads(), signal, { EOSIN_ENGINES: folder }),
      onProgress: progressLine(terminal),
      signal,
    });
    terminal.result({ ...manifest, folder: path.join(host.enginesFolder, build), report });
    if (terminal.json) return;
    terminal.say(`TensorFlow ${manifest.tensorflow} is installed: ${report.device}.`);
    if (report.reason) terminal.say(`It runs on the CPU: ${report.reason}.`);
    terminal.say(
      `MobileNetV2: ${report.forwardPerSecond?.toFixed(1)} pictures/s forward, ${report.trainPerSecond?.toFixed(1)} training all layers.`,
    );
  },
};

export const engineRemove: Command = {
  name: 'engine remove',
  usage: '',
  summary: 'Takes the native engine away; Eosin trains with its own again.',
  flags: {},
  async run({ terminal, app }) {
    const { host } = (await app()).services;
    const removed = await removeNative(host.enginesFolder);
    terminal.result({ removed });
    terminal.say(removed ? 'The native engine is removed.' : 'No native engine was installed.');
  },
};

const stepWords: Readonly<Record<InstallProgress['step'], string>> = {
  fetch: 'fetching',
  unpack: 'unpacking',
  build: 'compiling the binding',
  'self-test': 'testing its gradients against the reference',
};

function progressLine(terminal: Terminal): (progress: InstallProgress) => void {
  const begun = new Map<string, number>();
  let finished = '';
  return ({ step, doneBytes, totalBytes }) => {
    const stage = stepWords[step];
    if (stage === finished) return;
    if (totalBytes > 0 && doneBytes >= totalBytes) finished = stage;
    const startMs = begun.get(stage) ?? performance.now();
    if (!begun.has(stage)) begun.set(stage, startMs);
    if (totalBytes === 0) return terminal.note(`${stage} ...`);
    const seconds = (performance.now() - startMs) / 1000;
    const etaSeconds = doneBytes > 0 && seconds > 2 ? (seconds / doneBytes) * (totalBytes - doneBytes) : null;
    const mb = (bytes: number): number => Math.round(bytes / 1e6);
    terminal.progress({ type: 'progress', stage, done: mb(doneBytes), total: mb(totalBytes), unit: 'MB', etaSeconds });
  };
}

const gb = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
