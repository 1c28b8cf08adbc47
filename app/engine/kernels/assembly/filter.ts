/**
 * The filter gradient of a convolution as matrix products:
 *
 *     gradient [taps * cin, cout] = columns[rows, taps * cin]^T * dy[rows, cout]    rows = batch * output height * output width
 *
 * `gatherTap` makes the `columns` of one filter tap (im2col); a 1 x 1 convolution with stride 1 needs none: columns is x itself.
 */

/** Rows multiplied in one go: the block of `right` that a column tile runs over stays in the cache. */
const ROW_BLOCK: i32 = 256;
/** The register tile. */
const TILE_M: i32 = 4;
const TILE_N: i32 = 8;

/**
 * out[m, n] = left[rows, m]^T * right[rows, n]; rows follow each other without gaps. Of `out` the rows [from, to) are made;
 * `from` is a multiple of 4, and so is `to` where it is not m.
 */
export function multiplyTransposed(
  left: usize,
  right: usize,
  out: usize,
  rows: i32,
  m: i32,
  n: i32,
  from: i32,
  to: i32,
): void {
  memory.fill(out + ((<usize>from * n) << 2), 0, (<usize>(to - from) * n) << 2);
  const tiledM = to & ~(TILE_M - 1);
  const tiledN = n & ~(TILE_N - 1);
  for (let first: i32 = 0; first < rows; first += ROW_BLOCK) {
    const count = min(ROW_BLOCK, rows - first);
    const l = left + ((<usize>first * m) << 2);
    const r = right + ((<usize>first * n) << 2);
    for (let j: i32 = 0; j < tiledN; j += TILE_N) {
      for (let i = from; i < tiledM; i += TILE_M) {
        addTile(l + ((<usize>i) << 2), r + ((<usize>j) << 2), out + ((<usize>i * n + j) << 2), count, m, n);
      }
    }
    if (tiledN < n) addRest(l, r, out, count, m, n, from, tiledM, tiledN);
    if (tiledM < to) addRest(l, r, out, count, m, n, tiledM, to, 0);
  }
}

/** Adds a 4 x 8 tile; `left` and `right` point at its first column. */
function addTile(left: usize, right: usize, out: usize, rows: i32, m: i32, n: i32): void {
  const zero = f32x4.splat(0);
  let s00 = zero;
  let s01 = zero;
  let s10 = zero;
  let s11 = zero;
  let s20 = zero;
  let s21 = zero;
  let s30 = zero;
  let s31 = zero;
  const leftBytes = (<usize>m) << 2;
  const rightBytes = (<usize>n) << 2;
  for (let r: i32 = 0; r < rows; r++) {
    const b0 = v128.load(right);
    const b1 = v128.load(right, 16);
    const a0 = v128.load32_splat(left);
    const a1 = v128.load32_splat(left, 4);
    const a2 = v128.load32_splat(left, 8);
    const a3 = v128.load32_splat(left, 12);
    s00 = f32x4.relaxed_madd(a0, b0, s00);
    s01 = f32x4.relaxed_madd(a0, b1, s01);
    s10 = f32x4.relaxed_madd(a1, b0, s10);
    s11 = f32x4.relaxed_madd(a1, b1, s11);
    s20 = f32x4.relaxed_madd(a2, b0, s20);
    s21 = f32x4.relaxed_madd(a2, b1, s21);
    s30 = f32x4.relaxed_madd(a3, b0, s30);
    s31 = f32x4.relaxed_madd(a3, b1, s31);
    left += leftBytes;
    right += rightBytes;
  }
  addPair(out, s00, s01);
  addPair(out + rightBytes, s10, s11);
  addPair(out + 2 * rightBytes, s20, s21);
  addPair(out + 3 * rightBytes, s30, s31);
}

function addPair(out: usize, first: v128, second: v128): void {
  v128.store(out, f32x4.add(v128.load(out), first));
  v128.store(out, f32x4.add(v128.load(out, 16), second), 16);
}

/** Adds rows [i0, i1) and columns [j0, n) of the product, what the tiles left over. */
function addRest(left: usize, right: usize, out: usize, rows: i32, m: i32, n: i32, i0: i32, i1: i32, j0: i32): void {
  for (let i = i0; i < i1; i++) {
    for (let j = j0; j < n; j++) {
      let pl = left + ((<usize>i) << 2);
      let pr = right + ((<usize>j) << 2);
      let sum: f32 = 0;
      for (let r: i32 = 0; r < rows; r++) {
        sum += load<f32>(pl) * load<f32>(pr);
        pl += (<usize>m) << 2;
        pr += (<usize>n) << 2;
      }
      const o = out + ((<usize>i * n + j) << 2);
      store<f32>(o, load<f32>(o) + sum);
    }
  }
}

/**
 * columns[row, channels]: the input pixel that one filter tap sees at every output pixel of the lines [firstLine, endLine);
 * a line is one of batch * outHeight. Zero outside. A row of `columns` is `rowLength` values long.
 */
export function gatherTap(
  x: usize,
  columns: usize,
  rowLength: i32,
  height: i32,
  width: i32,
  channels: i32,
  outHeight: i32,
  outWidth: i32,
  strideY: i32,
  strideX: i32,
  offsetY: i32,
  offsetX: i32,
  firstLine: i32,
  endLine: i32,
): void {
  const pixelBytes = (<usize>channels) << 2;
  const rowBytes = (<usize>rowLength) << 2;
  columns += <usize>(firstLine * outWidth) * rowBytes;
  for (let line = firstLine; line < endLine; line++) {
    const row = (line % outHeight) * strideY + offsetY;
    const above = (line / outHeight) * height + row;
    for (let j: i32 = 0; j < outWidth; j++) {
      const column = j * strideX + offsetX;
      if (row < 0 || row >= height || column < 0 || column >= width) memory.fill(columns, 0, pixelBytes);
      else memory.copy(columns, x + <usize>(above * width + column) * pixelBytes, pixelBytes);
      columns += rowBytes;
    }
  }
}

/**
 * out[batch, outHeight, outWidth, channels]: the pixels of x[batch, height, width, channels] with `stride` - 1 zeros between them,
 * and zeros behind the last; the lines [firstLine, endLine) of batch * outHeight.
 */
export function spreadPixels(
  x: usize,
  out: usize,
  height: i32,
  width: i32,
  channels: i32,
  outHeight: i32,
  outWidth: i32,
  strideY: i32,
  strideX: i32,
  firstLine: i32,
  endLine: i32,
): void {
  const pixelBytes = (<usize>channels) << 2;
  const lineBytes = <usize>outWidth * pixelBytes;
  const columns = min(width, (outWidth + strideX - 1) / strideX);
  out += <usize>firstLine * lineBytes;
  for (let line = firstLine; line < endLine; line++) {
    const y = line % outHeight;
    memory.fill(out, 0, lineBytes);
    if (y % strideY === 0 && y / strideY < height) {
      let from = x + <usize>(((line / outHeight) * height + y / strideY) * width) * pixelBytes;
      let to = out;
      for (let j: i32 = 0; j < columns; j++) {
        memory.copy(to, from, pixelBytes);
        from += pixelBytes;
        to += <usize>strideX * pixelBytes;
      }
    }
    out += lineBytes;
  }
}
