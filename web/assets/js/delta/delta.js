// @ts-check
// Deltas: Quill's ops retain, insert and delete, with lengths in UTF-16 code units. Results and errors
// equal those of the server's `domain/src/delta`; `tests/vectors` checks both.

import { Builder, DeltaError, OpReader, lengthOf, take } from "./ops.js";

export { diff, splitInsertsAndDeletes } from "./diff.js";
export { DeltaError };

/** @typedef {import("./ops.js").Op} Op */
/** @typedef {import("./ops.js").Delta} Delta */

/** More ops than an edit by a person has. The server has the same limit. */
const OPS_MAX = 10_000;
const UNITS_MAX = 2 ** 31 - 1;

/** Control characters except LF and TAB, and unpaired surrogates. */
const FORBIDDEN = /[\0-\x08\x0b-\x1f\x7f-\x9f]|\p{Surrogate}/u;
const ALL_FORBIDDEN = new RegExp(FORBIDDEN, "gu");

/**
 * Normalises text that was typed or pasted: CRLF and CR become LF, and control characters are removed.
 *
 * @param {string} text
 */
export function normaliseText(text) {
  return text.toWellFormed().replace(/\r\n?/g, "\n").replace(ALL_FORBIDDEN, "");
}

/**
 * Checks ops from outside and converts them to canonical form.
 *
 * @param {unknown} ops
 * @returns {Delta}
 */
export function normalise(ops) {
  if (!Array.isArray(ops)) throw new DeltaError("malformed", "a delta is an array of ops");
  if (ops.length > OPS_MAX) throw new DeltaError("malformed", `a delta has at most ${OPS_MAX} ops`);
  const builder = new Builder();
  ops.forEach((op, index) => builder.push(checkedOp(op, index)));
  const delta = builder.finish();
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
 * The number of units of the old text that a delta retains or deletes: the minimum length of a text to
 * which it applies.
 *
 * @param {Delta} delta
 */
export function baseLength(delta) {
  return delta.reduce((sum, op) => ("insert" in op ? sum : sum + lengthOf(op)), 0);
}

/**
 * The change of a text's length by a delta, in units.
 *
 * @param {Delta} delta
 */
export function lengthChange(delta) {
  const change = (/** @type {Op} */ op) =>
    "insert" in op ? op.insert.length : "delete" in op ? -op.delete : 0;
  return delta.reduce((sum, op) => sum + change(op), 0);
}

/**
 * The text after the change. Throws if the delta does not fit the text.
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
 * The inverse of `delta`: it converts the result of `delta` on `base` back to `base`.
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
  return inverse.finish();
}

/**
 * The composition of two deltas: `first`, then `second`. Throws if `second` splits a surrogate pair that
 * `first` inserts.
 *
 * @param {Delta} first
 * @param {Delta} second
 * @returns {Delta}
 */
export function compose(first, second) {
  const one = new OpReader(first);
  const two = new OpReader(second);
  const composed = new Builder();
  while (!one.isDone || !two.isDone) {
    if (two.kind === "insert") {
      composed.push(two.take());
    } else if (one.kind === "delete") {
      composed.push(one.take());
    } else {
      const units = Math.min(one.length, two.length);
      const [op, nextOp] = [one.take(units), two.take(units)];
      if ("retain" in nextOp) composed.push(op);
      // An insert that is deleted again is dropped.
      else if ("retain" in op) composed.delete(units);
    }
  }
  return composed.finish();
}

/**
 * Transforms `second`, which was made on the same text as `first`, so that it applies after `first`. If
 * both insert at the same index, `priority` puts the insert of `first` before the other. To transform
 * over several deltas, transform over each, not over their composition.
 *
 * @param {Delta} first
 * @param {Delta} second
 * @param {boolean} priority
 * @returns {Delta}
 */
export function transform(first, second, priority) {
  const one = new OpReader(first);
  const two = new OpReader(second);
  const transformed = new Builder();
  while (!two.isDone) {
    if (one.kind === "insert" && (priority || two.kind !== "insert")) {
      transformed.retain(one.length);
      one.take();
    } else if (two.kind === "insert") {
      transformed.push(two.take());
    } else {
      const units = Math.min(one.length, two.length);
      const [earlier, op] = [one.take(units), two.take(units)];
      if ("retain" in earlier) transformed.push(op);
    }
  }
  return transformed.finish();
}

/**
 * The index in the new text of an index in the old text, such as a caret. Text that is inserted at the
 * index goes before it, unless `staysBeforeInserts`.
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
