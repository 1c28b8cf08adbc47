/** The rungs of a training run as they can be shown and chosen: from what the run told, and what lies in its folder. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { EosinError } from '../core/errors.ts';
import type { EpochEvent, Evaluation, JobEvent, LossFall, RungEvent } from '../core/run.ts';
import { colourRung, probeRung, type RungRow } from '../core/rung.ts';
import { writeWhole } from '../files/write-whole.ts';
import type { Project } from '../project.ts';
import { phaseFileName, rungFile, rungFolder } from '../training/rung-files.ts';
import type { RungOrder, RungOutcome } from './job-spec.ts';

/** What is known of a rung since it was made a network. */
interface Judged {
  readonly sha256: string;
  readonly validation: Evaluation;
  readonly fall: LossFall | null;
}

/** A phase as the run told of it. */
interface ToldPhase {
  readonly index: number;
  readonly name: string;
  readonly groups: readonly string[];
  best: EpochEvent | null;
  verdict: RungEvent | null;
}

const judgedFile = 'rungs/judged.json';

/** Colour, probe and every phase that came to its end; empty for a run that has no such thing. Throws `run/unknown`. */
export function rungRows(project: Project, runId: string): RungRow[] {
  const { kind, modelId } = project.runs.get(runId);
  if (kind !== 'train') return [];
  const folder = path.join(project.folders.runs, runId);
  const events = project.runs.events(runId);
  const phases = toldPhases(events).filter((phase) => existsSync(path.join(folder, rungFile(idOf(phase)))));
  if (phases.length === 0) return [];
  const judged = readJudged(folder);
  const lastKept = phases.findLast(({ verdict }) => verdict?.kept !== false)!;
  const used = modelId === null ? null : (chosenRung(project, modelId) ?? idOf(lastKept));
  const depth = (name: string): string[] => (name === probeRung ? ['head'] : []);
  const without = [colourRung, probeRung].map((id): RungRow => {
    const { validation = null } = judged[id] ?? {};
    return {
      id,
      name: id === colourRung ? 'Colour alone' : 'Linear probe',
      groups: depth(id),
      epoch: null,
      valLoss: validation?.loss ?? null,
      valAccuracy: validation?.accuracy.value ?? null,
      ...{ fall: null, kept: null, reason: null, validation },
      usable: id === probeRung,
      inUse: used === id,
    };
  });
  return [...without, ...phases.map((phase) => phaseRow(phase, judged[idOf(phase)], used))];
}

function phaseRow(phase: ToldPhase, judged: Judged | undefined, used: string | null): RungRow {
  const { name, groups, best, verdict } = phase;
  const id = idOf(phase);
  return {
    ...{ id, name, groups },
    epoch: best?.epoch ?? null,
    valLoss: verdict?.valLoss ?? best?.valLoss ?? null,
    valAccuracy: verdict?.valAccuracy ?? best?.valAccuracy ?? null,
    fall: verdict?.fall ?? judged?.fall ?? null,
    kept: verdict?.kept ?? null,
    reason: verdict?.reason ?? null,
    validation: judged?.validation ?? null,
    usable: true,
    inUse: used === id,
  };
}

/** The row of that id, or of that name where only one has it. Throws `rung/unknown`. */
export function findRung(rows: readonly RungRow[], wanted: string): RungRow {
  const named = rows.filter(({ name }) => name === wanted);
  const row = rows.find(({ id }) => id === wanted) ?? (named.length === 1 ? named[0] : undefined);
  if (row) return row;
  throw new EosinError('rung/unknown', 'missing', `The run has no rung ${wanted}.`, {
    remedy:
      rows.length > 0 ? `It has: ${rows.map(({ id }) => id).join(', ')}.` : 'Its first phase never came to its end.',
    fields: { rung: wanted },
  });
}

/** How each of these rungs is made: what was kept before it lies below it. */
export function rungOrders(rows: readonly RungRow[], wanted: readonly string[]): { first: string; rungs: RungOrder[] } {
  const phases = rows.filter(({ id }) => id !== colourRung && id !== probeRung);
  const chainOf = (id: string): string[] => {
    const at = phases.findIndex((phase) => phase.id === id);
    return phases.slice(0, at + 1).flatMap((phase, i) => (i === at || phase.kept !== false ? [phase.id] : []));
  };
  return {
    first: phases[0]!.id,
    rungs: wanted.filter((id) => id !== colourRung).map((id) => ({ id, chain: id === probeRung ? [] : chainOf(id) })),
  };
}

/** Remembers how rungs did as networks. */
export async function storeJudged(runFolder: string, outcomes: readonly RungOutcome[]): Promise<void> {
  const fresh = outcomes.map(({ id, sha256, validation, fall }): [string, Judged] => [
    id,
    { sha256, validation, fall },
  ]);
  const all = { ...readJudged(runFolder), ...Object.fromEntries(fresh) };
  await writeWhole(path.join(runFolder, judgedFile), JSON.stringify(all));
}

/** The ONNX file of a rung and its SHA-256; null where it was not made yet. */
export function rungNetwork(runFolder: string, id: string): { file: string; sha256: string } | null {
  const judged = readJudged(runFolder)[id];
  const file = path.join(runFolder, rungFolder(id), 'model.onnx');
  return judged && existsSync(file) ? { file, sha256: judged.sha256 } : null;
}

/** What a rung's heat map is called among models. */
export function rungModelId(runId: string, id: string): string {
  return `${runId}/${id}`;
}

/** The recipe's engine and device of the run, as it told them. */
export function engineOf(events: readonly JobEvent[]): Extract<JobEvent, { type: 'engine' }> | undefined {
  return events.findLast((event) => event.type === 'engine');
}

/** The rung that was chosen by hand for this model, if one was. */
function chosenRung(project: Project, modelId: string): string | null {
  const run = project.runs.list().find(({ id, kind }) => id === modelId && kind === 'choose-rung');
  return run ? (project.runs.spec(run.id) as { readonly rung: string }).rung : null;
}

function idOf({ index, name }: ToldPhase): string {
  return phaseFileName(index, name);
}

/** A run that goes on tells its phase again: its later word counts. */
function toldPhases(events: readonly JobEvent[]): ToldPhase[] {
  let phases: ToldPhase[] = [];
  for (const event of events) {
    if (event.type === 'phase') {
      const { index, name, groups } = event;
      const again = phases.find((phase) => phase.index === index);
      phases = [
        ...phases.filter((phase) => phase.index < index),
        { index, name, groups, best: again?.best ?? null, verdict: null },
      ];
    } else if (event.type === 'epoch') {
      const phase = phases.at(-1);
      if (phase && (event.best || event.epoch === 1)) phase.best = event;
    } else if (event.type === 'rung') {
      const phase = phases.find(({ name }) => name === event.phase);
      if (phase) phase.verdict = event;
    }
  }
  return phases;
}

function readJudged(runFolder: string): Partial<Record<string, Judged>> {
  const file = path.join(runFolder, judgedFile);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, Judged>) : {};
}
