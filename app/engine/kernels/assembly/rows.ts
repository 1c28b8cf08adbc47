/** out[r, c] = x[r, c] * factor[c] + shift[c], clamped to [low, high]: batch normalization in inference mode, and a relu behind it. */
export function affineRows(
  x: usize,
  factor: usize,
  shift: usize,
  out: usize,
  rows: i32,
  channels: i32,
  low: f32,
  high: f32,
): void {
  const lows = f32x4.splat(low);
  const highs = f32x4.splat(high);
  const vectorBytes = (<usize>(channels & ~3)) << 2;
  const rowBytes = (<usize>channels) << 2;
  for (let r: i32 = 0; r < rows; r++) {
    let at: usize = 0;
    for (; at < vectorBytes; at += 16) {
      const scaled = f32x4.mul(v128.load(x + at), v128.load(factor + at));
      const value = f32x4.add(scaled, v128.load(shift + at));
      v128.store(out + at, f32x4.min(f32x4.max(value, lows), highs));
    }
    for (; at < rowBytes; at += 4) {
      const value = load<f32>(x + at) * load<f32>(factor + at) + load<f32>(shift + at);
      store<f32>(out + at, min<f32>(max<f32>(value, low), high));
    }
    x += rowBytes;
    out += rowBytes;
  }
}

/** Rows summed in float32 before they are added to the float64 totals. */
const ROW_BLOCK: i32 = 128;

/** totals[c] = sum over rows of x[r, c]; float64, so that long columns stay exact. */
export function columnTotals(x: usize, totals: usize, rows: i32, channels: i32): void {
  const rowBytes = (<usize>channels) << 2;
  memory.fill(totals, 0, 2 * rowBytes);
  for (let first: i32 = 0; first < rows; first += ROW_BLOCK) {
    const count = min(ROW_BLOCK, rows - first);
    const start = <usize>first * rowBytes;
    let c: i32 = 0;
    for (; c + 4 <= channels; c += 4) {
      let px = x + start + ((<usize>c) << 2);
      let sum = f32x4.splat(0);
      for (let r: i32 = 0; r < count; r++) {
        sum = f32x4.add(sum, v128.load(px));
        px += rowBytes;
      }
      addPromoted(totals + ((<usize>c) << 3), sum);
    }
    for (; c < channels; c++) {
      let px = x + start + ((<usize>c) << 2);
      let sum: f32 = 0;
      for (let r: i32 = 0; r < count; r++) {
        sum += load<f32>(px);
        px += rowBytes;
      }
      const at = totals + ((<usize>c) << 3);
      store<f64>(at, load<f64>(at) + sum);
    }
  }
}

/**
 * The way back of `affineRows`, in one pass: with g = dy where low < x * factor + shift <= high, and 0 elsewhere,
 *
 *     dx[r, c] = g[r, c] * factor[c]      totals[0, c] = sum over rows of g      totals[1, c] = sum over rows of g * x
 */
export function affineGradient(
  x: usize,
  dy: usize,
  factor: usize,
  shift: usize,
  dx: usize,
  totals: usize,
  rows: i32,
  channels: i32,
  low: f32,
  high: f32,
): void {
  const rowBytes = (<usize>channels) << 2;
  const productTotals = totals + 2 * rowBytes;
  const lows = f32x4.splat(low);
  const highs = f32x4.splat(high);
  memory.fill(totals, 0, 4 * rowBytes);
  for (let first: i32 = 0; first < rows; first += ROW_BLOCK) {
    const count = min(ROW_BLOCK, rows - first);
    const start = <usize>first * rowBytes;
    let c: i32 = 0;
    for (; c + 4 <= channels; c += 4) {
      const column = start + ((<usize>c) << 2);
      const factors = v128.load(factor + ((<usize>c) << 2));
      const shifts = v128.load(shift + ((<usize>c) << 2));
      let px = x + column;
      let pd = dy + column;
      let out = dx + column;
      let sum = f32x4.splat(0);
      let product = f32x4.splat(0);
      for (let r: i32 = 0; r < count; r++) {
        const v = v128.load(px);
        const value = f32x4.add(f32x4.mul(v, factors), shifts);
        const g = v128.and(v128.load(pd), v128.and(f32x4.gt(value, lows), f32x4.le(value, highs)));
        v128.store(out, f32x4.mul(g, factors));
        sum = f32x4.add(sum, g);
        product = f32x4.add(product, f32x4.mul(g, v));
        px += rowBytes;
        pd += rowBytes;
        out += rowBytes;
      }
      addPromoted(totals + ((<usize>c) << 3), sum);
      addPromoted(productTotals + ((<usize>c) << 3), product);
    }
    for (; c < channels; c++) {
      const column = start + ((<usize>c) << 2);
      const f = load<f32>(factor + ((<usize>c) << 2));
      const s = load<f32>(shift + ((<usize>c) << 2));
      let sum: f32 = 0;
      let product: f32 = 0;
      for (let r: i32 = 0; r < count; r++) {
        const at = column + <usize>r * rowBytes;
        const v = load<f32>(x + at);
        const value = v * f + s;
        const g: f32 = value > low && value <= high ? load<f32>(dy + at) : 0;
        store<f32>(dx + at, g * f);
        sum += g;
        product += g * v;
      }
      const at = totals + ((<usize>c) << 3);
      const productAt = productTotals + ((<usize>c) << 3);
      store<f64>(at, load<f64>(at) + sum);
      store<f64>(productAt, load<f64>(productAt) + product);
    }
  }
}

/** sums[c] out of the `parts` totals [columns] that follow each other, always added in that order. */
export function addTotals(totals: usize, parts: i32, sums: usize, columns: i32): void {
  for (let c: i32 = 0; c < columns; c++) {
    let sum: f64 = 0;
    let at = totals + ((<usize>c) << 3);
    for (let part: i32 = 0; part < parts; part++) {
      sum += load<f64>(at);
      at += (<usize>columns) << 3;
    }
    store<f32>(sums + ((<usize>c) << 2), <f32>sum);
  }
}

/** Adds four float32 to four float64. */
function addPromoted(totals: usize, values: v128): void {
  const high = i8x16.shuffle(values, values, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
  v128.store(totals, f64x2.add(v128.load(totals), f64x2.promote_low_f32x4(values)));
  v128.store(totals, f64x2.add(v128.load(totals, 16), f64x2.promote_low_f32x4(high)), 16);
}
