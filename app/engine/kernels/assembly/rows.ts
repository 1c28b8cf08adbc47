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

/** Rows summed before they are added to the total: keeps the float32 error of long columns small. */
const ROW_BLOCK: i32 = 128;

/** sums[c] = sum over rows of a[r, c]; products[c] = sum over rows of a[r, c] * b[r, c]. */
export function columnSums(a: usize, b: usize, sums: usize, products: usize, rows: i32, channels: i32): void {
  const vectorBytes = (<usize>(channels & ~3)) << 2;
  const rowBytes = (<usize>channels) << 2;
  memory.fill(sums, 0, rowBytes);
  memory.fill(products, 0, rowBytes);
  for (let first: i32 = 0; first < rows; first += ROW_BLOCK) {
    const count = min(ROW_BLOCK, rows - first);
    const start = <usize>first * rowBytes;
    let at: usize = 0;
    for (; at < vectorBytes; at += 16) {
      let pa = a + start + at;
      let pb = b + start + at;
      let sum = f32x4.splat(0);
      let product = f32x4.splat(0);
      for (let r: i32 = 0; r < count; r++) {
        const v = v128.load(pa);
        sum = f32x4.add(sum, v);
        product = f32x4.add(product, f32x4.mul(v, v128.load(pb)));
        pa += rowBytes;
        pb += rowBytes;
      }
      v128.store(sums + at, f32x4.add(v128.load(sums + at), sum));
      v128.store(products + at, f32x4.add(v128.load(products + at), product));
    }
    for (; at < rowBytes; at += 4) {
      let pa = a + start + at;
      let pb = b + start + at;
      let sum: f32 = 0;
      let product: f32 = 0;
      for (let r: i32 = 0; r < count; r++) {
        const v = load<f32>(pa);
        sum += v;
        product += v * load<f32>(pb);
        pa += rowBytes;
        pb += rowBytes;
      }
      store<f32>(sums + at, load<f32>(sums + at) + sum);
      store<f32>(products + at, load<f32>(products + at) + product);
    }
  }
}
