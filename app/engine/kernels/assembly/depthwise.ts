/**
 * Gradients of a depthwise convolution with `multiplier` outputs a channel (output channel = channel * multiplier + q),
 * any stride and padding, no dilation. Multiplier 1 runs on SIMD.
 */

/**
 * gradient[kh, kw, channels, multiplier] = sum over pictures and output pixels of x * dy, for the channels [from, end).
 */
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
  from: i32,
  end: i32,
): void {
  const outChannels = channels * multiplier;
  const own = end - from;
  x += (<usize>from) << 2;
  dy += (<usize>(from * multiplier)) << 2;
  gradient += (<usize>(from * multiplier)) << 2;
  for (let tap: i32 = 0; tap < kernelHeight * kernelWidth; tap++) {
    memory.fill(gradient + ((<usize>(tap * outChannels)) << 2), 0, (<usize>(own * multiplier)) << 2);
  }
  for (let b: i32 = 0; b < batch; b++) {
    for (let i: i32 = 0; i < outHeight; i++) {
      for (let u: i32 = 0; u < kernelHeight; u++) {
        const row = i * strideY - padTop + u;
        if (row < 0 || row >= height) continue;
        for (let v: i32 = 0; v < kernelWidth; v++) {
          const shift = v - padLeft;
          let first: i32 = 0;
          while (first < outWidth && first * strideX + shift < 0) first++;
          let last: i32 = outWidth;
          while (last > first && (last - 1) * strideX + shift >= width) last--;
          const px = x + ((<usize>(((b * height + row) * width + first * strideX + shift) * channels)) << 2);
          const pd = dy + ((<usize>(((b * outHeight + i) * outWidth + first) * outChannels)) << 2);
          const tap = gradient + ((<usize>((u * kernelWidth + v) * outChannels)) << 2);
          if (multiplier === 1) addLine(px, pd, tap, last - first, own, channels, strideX);
          else addLineMultiplied(px, pd, tap, last - first, own, channels, multiplier, strideX);
        }
      }
    }
  }
}

/** tap[c] += sum over the line of x[stride * j, c] * dy[j, c], for `own` channels of the `channels` of a pixel. */
function addLine(x: usize, dy: usize, tap: usize, count: i32, own: i32, channels: i32, stride: i32): void {
  const pixelBytes = (<usize>channels) << 2;
  const xStep = pixelBytes * stride;
  let c: i32 = 0;
  for (; c + 16 <= own; c += 16) {
    const o = tap + ((<usize>c) << 2);
    let px = x + ((<usize>c) << 2);
    let pd = dy + ((<usize>c) << 2);
    let s0 = v128.load(o);
    let s1 = v128.load(o, 16);
    let s2 = v128.load(o, 32);
    let s3 = v128.load(o, 48);
    for (let j: i32 = 0; j < count; j++) {
      s0 = f32x4.relaxed_madd(v128.load(px), v128.load(pd), s0);
      s1 = f32x4.relaxed_madd(v128.load(px, 16), v128.load(pd, 16), s1);
      s2 = f32x4.relaxed_madd(v128.load(px, 32), v128.load(pd, 32), s2);
      s3 = f32x4.relaxed_madd(v128.load(px, 48), v128.load(pd, 48), s3);
      px += xStep;
      pd += pixelBytes;
    }
    v128.store(o, s0);
    v128.store(o, s1, 16);
    v128.store(o, s2, 32);
    v128.store(o, s3, 48);
  }
  for (; c + 4 <= own; c += 4) {
    const o = tap + ((<usize>c) << 2);
    let px = x + ((<usize>c) << 2);
    let pd = dy + ((<usize>c) << 2);
    let sum = v128.load(o);
    for (let j: i32 = 0; j < count; j++) {
      sum = f32x4.relaxed_madd(v128.load(px), v128.load(pd), sum);
      px += xStep;
      pd += pixelBytes;
    }
    v128.store(o, sum);
  }
  for (; c < own; c++) {
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
  own: i32,
  channels: i32,
  multiplier: i32,
  stride: i32,
): void {
  const outChannels = channels * multiplier;
  for (let o: i32 = 0; o < own * multiplier; o++) {
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

/**
 * dx[batch, height, width, channels], gathered: every pixel of the lines [firstLine, endLine) is written once; a line is one of
 * batch * height. `filter` is [kh, kw, channels, multiplier].
 *
 * The output pixel (i, j) saw the pixel (y, z) through the tap (u, v) where i * strideY = y + padTop - u, and so in x: taps
 * that did are a stride apart.
 */
export function depthwiseInputGradient(
  dy: usize,
  filter: usize,
  dx: usize,
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
  firstLine: i32,
  endLine: i32,
): void {
  const outChannels = channels * multiplier;
  dx += (<usize>(firstLine * width * channels)) << 2;
  for (let line = firstLine; line < endLine; line++) {
    const y = (line % height) + padTop;
    const picture = dy + ((<usize>((line / height) * outHeight * outWidth * outChannels)) << 2);
    let u0 = y % strideY;
    let i0 = y / strideY;
    for (; i0 >= outHeight; i0--) u0 += strideY;
    for (let z: i32 = padLeft; z < padLeft + width; z++) {
      let v0 = z % strideX;
      let j0 = z / strideX;
      for (; j0 >= outWidth; j0--) v0 += strideX;
      for (let c: i32 = 0; c < channels; ) {
        const vectors = multiplier === 1 ? min(4, (channels - c) >> 2) : 0;
        let s0 = f32x4.splat(0);
        let s1 = f32x4.splat(0);
        let s2 = f32x4.splat(0);
        let s3 = f32x4.splat(0);
        let sum: f32 = 0;
        for (let u = u0, i = i0; u < kernelHeight && i >= 0; u += strideY, i--) {
          for (let v = v0, j = j0; v < kernelWidth && j >= 0; v += strideX, j--) {
            const pd = picture + ((<usize>((i * outWidth + j) * outChannels + c * multiplier)) << 2);
            const pf = filter + ((<usize>((u * kernelWidth + v) * outChannels + c * multiplier)) << 2);
            if (vectors === 4) {
              s0 = f32x4.relaxed_madd(v128.load(pd), v128.load(pf), s0);
              s1 = f32x4.relaxed_madd(v128.load(pd, 16), v128.load(pf, 16), s1);
              s2 = f32x4.relaxed_madd(v128.load(pd, 32), v128.load(pf, 32), s2);
              s3 = f32x4.relaxed_madd(v128.load(pd, 48), v128.load(pf, 48), s3);
            } else if (vectors > 0) {
              s0 = f32x4.relaxed_madd(v128.load(pd), v128.load(pf), s0);
            } else {
              for (let q: i32 = 0; q < multiplier; q++) {
                sum += load<f32>(pd + ((<usize>q) << 2)) * load<f32>(pf + ((<usize>q) << 2));
              }
            }
          }
        }
        if (vectors === 4) {
          v128.store(dx, s0);
          v128.store(dx, s1, 16);
          v128.store(dx, s2, 32);
          v128.store(dx, s3, 48);
          c += 16;
          dx += 64;
        } else if (vectors > 0) {
          v128.store(dx, s0);
          c += 4;
          dx += 16;
        } else {
          store<f32>(dx, sum);
          c++;
          dx += 4;
        }
      }
    }
  }
}
