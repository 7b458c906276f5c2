// @ts-check
// Finding the change between two texts. Word by word, and the very same change as the server's
// `domain/src/delta/diff.rs` finds, ties included.

import { Builder } from "./delta-pieces.js";

/**
 * Words that may differ before lines are compared, and lines before all is replaced: it bounds the
 * time to DIFFERENCES_MAX × words, and the memory to DIFFERENCES_MAX² numbers.
 */
const DIFFERENCES_MAX = 256;

/** Runs of blanks, single line ends and punctuation marks, and runs of anything else. */
const WORDS = /[ \t]+|\n|[!-/:-@[-`{-~]|[^ \t\n!-/:-@[-`{-~]+/g;

/** Each with its end, and a rest without one. */
const LINES = /[^\n]*\n|[^\n]+/g;

/** @typedef {(delta: Builder, oldPart: string, newPart: string) => void} Push */

/**
 * A change that makes `newText` of `oldText`.
 *
 * @param {string} oldText
 * @param {string} newText
 * @returns {import("./delta-pieces.js").Delta}
 */
export function diff(oldText, newText) {
  const delta = new Builder();
  pushByWords(delta, oldText, newText, pushByLines);
  return delta.done();
}

/**
 * The words that differ, or what is coarser where they are too many.
 *
 * @param {Builder} delta
 * @param {string} oldPart
 * @param {string} newPart
 * @param {Push} coarser
 */
function pushByWords(delta, oldPart, newPart, coarser) {
  if (isOneChange(oldPart, newPart)) return pushReplacement(delta, oldPart, newPart);
  const [begin, end] = commonEndsBetweenBlanks(oldPart, newPart);
  const oldMiddle = oldPart.slice(begin, oldPart.length - end);
  const newMiddle = newPart.slice(begin, newPart.length - end);
  delta.retain(begin);
  const [oldWords, newWords] = [parts(oldMiddle, WORDS), parts(newMiddle, WORDS)];
  const kept = commonParts(oldWords, newWords);
  if (kept) pushAround(delta, kept, oldWords, newWords, pushReplacement);
  else coarser(delta, oldMiddle, newMiddle);
  delta.retain(end);
}

/** @type {Push} */
function pushByLines(delta, oldPart, newPart) {
  const [oldLines, newLines] = [parts(oldPart, LINES), parts(newPart, LINES)];
  const kept = commonParts(oldLines, newLines) ?? [];
  pushAround(delta, kept, oldLines, newLines, (delta, oldPart, newPart) =>
    pushByWords(delta, oldPart, newPart, pushReplacement),
  );
}

/**
 * Keeps the parts at the pairs of places, and pushes what differs before, between and after them.
 *
 * @param {Builder} delta
 * @param {readonly (readonly [number, number])[]} kept
 * @param {readonly string[]} oldParts
 * @param {readonly string[]} newParts
 * @param {Push} pushDifference
 */
function pushAround(delta, kept, oldParts, newParts, pushDifference) {
  let [oldPlace, newPlace] = [0, 0];
  for (const [oldKept, newKept] of [...kept, [oldParts.length, newParts.length]]) {
    const oldBetween = oldParts.slice(oldPlace, oldKept).join("");
    pushDifference(delta, oldBetween, newParts.slice(newPlace, newKept).join(""));
    delta.retain(oldParts[oldKept]?.length ?? 0);
    [oldPlace, newPlace] = [oldKept + 1, newKept + 1];
  }
}

/**
 * Letters are kept where nothing but one insert or one cut is left, and inside of a word that
 * became another one.
 *
 * @type {Push}
 */
function pushReplacement(delta, oldPart, newPart) {
  const isOneWord = [oldPart, newPart].every((part) => parts(part, WORDS).length === 1);
  const keepsLetters = isOneWord || isOneChange(oldPart, newPart);
  const [prefix, suffix] = keepsLetters ? commonEnds(oldPart, newPart) : [0, 0];
  delta.retain(prefix);
  delta.insert(newPart.slice(prefix, newPart.length - suffix));
  delta.delete(oldPart.length - prefix - suffix);
  delta.retain(suffix);
}

/**
 * Whether nothing but one insert or one cut makes the one of the other.
 *
 * @param {string} oldPart
 * @param {string} newPart
 */
function isOneChange(oldPart, newPart) {
  const [prefix, suffix] = commonEnds(oldPart, newPart);
  return prefix + suffix === Math.min(oldPart.length, newPart.length);
}

/**
 * @param {string} text
 * @param {RegExp} each
 */
const parts = (text, each) => text.match(each) ?? [];

/**
 * How many units two texts begin alike, and how many of the rest end alike.
 *
 * @param {string} a
 * @param {string} b
 * @returns {[number, number]}
 */
function commonEnds(a, b) {
  let begin = 0;
  const shorter = Math.min(a.length, b.length);
  while (begin < shorter && a[begin] === b[begin]) begin += 1;
  if (begin > 0 && isHighSurrogate(a.charCodeAt(begin - 1))) begin -= 1;
  let end = 0;
  while (end < shorter - begin && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  if (end > 0 && isLowSurrogate(a.charCodeAt(a.length - end))) end -= 1;
  return [begin, end];
}

/**
 * So much of them that no word is cut, in neither of the texts.
 *
 * @param {string} a
 * @param {string} b
 */
function commonEndsBetweenBlanks(a, b) {
  let [begin, end] = commonEnds(a, b);
  while (![a, b].every((text) => isBetweenBlanks(text, begin))) begin -= 1;
  while (![a, b].every((text) => isBetweenBlanks(text, text.length - end))) end -= 1;
  return [begin, end];
}

/**
 * Whether a text begins or ends there, or there is a blank before or after.
 *
 * @param {string} text
 * @param {number} at
 */
const isBetweenBlanks = (text, at) => isBlank(text[at - 1]) || isBlank(text[at]);

const isBlank = (/** @type {string | undefined} */ unit) =>
  unit === undefined || unit === " " || unit === "\t" || unit === "\n";

const isHighSurrogate = (/** @type {number} */ unit) => (unit & 0xfc00) === 0xd800;
const isLowSurrogate = (/** @type {number} */ unit) => (unit & 0xfc00) === 0xdc00;

/**
 * The parts that stay, as pairs of places, by Myers' algorithm; undefined where more than
 * DIFFERENCES_MAX differ.
 *
 * @param {readonly string[]} oldParts
 * @param {readonly string[]} newParts
 * @returns {[number, number][] | undefined}
 */
function commonParts(oldParts, newParts) {
  const rows = furthestPoints(oldParts, newParts);
  if (!rows) return undefined;
  /** @type {[number, number][]} */
  const kept = [];
  let [x, y] = [oldParts.length, newParts.length];
  for (let d = rows.length - 1; d >= 0; d -= 1) {
    const [from, fromX] = cameFrom(rows[d], d, x - y);
    const fromY = fromX - from;
    while (x > fromX && y > fromY) {
      x -= 1;
      y -= 1;
      kept.push([x, y]);
    }
    [x, y] = [fromX, fromY];
  }
  return kept.reverse();
}

/**
 * For each number of differences d up to the end: how far along the old parts each of the
 * diagonals (x - y) from -d to d is reached with fewer than d. Undefined where there is no end.
 *
 * @param {readonly string[]} oldParts
 * @param {readonly string[]} newParts
 */
function furthestPoints(oldParts, newParts) {
  const middle = DIFFERENCES_MAX + 1;
  const reached = new Uint32Array(2 * middle + 1);
  const rows = [];
  for (let d = 0; d <= DIFFERENCES_MAX; d += 1) {
    const row = reached.slice(middle - d, middle + d + 1);
    rows.push(row);
    for (let diagonal = -d; diagonal <= d; diagonal += 2) {
      const [from, fromX] = cameFrom(row, d, diagonal);
      let x = from < diagonal ? fromX + 1 : fromX;
      while (x < oldParts.length && oldParts[x] === newParts[x - diagonal]) x += 1;
      reached[middle + diagonal] = x;
      if (x >= oldParts.length && x - diagonal >= newParts.length) return rows;
    }
  }
  return undefined;
}

/**
 * The diagonal from which the d-th difference leads to this one, and how far that was reached:
 * from above by an inserted part, or else from the left by a deleted one.
 *
 * @param {Uint32Array} row
 * @param {number} d
 * @param {number} diagonal
 */
function cameFrom(row, d, diagonal) {
  if (d === 0) return [diagonal, 0];
  const [left, right] = [row[diagonal - 1 + d], row[diagonal + 1 + d]];
  const isInsert = diagonal === -d || (diagonal !== d && left < right);
  return isInsert ? [diagonal + 1, right] : [diagonal - 1, left];
}
