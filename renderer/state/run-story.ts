/**
 * What a run has told so far, folded event by event into what the screen shows. Pure: the same events give the same story.
 *
 * A training run that was paused, cancelled or failed can go on: its events follow in the same stream, so an end is only the end
 * until the next stored event. It begins with the phase that it stopped in, which is told a second time.
 */

import type { ErrorReport } from '../../app/core/errors.ts';
import { inflationWords } from '../../app/core/inflation-words.ts';
import type {
  DivergingQuestion,
  EpochEvent,
  JobEvent,
  PlanSummary,
  ProbeDepth,
  SequencedEvent,
} from '../../app/core/run.ts';

export type PhaseEvent = Extract<JobEvent, { type: 'phase' }>;
export type ProgressEvent = Extract<JobEvent, { type: 'progress' }>;
export type EngineEvent = Extract<JobEvent, { type: 'engine' }>;
export type RungEvent = Extract<JobEvent, { type: 'rung' }>;
/** A phase and where it stands on the axis of all epochs: it holds the points from `from` + 1 on. */
export type PhaseBand = PhaseEvent & { readonly from: number };

export interface Story {
  readonly seq: number;
  readonly lastAt: string | null;
  readonly plan: PlanSummary | null;
  readonly progress: ProgressEvent | null;
  readonly engine: EngineEvent | null;
  readonly probe: { readonly depths: readonly ProbeDepth[]; readonly attach: string; readonly reason: string } | null;
  readonly phases: readonly PhaseBand[];
  readonly epochs: readonly EpochEvent[];
  readonly rungs: readonly RungEvent[];
  readonly log: readonly {
    readonly seq: number;
    readonly at: string;
    readonly text: string;
    readonly level: LogLevel;
  }[];
  /** Grows with every finished block of the heat map. */
  readonly heatmapBlocks: number;
  readonly heatmapRows: readonly [from: number, to: number] | null;
  readonly ended: 'done' | 'cancelled' | 'failed' | null;
  readonly error: ErrorReport | null;
  /** The end was a pause: by a person, or to wait for the answer to `question`. */
  readonly paused: boolean;
  readonly question: DivergingQuestion | null;
}
export type LogLevel = 'info' | 'warning' | 'error';

export const untold: Story = {
  seq: 0,
  lastAt: null,
  plan: null,
  progress: null,
  engine: null,
  probe: null,
  phases: [],
  epochs: [],
  rungs: [],
  log: [],
  heatmapBlocks: 0,
  heatmapRows: null,
  ended: null,
  error: null,
  paused: false,
  question: null,
};

const longestLog = 2000;

export function tell(story: Story, event: SequencedEvent): Story {
  if (isOld(story, event)) return story;
  const next: Story = { ...story, seq: event.seq, lastAt: event.at, ended: null, error: null, paused: false };
  const [text, level] = lineOf(event);
  const log = text ? [...story.log, { seq: event.seq, at: event.at, text, level }].slice(-longestLog) : story.log;
  return { ...next, log, ...changesOf(story, event) };
}

/** A stream that was taken up again may repeat what is known. */
function isOld(story: Story, event: SequencedEvent): boolean {
  if (event.seq !== story.seq) return event.seq < story.seq;
  // Progress, and an end that could not be stored, carry the number of the last stored event.
  return story.ended !== null || (event.type !== 'progress' && event.type !== 'failed');
}

function changesOf(story: Story, event: JobEvent): Partial<Story> {
  switch (event.type) {
    case 'plan':
      return { plan: event.summary };
    case 'progress':
      return { progress: forward(story.progress, event) };
    case 'engine':
      return { engine: event };
    case 'probe':
      return { probe: event };
    case 'phase':
      return { phases: begun(story, event), progress: null, question: null };
    case 'epoch':
      return { epochs: [...story.epochs.slice(0, placeOf(story, event)), event], progress: null };
    case 'rung':
      return { rungs: [...story.rungs.filter(({ phase }) => phase !== event.phase), event] };
    case 'heatmap':
      return { heatmapBlocks: story.heatmapBlocks + 1, heatmapRows: [event.fromRow, event.toRow] };
    case 'inflation':
    case 'rates':
    case 'note':
      return {};
    case 'done':
    case 'cancelled':
      return { ended: event.type, progress: null };
    case 'paused':
      return { ended: 'cancelled', paused: true, progress: null };
    case 'diverging':
      return { question: event };
    case 'failed':
      return { ended: 'failed', error: event.error, progress: null };
  }
}

/** The phases with this one as the last. One that is told again keeps its place on the axis. */
function begun({ phases, epochs }: Story, event: PhaseEvent): PhaseBand[] {
  const again = phases.find(({ index }) => index === event.index);
  return [...phases.filter(({ index }) => index < event.index), { ...event, from: again?.from ?? epochs.length }];
}

/** How many epochs stand before this one: all, unless its phase goes on from an earlier epoch, or anew. */
function placeOf({ phases, epochs }: Story, { epoch }: EpochEvent): number {
  const phase = phases.at(-1);
  return phase ? Math.min(epochs.length, phase.from + epoch - 1) : epochs.length;
}

/** Progress never goes back within a stage. */
function forward(before: ProgressEvent | null, now: ProgressEvent): ProgressEvent {
  if (!before || before.stage !== now.stage || before.total !== now.total) return now;
  return { ...now, done: Math.max(before.done, now.done) };
}

/** One line for the log; progress and single blocks have none, they would drown the rest. */
function lineOf(event: JobEvent): readonly [text: string | null, level: LogLevel] {
  switch (event.type) {
    case 'plan':
      return [`Plan: ${event.summary.slides} slides, ${event.summary.classes.length} classes`, 'info'];
    case 'engine':
      return [`Engine: ${event.device}`, 'info'];
    case 'probe':
      return [`Depth probe: the head grows on ${event.attach}. ${event.reason}`, 'info'];
    case 'inflation':
      return [inflationWords(event), 'info'];
    case 'rates':
      return [null, 'info'];
    case 'phase':
      return [`Phase ${event.index + 1} of ${event.count}: ${event.name}`, 'info'];
    case 'epoch':
      return [
        `${event.phase}, epoch ${event.epoch} of ${event.epochs}: loss ${event.loss.toFixed(3)}, validation loss ` +
          `${event.valLoss.toFixed(3)}, validation accuracy ${event.valAccuracy.toFixed(3)}${event.best ? ' (best so far)' : ''}`,
        'info',
      ];
    case 'rung':
      return [`${event.phase} ${event.kept ? 'kept' : 'undone'}: ${event.reason}`, 'info'];
    case 'note':
      return [event.text, event.level];
    case 'done':
      return ['Done', 'info'];
    case 'cancelled':
      return ['Cancelled. What was finished is kept.', 'info'];
    case 'paused':
      return ['Paused. It goes on where it stopped.', 'info'];
    case 'diverging':
      return [
        `The training loss of ${event.phase} was over ten times its lowest, and worse than guessing, for three epochs: how shall it go on?`,
        'warning',
      ];
    case 'failed':
      return [`${event.error.message} ${event.error.remedy}`, 'error'];
    default:
      return [null, 'info'];
  }
}

/** The epoch whose weights the run has so far: the best of the last phase that was not undone. */
export function keptEpoch({ epochs, rungs }: Pick<Story, 'epochs' | 'rungs'>): EpochEvent | null {
  const undone = new Set(rungs.filter(({ kept }) => !kept).map(({ phase }) => phase));
  return epochs.findLast((epoch) => epoch.best && !undone.has(epoch.phase)) ?? null;
}

export interface HowFar {
  /** Of the step that runs, 0..1: how long the steps after it take is not known. */
  readonly share: number | null;
  /** Until the end of the step, where it can be said honestly. */
  readonly etaSeconds: number | null;
  readonly step: string;
  readonly words: string;
}

/** How far the step is that runs now. */
export function howFar(story: Story): HowFar {
  const epoch = story.epochs.at(-1);
  const phase = story.phases.at(-1);
  if (story.progress) {
    const { done, total, unit, etaSeconds } = story.progress;
    const share = total > 0 ? Math.min(1, done / total) : null;
    const stage = story.progress.stage.charAt(0).toUpperCase() + story.progress.stage.slice(1);
    return {
      share,
      // Too early it would only be a guess.
      etaSeconds: share !== null && share >= 0.05 ? etaSeconds : null,
      step: stage,
      words: `${stage}: ${done.toLocaleString('en')} of ${total.toLocaleString('en')} ${unit}`,
    };
  }
  if (phase && !story.ended) {
    const inPhase = epoch && story.epochs.length > phase.from ? epoch.epoch : 0;
    return {
      share: Math.min(1, inPhase / Math.max(1, phase.epochs)),
      etaSeconds: inPhase > 0 ? (epoch?.etaSeconds ?? null) : null,
      step: phase.name,
      words: `${phase.name} (phase ${phase.index + 1} of ${phase.count}): epoch ${inPhase} of ${phase.epochs}`,
    };
  }
  return { share: null, etaSeconds: null, step: 'Getting ready', words: 'Getting ready' };
}
