/** out[r, c] = x[r, c] * factor[c] + shift[c]: batch normalization in inference mode, forward (shift) and backward (zeros). */
export function affineRows(x: usize, factor: usize, shift: usize, out: usize, rows: i32, channels: i32): void {
  const vectorBytes = (<usize>(channels & ~3)) << 2;
  const rowBytes = (<usize>channels) << 2;
  for (let r: i32 = 0; r < rows; r++) {
    let at: usize = 0;
    for (; at < vectorBytes; at += 16) {
      const scaled = f32x4.mul(v128.load(x + at), v128.load(factor + at));
      v128.store(out + at, f32x4.add(scaled, v128.load(shift + at)));
    }
    for (; at < rowBytes; at += 4) {
      store<f32>(out + at, load<f32>(x + at) * load<f32>(factor + at) + load<f32>(shift + at));
    }
    x += rowBytes;
    out += rowBytes;
  }
}

/** Rows summed in float32 before they are added to the float64 totals. */
const ROW_BLOCK: i32 = 128;

/**
 * totals[0, c] = sum over rows of a[r, c]; totals[1, c] = sum over rows of a[r, c] * b[r, c]; float64, so that long columns
 * stay exact.
 */
export function columnTotals(a: usize, b: usize, totals: usize, rows: i32, channels: i32): void {
  const rowBytes = (<usize>channels) << 2;
  const productTotals = totals + 2 * rowBytes;
  memory.fill(totals, 0, 4 * rowBytes);
  for (let first: i32 = 0; first < rows; first += ROW_BLOCK) {
    const count = min(ROW_BLOCK, rows - first);
    const start = <usize>first * rowBytes;
    let c: i32 = 0;
    for (; c + 4 <= channels; c += 4) {
      let pa = a + start + ((<usize>c) << 2);
      let pb = b + start + ((<usize>c) << 2);
      let sum = f32x4.splat(0);
      let product = f32x4.splat(0);
      for (let r: i32 = 0; r < count; r++) {
        const v = v128.load(pa);
        sum = f32x4.add(sum, v);
        product = f32x4.add(product, f32x4.mul(v, v128.load(pb)));
        pa += rowBytes;
        pb += rowBytes;
      }
      addPromoted(totals + ((<usize>c) << 3), sum);
      addPromoted(productTotals + ((<usize>c) << 3), product);
    }
    for (; c < channels; c++) {
      let pa = a + start + ((<usize>c) << 2);
      let pb = b + start + ((<usize>c) << 2);
      let sum: f32 = 0;
      let product: f32 = 0;
      for (let r: i32 = 0; r < count; r++) {
        const v = load<f32>(pa);
        sum += v;
        product += v * load<f32>(pb);
        pa += rowBytes;
        pb += rowBytes;
      }
      const at = (<usize>c) << 3;
      store<f64>(totals + at, load<f64>(totals + at) + sum);
      store<f64>(productTotals + at, load<f64>(productTotals + at) + product);
    }
  }
}

/** sums[c] and products[c] out of the `parts` totals that follow each other, always added in that order. */
export function addTotals(totals: usize, parts: i32, sums: usize, products: usize, channels: i32): void {
  const half = (<usize>channels) << 3;
  for (let c: i32 = 0; c < channels; c++) {
    let sum: f64 = 0;
    let product: f64 = 0;
    let at = totals + ((<usize>c) << 3);
    for (let part: i32 = 0; part < parts; part++) {
      sum += load<f64>(at);
      product += load<f64>(at + half);
      at += 2 * half;
    }
    store<f32>(sums + ((<usize>c) << 2), <f32>sum);
    store<f32>(products + ((<usize>c) << 2), <f32>product);
  }
}

/** Adds four float32 to four float64. */
function addPromoted(totals: usize, values: v128): void {
  const high = i8x16.shuffle(values, values, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
  v128.store(totals, f64x2.add(v128.load(totals), f64x2.promote_low_f32x4(values)));
  v128.store(totals, f64x2.add(v128.load(totals, 16), f64x2.promote_low_f32x4(high)), 16);
}
