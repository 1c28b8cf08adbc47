/** What a run has told so far, folded event by event into what the screen shows. Pure: the same events give the same story. */
import type { ErrorReport } from '../../app/core/errors.ts';
import type { EpochEvent, JobEvent, PlanSummary, ProbeDepth, SequencedEvent } from '../../app/core/run.ts';

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
};

const longestLog = 2000;

export function tell(story: Story, event: SequencedEvent): Story {
  // Progress is not stored: it carries the number of the last stored event, and a resumed stream may repeat it.
  if (event.type === 'progress' ? event.seq < story.seq : event.seq <= story.seq) return story;
  const next: Story = { ...story, seq: event.seq, lastAt: event.at };
  const [text, level] = lineOf(event);
  const log = text ? [...story.log, { seq: event.seq, at: event.at, text, level }].slice(-longestLog) : story.log;
  return { ...next, log, ...changesOf(story, event) };
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
      return { phases: [...story.phases, { ...event, from: story.epochs.length }], progress: null };
    case 'epoch':
      return { epochs: [...story.epochs, event], progress: null };
    case 'rung':
      return { rungs: [...story.rungs, event] };
    case 'heatmap':
      return { heatmapBlocks: story.heatmapBlocks + 1, heatmapRows: [event.fromRow, event.toRow] };
    case 'note':
      return {};
    case 'done':
    case 'cancelled':
      return { ended: event.type, progress: null };
    case 'failed':
      return { ended: 'failed', error: event.error, progress: null };
  }
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
    case 'failed':
      return [`${event.error.message} ${event.error.remedy}`, 'error'];
    default:
      return [null, 'info'];
  }
}

/** Share of the whole run that is done, 0..1, and the time left where it can be said honestly. */
export function howFar(story: Story): { share: number | null; etaSeconds: number | null; words: string } {
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
      words: `${stage}: ${done.toLocaleString('en')} of ${total.toLocaleString('en')} ${unit}`,
    };
  }
  if (phase) {
    const inPhase = epoch && story.epochs.length > phase.from ? epoch.epoch : 0;
    const share = (phase.index + inPhase / Math.max(1, phase.epochs)) / Math.max(1, phase.count);
    const words = `${phase.name}: epoch ${inPhase} of ${phase.epochs}`;
    return { share: Math.min(1, share), etaSeconds: inPhase > 0 ? (epoch?.etaSeconds ?? null) : null, words };
  }
  return { share: null, etaSeconds: null, words: 'Getting ready' };
}
