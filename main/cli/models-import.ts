/** Weights from outside become backbones: fetched by name, or out of a file. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { App } from '../../app/app.ts';
import { EosinError } from '../../app/core/errors.ts';
import { startWorkerRun } from '../../app/jobs/worker-run.ts';
import { preprocessings } from '../../app/networks/preprocessings.ts';
import { assertLabel, createBackboneLibrary } from '../../app/weights/backbone-library.ts';
import { fetchWeights } from '../../app/weights/fetch-weights-node.ts';
import type { ImportReport, ImportRequest } from '../../app/weights/import-weights-node.ts';
import { weightPackages } from '../../app/weights/weight-packages.ts';
import { agreeToFetch } from './agree-to-fetch.ts';
import { text, word, wrongUse } from './arguments.ts';
import type { Command } from './command.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';

export const modelsImport: Command = {
  name: 'models import',
  usage: `FILE [--backbone NAME] [--name LABEL] [--input ${Object.keys(preprocessings).join('|')}]`,
  summary:
    'Makes a backbone of a file of weights: Keras .h5 and .weights.h5, .safetensors with the names of torchvision.',
  flags: { backbone: { type: 'string' }, name: { type: 'string' }, input: { type: 'string' } },
  async run({ words, flags, terminal, app, signal }) {
    const started = await app();
    const file = path.resolve(word(words, 0, 'FILE'));
    const input = text(flags, 'input');
    if (input !== undefined && !(input in preprocessings)) {
      throw wrongUse(`--input wants one of ${Object.keys(preprocessings).join(', ')}.`);
    }
    const request = {
      file,
      family: knownFamily(started, text(flags, 'backbone')),
      label: text(flags, 'name') ?? null,
      preprocessing: input === undefined ? null : preprocessings[input as keyof typeof preprocessings],
      origin: null,
    };
    tell(terminal, await importFile(started.services, request, signal));
  },
};

export const modelsFetch: Command = {
  name: 'models fetch',
  usage: '(NAME | --list) [--from FOLDER] [--into FOLDER] [--yes]',
  summary: 'Gets pretrained weights by name from the Python package index and makes a backbone of them.',
  flags: { list: { type: 'boolean' }, from: { type: 'string' }, into: { type: 'string' }, yes: { type: 'boolean' } },
  async run({ words, flags, terminal, app, signal }) {
    const { services } = await app();
    if (flags.list) {
      listPackages(
        terminal,
        services.backbones
          .list()
          .filter(({ atHand }) => atHand)
          .map(({ name }) => name),
      );
      return;
    }
    const name = word(words, 0, 'NAME');
    const wanted = weightPackages.find((one) => one.name === name);
    if (!wanted) {
      throw wrongUse(
        `Eosin cannot fetch ${name} by itself.`,
        `It fetches ${weightPackages.map((one) => one.name).join(', ')}; for others: eosin models import FILE.`,
      );
    }
    // A package of the app brings weights in its resources; nobody else needs this.
    const into = text(flags, 'into');
    const backbones = into === undefined ? services.backbones : createBackboneLibrary([path.resolve(into)]);
    backbones.assertFree(name);
    const from = text(flags, 'from');
    const mb = (bytes: number): number => Math.round(bytes / 1e6);
    const { requirement, bytes } = wanted.wheel;
    terminal.note(
      `${requirement} (${mb(bytes)} MB, ${wanted.licence})${from ? ` is taken from ${from}` : ' is fetched by pip'}.`,
    );
    if (!flags.yes && from === undefined) await agreeToFetch(terminal, signal);
    await mkdir(services.host.cacheFolder, { recursive: true });
    const scratchFolder = await mkdtemp(path.join(services.host.cacheFolder, 'fetch-'));
    try {
      const progress = { type: 'progress', stage: 'fetching', total: mb(bytes), unit: 'MB', etaSeconds: null } as const;
      const file = await fetchWeights({
        wanted,
        scratchFolder,
        from: from === undefined ? null : path.resolve(from),
        onBytes: (done) => terminal.progress({ ...progress, done: mb(done) }),
        signal,
      });
      const { provenance, licence } = wanted;
      const request = { file, family: name, label: null, preprocessing: null, origin: { provenance, licence } };
      tell(terminal, await importFile({ host: services.host, backbones }, request, signal));
    } finally {
      await rm(scratchFolder, { recursive: true, force: true });
    }
  },
};

export const modelsRemove: Command = {
  name: 'models remove',
  usage: 'BACKBONE',
  summary: 'Deletes the weights of an imported backbone; models that were trained on it stay.',
  flags: {},
  async run({ words, terminal, app }) {
    const name = word(words, 0, 'BACKBONE');
    await (await app()).services.backbones.remove(name);
    terminal.result({ removed: name });
    terminal.say(`The weights of ${name} are removed.`);
  },
};

/** In a process of its own, since the file may come from anywhere. */
async function importFile(
  { host, backbones }: Pick<App['services'], 'host' | 'backbones'>,
  request: Omit<ImportRequest, 'folder' | 'taken' | 'appVersion'>,
  signal: AbortSignal,
): Promise<ImportReport> {
  const { family, label } = request;
  if (label !== null) assertLabel(label);
  // Where the network is known, a name that is taken is told before minutes are spent.
  if (family !== null) backbones.assertFree(label === null ? family : `${family}@${label}`);
  const taken = backbones
    .list()
    .filter(({ atHand }) => atHand)
    .map(({ name }) => name);
  const place = { folder: backbones.folder, taken, appVersion: host.appVersion };
  const spec = { kind: 'import', ...request, ...place } as const;
  let report: ImportReport | null = null;
  const run = startWorkerRun(
    host.startProcess,
    spec,
    (message) => {
      if (message.type === 'imported') report = message.report;
    },
    signal,
  );
  await run.ended;
  return report!;
}

function knownFamily({ services }: App, asked: string | undefined): string | null {
  if (asked === undefined) return null;
  const names = services.backbones.list().map(({ name }) => name.split('@')[0]!);
  if (names.includes(asked)) return asked;
  throw new EosinError('cli/usage', 'usage', `Eosin has no network ${asked}.`, {
    remedy: `It has ${[...new Set(names)].sort().join(', ')}.`,
  });
}

function listPackages(terminal: Terminal, present: readonly string[]): void {
  const packages = weightPackages.map(({ name, wheel, licence }) => {
    return { name, package: wheel.requirement, bytes: wheel.bytes, licence, atHand: present.includes(name) };
  });
  terminal.result({ packages });
  const rows = packages.map((one) => [
    one.name,
    one.package,
    `${(one.bytes / 1e6).toFixed(0)} MB`,
    one.licence,
    one.atHand ? 'at hand' : '',
  ]);
  if (!terminal.json) terminal.say(table(['Backbone', 'Python package', 'size', 'licence', ''], rows));
}

function tell(terminal: Terminal, report: ImportReport): void {
  const { name, architecture, recognised, matched, missing, unused, fingerprint } = report;
  terminal.result({ ...report, model: name, backbone: name });
  if (terminal.json) return;
  terminal.say(`${name} is a backbone now (${architecture}): ${report.provenance}. Licence: ${report.licence}.`);
  if (recognised) terminal.say(`Recognised as Keras' ${recognised}.`);
  terminal.say(`${matched} weights matched.`);
  if (missing.length > 0)
    terminal.say(`Not in the file: ${some(missing)}. A recipe that keeps the network's own head cannot use it.`);
  if (unused.length > 0) terminal.say(`In the file, but not used: ${some(unused)}.`);
  terminal.say(
    `Fingerprint ${fingerprint.values
      .slice(0, 4)
      .map((value) => value.toPrecision(4))
      .join(' ')}`,
  );
  terminal.say(`Use it: --set backbone=${name}`);
}

/** The first few of many. */
function some(names: readonly string[]): string {
  const shown = names.slice(0, 6).join(', ');
  return names.length > 6 ? `${shown} and ${names.length - 6} more` : shown;
}
