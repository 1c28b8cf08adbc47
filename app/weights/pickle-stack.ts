/** The stack of an unpickler. Everything throws EosinError `weights/broken` where a pickle takes what it never gave. */
import { brokenWeights } from './stored-tensor.ts';
import { isKind, type Value } from './torch-values.ts';

export function top(stack: readonly Value[]): Value {
  const value = stack.at(-1);
  if (value === undefined) throw brokenWeights('its pickle takes more than it gave');
  return value;
}

export function pop(stack: Value[]): Value {
  const value = top(stack);
  stack.pop();
  return value;
}

export function popMany(stack: Value[], count: number): Value[] {
  if (stack.length < count) throw brokenWeights('its pickle takes more than it gave');
  return stack.splice(stack.length - count, count);
}

/** What was put on since the last mark, which goes too. */
export function popToMark(stack: Value[]): Value[] {
  const mark = stack.findLastIndex((value) => isKind(value, 'mark'));
  if (mark < 0) throw brokenWeights('its pickle takes more than it gave');
  return stack.splice(mark).slice(1);
}

export function append(stack: readonly Value[], values: readonly Value[]): void {
  const list = top(stack);
  if (!Array.isArray(list)) throw brokenWeights('it appends to what is no list');
  for (const value of values) list.push(value);
}

/** @param pairs key, value, key, value ... */
export function setItems(stack: readonly Value[], pairs: readonly Value[]): void {
  const target = top(stack);
  if (!(target instanceof Map) || pairs.length % 2 !== 0) throw brokenWeights('it sets items of what is no dictionary');
  for (let i = 0; i < pairs.length; i += 2) target.set(pairs[i]!, pairs[i + 1]!);
}

/** A value of the memo. */
export function recall(memo: ReadonlyMap<number, Value>, index: number): Value {
  const value = memo.get(index);
  if (value === undefined) throw brokenWeights('it recalls what it never stored');
  return value;
}
