/** dx of max pooling: every dy goes to the first maximum of its window, as in TensorFlow. */
export function maxPoolGradient(
  x: usize,
  dy: usize,
  dx: usize,
  batch: i32,
  height: i32,
  width: i32,
  channels: i32,
  outHeight: i32,
  outWidth: i32,
  windowHeight: i32,
  windowWidth: i32,
  strideY: i32,
  strideX: i32,
  padTop: i32,
  padLeft: i32,
): void {
  memory.fill(dx, 0, (<usize>(batch * height * width * channels)) << 2);
  for (let b: i32 = 0; b < batch; b++) {
    for (let i: i32 = 0; i < outHeight; i++) {
      const top = max(0, i * strideY - padTop);
      const bottom = min(height, i * strideY - padTop + windowHeight);
      for (let j: i32 = 0; j < outWidth; j++) {
        const left = max(0, j * strideX - padLeft);
        const right = min(width, j * strideX - padLeft + windowWidth);
        for (let c: i32 = 0; c < channels; c++) {
          let at = (<usize>(((b * height + top) * width + left) * channels + c)) << 2;
          let best = load<f32>(x + at);
          for (let row = top; row < bottom; row++) {
            for (let column = left; column < right; column++) {
              const here = (<usize>(((b * height + row) * width + column) * channels + c)) << 2;
              const value = load<f32>(x + here);
              if (value > best) {
                best = value;
                at = here;
              }
            }
          }
          store<f32>(dx + at, load<f32>(dx + at) + load<f32>(dy));
          dy += 4;
        }
      }
    }
  }
}
