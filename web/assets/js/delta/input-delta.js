// @ts-check
// The delta of an input event, from the text before, the text after and the caret.

import { diff, normalise } from "./delta.js";
import { isHighSurrogate } from "./word-boundaries.js";

/**
 * The caret is after the typed text, or where text was deleted, which distinguishes equal letters.
 * @param {string} before
 * @param {string} after
 * @param {number} caret in `after`
 * @returns {import("./delta.js").Delta}
 */
export function typedDelta(before, after, caret) {
  const tail = tailFrom(after, caret);
  if (!before.endsWith(tail)) return diff(before, after);
  const beforeEnd = before.length - tail.length;
  const afterEnd = after.length - tail.length;
  const kept = commonStart(before, after, Math.min(beforeEnd, afterEnd));
  return normalise(
    [
      { retain: kept },
      { insert: after.slice(kept, afterEnd) },
      { delete: beforeEnd - kept },
    ].filter(isNotEmpty),
  );
}

/**
 * @param {string} before
 * @param {string} after
 * @param {number} most
 */
function commonStart(before, after, most) {
  let units = 0;
  while (units < most && before[units] === after[units]) units += 1;
  return units > 0 && isHighSurrogate(before.charCodeAt(units - 1)) ? units - 1 : units;
}

/**
 * @param {string} text
 * @param {number} index
 */
function tailFrom(text, index) {
  const isInPair = index > 0 && isHighSurrogate(text.charCodeAt(index - 1));
  return text.slice(isInPair ? index + 1 : index);
}

/** @param {any} op */
function isNotEmpty(op) {
  return Boolean(op.retain || op.insert || op.delete);
}
