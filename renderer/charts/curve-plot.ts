/** One uPlot chart of training and validation, with the phases as bands behind, the rate as a thin line, the best epoch marked. */
import uPlot from 'uplot';
import type { Curves, Metric } from './curve-data.ts';

export interface PlotLook {
  readonly text: string;
  readonly grid: string;
  readonly train: string;
  readonly validation: string;
  readonly rate: string;
  readonly band: string;
}

/** The theme's colours, read when the chart is made. */
export function plotLook(element: HTMLElement): PlotLook {
  const style = getComputedStyle(element);
  const of = (name: string): string => style.getPropertyValue(name).trim();
  return {
    text: of('--muted'),
    grid: of('--line'),
    train: of('--muted'),
    validation: of('--accent'),
    rate: of('--rose'),
    band: of('--hover'),
  };
}

/** Both begin at a fixed place, so that the last thousandth of a good run does not look like a fall. */
const axisOf: Record<Metric, (low: number, high: number) => [from: number, to: number]> = {
  loss: (_, high) => [0, Math.max(high, 0.01) * 1.06],
  accuracy: (low) => {
    const from = Math.max(0, Math.min(low - 0.01, 0.9));
    return [from, 1 + (1 - from) * 0.04];
  },
};

export interface PlotOptions {
  readonly metric: Metric;
  readonly element: HTMLElement;
  readonly width: number;
  readonly height: number;
  readonly look: PlotLook;
  /** The curves as they are now; bands and best epoch are drawn from them. */
  readonly curves: () => Curves;
  readonly hovered: (index: number | null) => void;
}

export function createPlot({ metric, element, width, height, look, curves, hovered }: PlotOptions): uPlot {
  const font = '11px system-ui, sans-serif';
  const axis = { stroke: look.text, font, grid: { stroke: look.grid, width: 1 }, ticks: { show: false } };
  return new uPlot(
    {
      width,
      height,
      padding: [14, 6, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: 'training' }, drag: { x: false, y: false }, points: { size: 7 } },
      scales: {
        x: { time: false, range: (_, low, high) => [low - 0.5, Math.max(high, low + 3) + 0.5] },
        y: { range: (_, low, high) => axisOf[metric](low, high) },
        rate: { distr: 3 },
      },
      axes: [
        { ...axis, size: 26, space: 40, incrs: [1, 2, 5, 10, 20, 50, 100] },
        { ...axis, size: 40, space: 28 },
      ],
      series: [
        {},
        { label: 'training', stroke: look.train, width: 1.5, points: { show: false } },
        { label: 'validation', stroke: look.validation, width: 2, points: { size: 4, fill: look.validation } },
        { label: 'learning rate', scale: 'rate', stroke: look.rate, width: 1, dash: [3, 3], points: { show: false } },
      ],
      hooks: {
        drawClear: [(plot) => paintBands(plot, curves(), look)],
        draw: [(plot) => paintBest(plot, curves(), look)],
        setCursor: [(plot) => hovered(plot.cursor.idx ?? null)],
      },
    },
    columns(curves()),
    element,
  );
}

export function columns({ x, train, validation, learningRate }: Curves): uPlot.AlignedData {
  return [x, train, validation, learningRate];
}

function paintBands(plot: uPlot, { bands }: Curves, look: PlotLook): void {
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, 0, width, top + height);
  ctx.clip();
  ctx.font = `${Math.round(10 * devicePixelRatio)}px system-ui, sans-serif`;
  ctx.textBaseline = 'top';
  for (const [index, band] of bands.entries()) {
    const x0 = plot.valToPos(band.from, 'x', true);
    const x1 = plot.valToPos(band.to, 'x', true);
    if (index % 2 === 0) {
      ctx.fillStyle = look.band;
      ctx.fillRect(x0, top, x1 - x0, height);
    }
    ctx.fillStyle = look.text;
    ctx.fillText(band.name, Math.max(x0, left) + 3 * devicePixelRatio, 0, Math.max(1, x1 - x0 - 4));
  }
  ctx.restore();
}

/** A dashed upright and a ring at the epoch whose weights are kept. */
function paintBest(plot: uPlot, { best, validation }: Curves, look: PlotLook): void {
  const value = best === null ? undefined : validation[best - 1];
  if (best === null || value === undefined) return;
  const { ctx } = plot;
  const x = plot.valToPos(best, 'x', true);
  const y = plot.valToPos(value, 'y', true);
  ctx.save();
  ctx.strokeStyle = look.validation;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.beginPath();
  ctx.arc(x, y, 5 * devicePixelRatio, 0, 2 * Math.PI);
  ctx.stroke();
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(x, plot.bbox.top);
  ctx.lineTo(x, plot.bbox.top + plot.bbox.height);
  ctx.stroke();
  ctx.restore();
}
