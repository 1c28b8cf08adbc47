/**
 * Gradients of a depthwise convolution with `multiplier` outputs a channel (output channel = channel * multiplier + q),
 * any stride and padding, no dilation. Multiplier 1 runs on SIMD.
 */

/** gradient[kh, kw, channels, multiplier] = sum over pictures and output pixels of x * dy. */
export function depthwiseFilterGradient(
  x: usize,
  dy: usize,
  gradient: usize,
  batch: i32,
  height: i32,
  width: i32,
  channels: i32,
  multiplier: i32,
  outHeight: i32,
  outWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideY: i32,
  strideX: i32,
  padTop: i32,
  padLeft: i32,
): void {
  const outChannels = channels * multiplier;
  memory.fill(gradient, 0, (<usize>(kernelHeight * kernelWidth * outChannels)) << 2);
  for (let b: i32 = 0; b < batch; b++) {
    for (let i: i32 = 0; i < outHeight; i++) {
      for (let u: i32 = 0; u < kernelHeight; u++) {
        const row = i * strideY - padTop + u;
        if (row < 0 || row >= height) continue;
        for (let v: i32 = 0; v < kernelWidth; v++) {
          const shift = v - padLeft;
          let from: i32 = 0;
          while (from < outWidth && from * strideX + shift < 0) from++;
          let to: i32 = outWidth;
          while (to > from && (to - 1) * strideX + shift >= width) to--;
          const px = x + ((<usize>(((b * height + row) * width + from * strideX + shift) * channels)) << 2);
          const pd = dy + ((<usize>(((b * outHeight + i) * outWidth + from) * outChannels)) << 2);
          const tap = gradient + ((<usize>((u * kernelWidth + v) * outChannels)) << 2);
          if (multiplier === 1) addLine(px, pd, tap, to - from, channels, strideX);
          else addLineMultiplied(px, pd, tap, to - from, channels, multiplier, strideX);
        }
      }
    }
  }
}

/** tap[c] += sum over the line of x[stride * j, c] * dy[j, c] */
function addLine(x: usize, dy: usize, tap: usize, count: i32, channels: i32, stride: i32): void {
  const pixelBytes = (<usize>channels) << 2;
  const xStep = pixelBytes * stride;
  let c: i32 = 0;
  for (; c + 16 <= channels; c += 16) {
    const o = tap + ((<usize>c) << 2);
    let px = x + ((<usize>c) << 2);
    let pd = dy + ((<usize>c) << 2);
    let s0 = v128.load(o);
    let s1 = v128.load(o, 16);
    let s2 = v128.load(o, 32);
    let s3 = v128.load(o, 48);
    for (let j: i32 = 0; j < count; j++) {
      s0 = f32x4.add(s0, f32x4.mul(v128.load(px), v128.load(pd)));
      s1 = f32x4.add(s1, f32x4.mul(v128.load(px, 16), v128.load(pd, 16)));
      s2 = f32x4.add(s2, f32x4.mul(v128.load(px, 32), v128.load(pd, 32)));
      s3 = f32x4.add(s3, f32x4.mul(v128.load(px, 48), v128.load(pd, 48)));
      px += xStep;
      pd += pixelBytes;
    }
    v128.store(o, s0);
    v128.store(o, s1, 16);
    v128.store(o, s2, 32);
    v128.store(o, s3, 48);
  }
  for (; c + 4 <= channels; c += 4) {
    const o = tap + ((<usize>c) << 2);
    let px = x + ((<usize>c) << 2);
    let pd = dy + ((<usize>c) << 2);
    let sum = v128.load(o);
    for (let j: i32 = 0; j < count; j++) {
      sum = f32x4.add(sum, f32x4.mul(v128.load(px), v128.load(pd)));
      px += xStep;
      pd += pixelBytes;
    }
    v128.store(o, sum);
  }
  for (; c < channels; c++) {
    const o = tap + ((<usize>c) << 2);
    let px = x + ((<usize>c) << 2);
    let pd = dy + ((<usize>c) << 2);
    let sum = load<f32>(o);
    for (let j: i32 = 0; j < count; j++) {
      sum += load<f32>(px) * load<f32>(pd);
      px += xStep;
      pd += pixelBytes;
    }
    store<f32>(o, sum);
  }
}

function addLineMultiplied(
  x: usize,
  dy: usize,
  tap: usize,
  count: i32,
  channels: i32,
  multiplier: i32,
  stride: i32,
): void {
  const outChannels = channels * multiplier;
  for (let o: i32 = 0; o < outChannels; o++) {
    let px = x + ((<usize>(o / multiplier)) << 2);
    let pd = dy + ((<usize>o) << 2);
    let sum: f32 = 0;
    for (let j: i32 = 0; j < count; j++) {
      sum += load<f32>(px) * load<f32>(pd);
      px += (<usize>(channels * stride)) << 2;
      pd += (<usize>outChannels) << 2;
    }
    const at = tap + ((<usize>o) << 2);
    store<f32>(at, load<f32>(at) + sum);
  }
}

/** dx[batch, height, width, channels], gathered: every pixel of dx is written once. `filter` is [kh, kw, channels, multiplier]. */
export function depthwiseInputGradient(
  dy: usize,
  filter: usize,
  dx: usize,
  batch: i32,
  height: i32,
  width: i32,
  channels: i32,
  multiplier: i32,
  outHeight: i32,
  outWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideY: i32,
  strideX: i32,
  padTop: i32,
  padLeft: i32,
): void {
  const pixelBytes = (<usize>channels) << 2;
  const outChannels = channels * multiplier;
  for (let b: i32 = 0; b < batch; b++) {
    for (let y: i32 = 0; y < height; y++) {
      for (let z: i32 = 0; z < width; z++) {
        memory.fill(dx, 0, pixelBytes);
        for (let u: i32 = 0; u < kernelHeight; u++) {
          const row = y + padTop - u;
          if (row < 0 || row % strideY !== 0 || row / strideY >= outHeight) continue;
          const line = (b * outHeight + row / strideY) * outWidth;
          for (let v: i32 = 0; v < kernelWidth; v++) {
            const column = z + padLeft - v;
            if (column < 0 || column % strideX !== 0 || column / strideX >= outWidth) continue;
            const pd = dy + ((<usize>((line + column / strideX) * outChannels)) << 2);
            const pf = filter + ((<usize>((u * kernelWidth + v) * outChannels)) << 2);
            if (multiplier === 1) addProducts(pd, pf, dx, channels);
            else addProductsMultiplied(pd, pf, dx, channels, multiplier);
          }
        }
        dx += pixelBytes;
      }
    }
  }
}

/** out[c] += a[c] * b[c] */
function addProducts(a: usize, b: usize, out: usize, channels: i32): void {
  let c: i32 = 0;
  for (; c + 4 <= channels; c += 4) {
    v128.store(out, f32x4.add(v128.load(out), f32x4.mul(v128.load(a), v128.load(b))));
    a += 16;
    b += 16;
    out += 16;
  }
  for (; c < channels; c++) {
    store<f32>(out, load<f32>(out) + load<f32>(a) * load<f32>(b));
    a += 4;
    b += 4;
    out += 4;
  }
}

/** out[c] += sum over q of a[c, q] * b[c, q] */
function addProductsMultiplied(a: usize, b: usize, out: usize, channels: i32, multiplier: i32): void {
  for (let c: i32 = 0; c < channels; c++) {
    let sum = load<f32>(out);
    for (let q: i32 = 0; q < multiplier; q++) {
      sum += load<f32>(a) * load<f32>(b);
      a += 4;
      b += 4;
    }
    store<f32>(out, sum);
    out += 4;
  }
}
