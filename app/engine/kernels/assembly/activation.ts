/** dx = 0 < x <= cap ? dy : 0. The gradient of relu (cap = infinity) and relu6 (cap = 6), as TensorFlow.js defines it. */
export function reluGradient(x: usize, dy: usize, dx: usize, count: i32, cap: f32): void {
  const zero = f32x4.splat(0);
  const caps = f32x4.splat(cap);
  const vectors = count >> 2;
  for (let i: i32 = 0; i < vectors; i++) {
    const v = v128.load(x);
    v128.store(dx, v128.and(v128.load(dy), v128.and(f32x4.gt(v, zero), f32x4.le(v, caps))));
    x += 16;
    dy += 16;
    dx += 16;
  }
  for (let i = vectors << 2; i < count; i++) {
    const v = load<f32>(x);
    store<f32>(dx, v > 0 && v <= cap ? load<f32>(dy) : 0);
    x += 4;
    dy += 4;
    dx += 4;
  }
}

/** dx = low <= x <= high ? dy : 0. The gradient of clipping. */
export function clipGradient(x: usize, dy: usize, dx: usize, count: i32, low: f32, high: f32): void {
  const lows = f32x4.splat(low);
  const highs = f32x4.splat(high);
  const vectors = count >> 2;
  for (let i: i32 = 0; i < vectors; i++) {
    const v = v128.load(x);
    v128.store(dx, v128.and(v128.load(dy), v128.and(f32x4.ge(v, lows), f32x4.le(v, highs))));
    x += 16;
    dy += 16;
    dx += 16;
  }
  for (let i = vectors << 2; i < count; i++) {
    const v = load<f32>(x);
    store<f32>(dx, v >= low && v <= high ? load<f32>(dy) : 0);
    x += 4;
    dy += 4;
    dx += 4;
  }
}
