// @ts-check
// Changes of a text: Quill's ops retain, insert and delete, lengths in UTF-16 code units. The same
// results and refusals as the server's `domain/src/delta`; `tests/vectors` hold both to it.

import { Builder, DeltaError, Pieces, lengthOf, take } from "./ops.js";

export { diff, splitInsertsAndDeletes } from "./diff.js";
export { DeltaError };

/** @typedef {import("./ops.js").Op} Op */
/** @typedef {import("./ops.js").Delta} Delta */

/** More ops than any edit by a person has; the server refuses them too. */
const OPS_MAX = 10_000;
const UNITS_MAX = 2 ** 31 - 1;

/** Control characters but LF and TAB, and halves of surrogate pairs. */
const FORBIDDEN = /[\0-\x08\x0b-\x1f\x7f-\x9f]|\p{Surrogate}/u;
const ALL_FORBIDDEN = new RegExp(FORBIDDEN, "gu");

/**
 * Makes a text of what somebody typed or pasted: CRLF and CR become LF, control characters go.
 *
 * @param {string} sent
 */
export function normaliseText(sent) {
  return sent.toWellFormed().replace(/\r\n?/g, "\n").replace(ALL_FORBIDDEN, "");
}

/**
 * The delta that ops from elsewhere mean.
 *
 * @param {unknown} ops
 * @returns {Delta}
 */
export function normalise(ops) {
  if (!Array.isArray(ops)) throw new DeltaError("malformed", "a delta is an array of ops");
  if (ops.length > OPS_MAX) throw new DeltaError("malformed", `a delta has at most ${OPS_MAX} ops`);
  const builder = new Builder();
  ops.forEach((op, index) => builder.push(checkedOp(op, index)));
  const delta = builder.done();
  if (baseLength(delta) > UNITS_MAX) {
    throw new DeltaError("malformed", `a delta spans at most ${UNITS_MAX} units`);
  }
  return delta;
}

/**
 * @param {any} op
 * @param {number} index
 * @returns {Op}
 */
function checkedOp(op, index) {
  const fields = op !== null && typeof op === "object" && !Array.isArray(op) ? Object.keys(op) : [];
  const [kind] = fields;
  if (fields.length !== 1 || !["retain", "insert", "delete"].includes(kind)) {
    throw new DeltaError("malformed", `op ${index}: it is one of retain, insert and delete`);
  }
  const value = op[kind];
  const isText = typeof value === "string" && value !== "" && value.isWellFormed();
  const isLength = Number.isInteger(value) && value >= 1 && value <= UNITS_MAX;
  if (kind === "insert" ? !isText : !isLength) {
    throw new DeltaError("malformed", `op ${index}: its value is no ${kind === "insert" ? "text" : "length"}`);
  }
  return op;
}

/** @param {Delta} delta */
export function isEmpty(delta) {
  return delta.length === 0;
}

/**
 * The units of the old text that a delta names: the least length of a text that it fits.
 *
 * @param {Delta} delta
 */
export function baseLength(delta) {
  return delta.reduce((sum, op) => ("insert" in op ? sum : sum + lengthOf(op)), 0);
}

/**
 * By how many units a delta lengthens a text.
 *
 * @param {Delta} delta
 */
export function lengthChange(delta) {
  const change = (/** @type {Op} */ op) =>
    "insert" in op ? op.insert.length : "delete" in op ? -op.delete : 0;
  return delta.reduce((sum, op) => sum + change(op), 0);
}

/**
 * The text after the change. A delta that does not fit is refused, never clamped.
 *
 * @param {string} text
 * @param {Delta} delta
 */
export function apply(text, delta) {
  if (delta.some((op) => "insert" in op && FORBIDDEN.test(op.insert))) {
    throw new DeltaError("forbidden_character", "it inserts a control character");
  }
  const parts = [];
  let at = 0;
  for (const op of delta) {
    if ("insert" in op) {
      parts.push(op.insert);
      continue;
    }
    const taken = take(text, at, lengthOf(op));
    if ("retain" in op) parts.push(taken);
    at += taken.length;
  }
  parts.push(text.slice(at));
  return parts.join("");
}

/**
 * The change that makes `base` again of what `delta` makes of it.
 *
 * @param {Delta} delta
 * @param {string} base
 * @returns {Delta}
 */
export function invert(delta, base) {
  const inverse = new Builder();
  let at = 0;
  for (const op of delta) {
    if ("insert" in op) {
      inverse.delete(op.insert.length);
      continue;
    }
    const taken = take(base, at, lengthOf(op));
    if ("retain" in op) inverse.retain(op.retain);
    else inverse.insert(taken);
    at += taken.length;
  }
  return inverse.done();
}

/**
 * What `first` and then `second` do together. Refused where `second` cuts a surrogate pair that
 * `first` inserts.
 *
 * @param {Delta} first
 * @param {Delta} second
 * @returns {Delta}
 */
export function compose(first, second) {
  const one = new Pieces(first);
  const two = new Pieces(second);
  const both = new Builder();
  while (!one.isDone || !two.isDone) {
    if (two.kind === "insert") {
      both.push(two.take());
    } else if (one.kind === "delete") {
      both.push(one.take());
    } else {
      const units = Math.min(one.length, two.length);
      const [made, then] = [one.take(units), two.take(units)];
      if ("retain" in then) both.push(made);
      // What one inserts and the other deletes never was.
      else if ("retain" in made) both.delete(units);
    }
  }
  return both.done();
}

/**
 * `late`, which was made on the same text as `first`, rewritten to be carried out after it. Where
 * both insert at one place, `priority` puts what `first` inserts first. Several changes are
 * transformed over one by one, never as their composition.
 *
 * @param {Delta} first
 * @param {Delta} late
 * @param {boolean} priority
 * @returns {Delta}
 */
export function transform(first, late, priority) {
  const done = new Pieces(first);
  const wished = new Pieces(late);
  const rewritten = new Builder();
  while (!wished.isDone) {
    if (done.kind === "insert" && (priority || wished.kind !== "insert")) {
      rewritten.retain(done.length);
      done.take();
    } else if (wished.kind === "insert") {
      rewritten.push(wished.take());
    } else {
      const units = Math.min(done.length, wished.length);
      const [gone, step] = [done.take(units), wished.take(units)];
      if ("retain" in gone) rewritten.push(step);
    }
  }
  return rewritten.done();
}

/**
 * Where a place in the old text, such as a caret, is in the new one. What is inserted right there
 * goes before it, unless it stays before inserts.
 *
 * @param {Delta} delta
 * @param {number} index
 * @param {boolean} [staysBeforeInserts]
 */
export function transformIndex(delta, index, staysBeforeInserts = false) {
  let offset = 0;
  for (const op of delta) {
    if (offset > index) break;
    const length = lengthOf(op);
    if ("delete" in op) {
      index -= Math.min(length, index - offset);
      continue;
    }
    if ("insert" in op && (offset < index || !staysBeforeInserts)) index += length;
    offset += length;
  }
  return index;
}
