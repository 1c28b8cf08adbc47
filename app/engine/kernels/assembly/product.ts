/**
 * out[rows, n] = left[rows, k] * right[k, n], a convolution of single pixels. `right` is laid out in panels of 8 columns first:
 *
 *     panels[n / 8][k][8], zeros behind column n
 *
 * Each value of `out` is added up in the order of k, whatever the range of rows, so that cuts do not change a bit of it.
 */

const TILE_ROWS: i32 = 4;
const PANEL: i32 = 8;
/** Values of `left` that a block of rows holds: they stay in the cache while every panel goes over them. */
const BLOCK_VALUES: i32 = 32768;

/** right[i, j] stands at from[i * rowStep + j * columnStep]: a filter as it is, or turned. */
export function packPanels(from: usize, panels: usize, k: i32, n: i32, rowStep: i32, columnStep: i32): void {
  for (let j: i32 = 0; j < n; j += PANEL) {
    const columns = min(PANEL, n - j);
    if (columns < PANEL) memory.fill(panels, 0, (<usize>(k * PANEL)) << 2);
    for (let i: i32 = 0; i < k; i++) {
      let at = from + ((<usize>(i * rowStep + j * columnStep)) << 2);
      for (let c: i32 = 0; c < columns; c++) {
        store<f32>(panels + ((<usize>c) << 2), load<f32>(at));
        at += (<usize>columnStep) << 2;
      }
      panels += PANEL << 2;
    }
  }
}

/** The rows [from, to) of `out`. */
export function multiplyPanels(left: usize, panels: usize, out: usize, k: i32, n: i32, from: i32, to: i32): void {
  const leftBytes = (<usize>k) << 2;
  const outBytes = (<usize>n) << 2;
  const blockRows = max(TILE_ROWS, (BLOCK_VALUES / k) & ~(TILE_ROWS - 1));
  for (let first = from; first < to; first += blockRows) {
    const end = min(to, first + blockRows);
    for (let j: i32 = 0; j < n; j += PANEL) {
      const panel = panels + ((<usize>(j * k)) << 2);
      const columns = min(PANEL, n - j);
      let l = left + <usize>first * leftBytes;
      let o = out + <usize>first * outBytes + ((<usize>j) << 2);
      let row = first;
      for (; row + TILE_ROWS <= end; row += TILE_ROWS) {
        multiplyTile(l, panel, o, k, n, columns);
        l += TILE_ROWS * leftBytes;
        o += TILE_ROWS * outBytes;
      }
      for (; row < end; row++) {
        multiplyRow(l, panel, o, k, columns);
        l += leftBytes;
        o += outBytes;
      }
    }
  }
}

/** 4 rows by 8 columns in registers. */
function multiplyTile(left: usize, panel: usize, out: usize, k: i32, n: i32, columns: i32): void {
  const zero = f32x4.splat(0);
  let s00 = zero;
  let s01 = zero;
  let s10 = zero;
  let s11 = zero;
  let s20 = zero;
  let s21 = zero;
  let s30 = zero;
  let s31 = zero;
  const leftBytes = (<usize>k) << 2;
  let l0 = left;
  let l1 = l0 + leftBytes;
  let l2 = l1 + leftBytes;
  let l3 = l2 + leftBytes;
  for (let i: i32 = 0; i < k; i++) {
    const b0 = v128.load(panel);
    const b1 = v128.load(panel, 16);
    const a0 = v128.load32_splat(l0);
    s00 = f32x4.relaxed_madd(a0, b0, s00);
    s01 = f32x4.relaxed_madd(a0, b1, s01);
    const a1 = v128.load32_splat(l1);
    s10 = f32x4.relaxed_madd(a1, b0, s10);
    s11 = f32x4.relaxed_madd(a1, b1, s11);
    const a2 = v128.load32_splat(l2);
    s20 = f32x4.relaxed_madd(a2, b0, s20);
    s21 = f32x4.relaxed_madd(a2, b1, s21);
    const a3 = v128.load32_splat(l3);
    s30 = f32x4.relaxed_madd(a3, b0, s30);
    s31 = f32x4.relaxed_madd(a3, b1, s31);
    panel += PANEL << 2;
    l0 += 4;
    l1 += 4;
    l2 += 4;
    l3 += 4;
  }
  const outBytes = (<usize>n) << 2;
  storeColumns(out, s00, s01, columns);
  storeColumns(out + outBytes, s10, s11, columns);
  storeColumns(out + 2 * outBytes, s20, s21, columns);
  storeColumns(out + 3 * outBytes, s30, s31, columns);
}

function multiplyRow(left: usize, panel: usize, out: usize, k: i32, columns: i32): void {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  for (let i: i32 = 0; i < k; i++) {
    const a = v128.load32_splat(left);
    s0 = f32x4.relaxed_madd(a, v128.load(panel), s0);
    s1 = f32x4.relaxed_madd(a, v128.load(panel, 16), s1);
    panel += PANEL << 2;
    left += 4;
  }
  storeColumns(out, s0, s1, columns);
}

/** The first `columns` of 8. */
function storeColumns(out: usize, s0: v128, s1: v128, columns: i32): void {
  if (columns >= 4) {
    v128.store(out, s0);
    if (columns === PANEL) {
      v128.store(out, s1, 16);
      return;
    }
    out += 16;
    columns -= 4;
    s0 = s1;
  }
  if (columns > 0) store<f32>(out, f32x4.extract_lane(s0, 0));
  if (columns > 1) store<f32>(out, f32x4.extract_lane(s0, 1), 4);
  if (columns > 2) store<f32>(out, f32x4.extract_lane(s0, 2), 8);
}
