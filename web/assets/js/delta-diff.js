// @ts-check
// Finding the change between two texts. Word by word, and the very same change as the server's
// `domain/src/delta/diff.rs` finds, ties included.

import { Builder } from "./delta-pieces.js";

/**
 * Words that may differ before the middle is replaced as a whole: it bounds the time to
 * DIFFERENCES_MAX × words, and the memory to DIFFERENCES_MAX² numbers.
 */
const DIFFERENCES_MAX = 256;

/** Runs of blanks, single line ends and punctuation marks, and runs of anything else. */
const WORDS = /[ \t]+|\n|[!-/:-@[-`{-~]|[^ \t\n!-/:-@[-`{-~]+/g;

/**
 * A change that makes `newText` of `oldText`.
 *
 * @param {string} oldText
 * @param {string} newText
 * @returns {import("./delta-pieces.js").Delta}
 */
export function diff(oldText, newText) {
  const delta = new Builder();
  const [prefix, oldMiddle, newMiddle] = stripCommon(oldText, newText);
  delta.retain(prefix);
  const oldWords = oldMiddle.match(WORDS) ?? [];
  const newWords = newMiddle.match(WORDS) ?? [];
  const [oldRest, newRest] = [new Rest(oldMiddle, oldWords), new Rest(newMiddle, newWords)];
  for (const [oldKept, newKept] of commonWords(oldWords, newWords)) {
    replace(delta, oldRest.takeUntil(oldKept), newRest.takeUntil(newKept));
    delta.retain(oldRest.takeUntil(oldKept + 1).length);
    newRest.takeUntil(newKept + 1);
  }
  replace(delta, oldRest.text, newRest.text);
  return delta.done();
}

/**
 * @param {Builder} delta
 * @param {string} oldPart
 * @param {string} newPart
 */
function replace(delta, oldPart, newPart) {
  const [prefix, oldMiddle, newMiddle] = stripCommon(oldPart, newPart);
  delta.retain(prefix);
  delta.insert(newMiddle);
  delta.delete(oldMiddle.length);
  delta.retain(oldPart.length - prefix - oldMiddle.length);
}

/**
 * The length of the common beginning, and what is left of both without their common end.
 *
 * @param {string} a
 * @param {string} b
 * @returns {[number, string, string]}
 */
function stripCommon(a, b) {
  let begin = 0;
  const shorter = Math.min(a.length, b.length);
  while (begin < shorter && a[begin] === b[begin]) begin += 1;
  if (begin > 0 && isHighSurrogate(a.charCodeAt(begin - 1))) begin -= 1;
  let end = 0;
  while (end < shorter - begin && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  if (end > 0 && isLowSurrogate(a.charCodeAt(a.length - end))) end -= 1;
  return [begin, a.slice(begin, a.length - end), b.slice(begin, b.length - end)];
}

const isHighSurrogate = (/** @type {number} */ unit) => (unit & 0xfc00) === 0xd800;
const isLowSurrogate = (/** @type {number} */ unit) => (unit & 0xfc00) === 0xdc00;

/** What is left of a text that is walked through word by word. */
class Rest {
  #words;
  #place = 0;

  /**
   * @param {string} text
   * @param {readonly string[]} words
   */
  constructor(text, words) {
    this.text = text;
    this.#words = words;
  }

  /**
   * The part up to the word at a place.
   *
   * @param {number} place
   */
  takeUntil(place) {
    let length = 0;
    for (; this.#place < place; this.#place += 1) length += this.#words[this.#place].length;
    const taken = this.text.slice(0, length);
    this.text = this.text.slice(length);
    return taken;
  }
}

/**
 * The words that stay, as pairs of places, by Myers' algorithm; none where more than
 * DIFFERENCES_MAX differ.
 *
 * @param {readonly string[]} oldWords
 * @param {readonly string[]} newWords
 */
function commonWords(oldWords, newWords) {
  const kept = [];
  const rows = furthestPoints(oldWords, newWords);
  let [x, y] = [oldWords.length, newWords.length];
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
 * For each number of differences d up to the end: how far along the old words each of the
 * diagonals (x - y) from -d to d is reached with fewer than d. Nothing where there is no end.
 *
 * @param {readonly string[]} oldWords
 * @param {readonly string[]} newWords
 */
function furthestPoints(oldWords, newWords) {
  const middle = DIFFERENCES_MAX + 1;
  const reached = new Uint32Array(2 * middle + 1);
  const rows = [];
  for (let d = 0; d <= DIFFERENCES_MAX; d += 1) {
    const row = reached.slice(middle - d, middle + d + 1);
    rows.push(row);
    for (let diagonal = -d; diagonal <= d; diagonal += 2) {
      const [from, fromX] = cameFrom(row, d, diagonal);
      let x = from < diagonal ? fromX + 1 : fromX;
      while (x < oldWords.length && oldWords[x] === newWords[x - diagonal]) x += 1;
      reached[middle + diagonal] = x;
      if (x >= oldWords.length && x - diagonal >= newWords.length) return rows;
    }
  }
  return [];
}

/**
 * The diagonal from which the d-th difference leads to this one, and how far that was reached:
 * from above by an inserted word, or else from the left by a deleted one.
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
