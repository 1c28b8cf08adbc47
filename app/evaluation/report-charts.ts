/** The report's drawings as inline SVG text: bars of the depth probe, curves of the epochs. No script, no colour alone. */
import { escapeMarkup } from '../core/escape-markup.ts';
import type { EpochEvent, ProbeDepth } from '../core/run.ts';

const width = 728;
const left = 46;
const right = 10;

/** One bar a depth with a whisker of one standard error; the depth that was taken is dark and says so. */
export function probeBars(depths: readonly ProbeDepth[], attach: string): string {
  const nameWidth = 120;
  const line = 24;
  const height = depths.length * line + 24;
  // Bars start at zero only when the eye would still see the differences.
  const lowest = Math.min(...depths.map(({ accuracy, standardError }) => accuracy - standardError));
  const floor = Math.max(0, Math.floor((lowest - 0.05) * 10) / 10);
  const span = width - nameWidth - 130;
  const place = (share: number): number => nameWidth + (span * (clamp(share) - floor)) / (1 - floor);
  const bars = depths.map(({ group, accuracy, standardError }, i) => {
    const y = i * line + 4;
    const chosen = group === attach;
    const middle = y + 8;
    return [
      `<text x="${nameWidth - 8}" y="${y + 12}" text-anchor="end" class="${chosen ? 'strong' : ''}">${escapeMarkup(group)}</text>`,
      `<rect x="${nameWidth}" y="${y}" width="${fixed(Math.max(0, place(accuracy) - nameWidth))}" height="16" class="bar${chosen ? ' chosen' : ''}"/>`,
      `<path d="M${fixed(place(accuracy - standardError))} ${middle}H${fixed(place(accuracy + standardError))}" class="whisker"/>`,
      `<text x="${width - 122}" y="${y + 12}" class="strong">${accuracy.toFixed(3)} ± ${standardError.toFixed(3)}${chosen ? ' · taken' : ''}</text>`,
    ].join('');
  });
  const axis = [floor, 1].map((share) => {
    const anchor = share === 1 ? 'end' : 'start';
    return `<text x="${fixed(place(share))}" y="${height - 6}" text-anchor="${anchor}">${share.toFixed(1)}</text>`;
  });
  return svg(height, 'Cross-validated accuracy of a linear probe at each depth', [...bars, ...axis].join(''));
}

export interface CurveChart {
  readonly epochs: readonly EpochEvent[];
  readonly best: { readonly phase: string; readonly epoch: number };
  readonly measure: 'loss' | 'accuracy';
}

/** Training (dashed) and validation (solid) over all epochs, phases as bands, the best epoch marked. */
export function epochCurves({ epochs, best, measure }: CurveChart): string {
  const height = 210;
  const top = 22;
  const bottom = height - 24;
  const train = epochs.map((epoch) => epoch[measure]);
  const validation = epochs.map((epoch) => (measure === 'loss' ? epoch.valLoss : epoch.valAccuracy));
  const known = [...train, ...validation].filter(Number.isFinite);
  // Loss starts at 0 and accuracy ends at 1; without any number the axis is 0..1.
  const ticks = niceTicks(
    measure === 'loss' ? 0 : Math.min(...known, 1),
    measure === 'accuracy' || known.length === 0 ? 1 : Math.max(...known),
  );
  const low = ticks[0]!;
  const high = ticks.at(-1)!;
  const x = xOf(epochs.length);
  const y = (value: number): number => bottom - ((bottom - top) * (value - low)) / (high - low || 1);
  const bestAt = epochs.findIndex(({ phase, epoch }) => phase === best.phase && epoch === best.epoch);
  const parts = [
    phaseBands(epochs, x, top, bottom),
    ...ticks.map(
      (tick) =>
        `<path d="M${left} ${fixed(y(tick))}H${width - right}" class="gridline"/><text x="${left - 6}" y="${fixed(y(tick) + 4)}" text-anchor="end">${shortNumber(tick)}</text>`,
    ),
    `<path d="M${left} ${bottom}H${width - right}" class="axis"/>`,
    epochTicks(epochs.length, x, bottom),
    `<path d="${path(train, x, y)}" class="train"/>`,
    `<path d="${path(validation, x, y)}" class="validation"/>`,
  ];
  if (Number.isFinite(validation[bestAt])) {
    const at = x(bestAt);
    const beside = at > width - 90 ? `x="${fixed(at - 6)}" text-anchor="end"` : `x="${fixed(at + 6)}"`;
    parts.push(
      `<path d="M${fixed(at)} ${top}V${bottom}" class="best"/><circle cx="${fixed(at)}" cy="${fixed(y(validation[bestAt]!))}" r="3.5" class="bestDot"/>`,
      `<text ${beside} y="${bottom - 6}" class="bestWord">kept</text>`,
    );
  }
  return svg(height, `${measure} over the epochs`, parts.join(''));
}

/** The learning rate over all epochs, logarithmic. */
export function rateCurve(epochs: readonly EpochEvent[]): string {
  const height = 74;
  const top = 8;
  const bottom = height - 10;
  const logs = epochs.map(({ learningRate }) => Math.log10(Math.max(learningRate, 1e-12)));
  const low = Math.min(...logs);
  const high = Math.max(...logs);
  const x = xOf(epochs.length);
  const y = (value: number): number =>
    high === low ? (top + bottom) / 2 : bottom - ((bottom - top) * (value - low)) / (high - low);
  const label = (value: number, at: number): string =>
    `<text x="${left - 6}" y="${fixed(at + 4)}" text-anchor="end">${(10 ** value).toExponential(0)}</text>`;
  return svg(
    height,
    'Learning rate over the epochs',
    [
      phaseBands(epochs, x, top, bottom, false),
      label(high, y(high)),
      high === low ? '' : label(low, y(low)),
      `<path d="${path(logs, x, y)}" class="rate"/>`,
    ].join(''),
  );
}

function xOf(count: number): (index: number) => number {
  return (index) =>
    count < 2 ? (left + width - right) / 2 : left + 6 + ((width - right - left - 12) * index) / (count - 1);
}

/** Every second phase shaded, its name above. */
function phaseBands(
  epochs: readonly EpochEvent[],
  x: (index: number) => number,
  top: number,
  bottom: number,
  named = true,
): string {
  const parts: string[] = [];
  let from = 0;
  for (let phase = 0; from < epochs.length; phase++) {
    let to = from;
    while (to + 1 < epochs.length && epochs[to + 1]!.phase === epochs[from]!.phase) to++;
    const start = from === 0 ? left : (x(from - 1) + x(from)) / 2;
    const end = to === epochs.length - 1 ? width - right : (x(to) + x(to + 1)) / 2;
    if (phase % 2 === 0) {
      parts.push(
        `<rect x="${fixed(start)}" y="${top}" width="${fixed(end - start)}" height="${bottom - top}" class="band"/>`,
      );
    }
    const fits = Math.floor((end - start) / 6);
    const name = epochs[from]!.phase;
    if (named && fits >= 3) {
      const shown = name.length <= fits ? name : `${name.slice(0, fits - 1)}…`;
      parts.push(`<text x="${fixed(start + 4)}" y="${top - 8}">${escapeMarkup(shown)}</text>`);
    }
    from = to + 1;
  }
  return parts.join('');
}

function epochTicks(count: number, x: (index: number) => number, bottom: number): string {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((size) => count / size <= 15) ?? 1000;
  const parts: string[] = [];
  for (let epoch = step === 1 ? 1 : step; epoch <= count; epoch += step) {
    parts.push(`<text x="${fixed(x(epoch - 1))}" y="${bottom + 16}" text-anchor="middle">${epoch}</text>`);
  }
  return parts.join('');
}

/** Moves over values that are no numbers. */
function path(values: readonly number[], x: (index: number) => number, y: (value: number) => number): string {
  let pen = 'M';
  let text = '';
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) {
      pen = 'M';
      return;
    }
    text += `${pen}${fixed(x(i))} ${fixed(y(value))}`;
    pen = 'L';
  });
  return text;
}

/** Four to six round numbers that hold [low, high]. */
function niceTicks(low: number, high: number): number[] {
  const rough = Math.max((high - low) / 5, 1e-9);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const ticks: number[] = [];
  for (let i = Math.floor(low / step + 1e-9); (ticks.at(-1) ?? low - step) < high - 1e-9; i++) ticks.push(i * step);
  return ticks.length > 1 ? ticks : [low, low + step];
}

function shortNumber(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}

function svg(height: number, label: string, inside: string): string {
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeMarkup(label)}">${inside}</svg>`;
}
