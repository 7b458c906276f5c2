// @ts-check
// Computes the difference between two texts, word by word. The result always equals that of the server's
// `domain/src/delta/diff.rs`.

import { commonParts } from "./myers.js";
import { Builder } from "./ops.js";
import { BETWEEN_WORDS, INSIDE_PAIR, WORDS, isHighSurrogate, isInsidePair, isLowSurrogate, boundaryOf } from "./word-boundaries.js";

/** Lines with their line ends. The last one may have none. */
const LINES = /[^\n]*\n|[^\n]+/g;

/**
 * A range of the old text and the corresponding range of the new text, each as start and end.
 * @typedef {{old: [number, number], new: [number, number]}} Hunk
 */
/** @typedef {(comparison: Comparison, at: Hunk) => void} Compare */

/**
 * The delta that changes `oldText` to `newText`.
 *
 * @param {string} oldText
 * @param {string} newText
 * @returns {import("./ops.js").Delta}
 */
export function diff(oldText, newText) {
  const comparison = new Comparison(oldText, newText);
  comparison.byWords({ old: [0, oldText.length], new: [0, newText.length] }, byLines);
  comparison.moveHunks();
  return comparison.delta();
}

/**
 * Splits a delta in two: first its inserts, each *after* the text that it replaces, then its deletes. A
 * position that is transformed over both stays before (or after) the replacement if it was before (or
 * after) the replaced text.
 *
 * @param {import("./ops.js").Delta} delta
 * @returns {[import("./ops.js").Delta, import("./ops.js").Delta]}
 */
export function splitInsertsAndDeletes(delta) {
  const [inserts, deletes] = [new Builder(), new Builder()];
  let replacing = "";
  for (const op of [...delta, { retain: 0 }]) {
    if ("insert" in op) {
      replacing = op.insert;
      continue;
    }
    if ("delete" in op) {
      inserts.retain(op.delete);
      deletes.delete(op.delete);
    }
    inserts.insert(replacing);
    deletes.retain(replacing.length);
    replacing = "";
    if ("retain" in op) {
      inserts.retain(op.retain);
      deletes.retain(op.retain);
    }
  }
  return [inserts.finish(), deletes.finish()];
}

/** Two texts, and the hunks in which they differ, in order. */
class Comparison {
  /** @type {Hunk[]} */
  #hunks = [];

  /**
   * @param {string} oldText
   * @param {string} newText
   */
  constructor(oldText, newText) {
    this.old = oldText;
    this.new = newText;
  }

  /**
   * Compares word by word, or with `coarser` if too many words differ.
   * @param {Hunk} at
   * @param {Compare} coarser
   */
  byWords(at, coarser) {
    const letters = this.#letters(at);
    if (isInsertOrDelete(letters)) return this.#push(letters);
    const inside = this.#expandedToWords(at, letters);
    const [oldWords, newWords] = this.parts(inside, WORDS);
    const kept = commonParts(oldWords, newWords);
    if (kept) this.around(kept, inside, oldWords, newWords, replaced);
    else coarser(this, inside);
  }

  /**
   * Calls `differs` with the ranges before, between and after the common parts.
   * @param {readonly (readonly [number, number])[]} kept
   * @param {Hunk} at
   * @param {readonly string[]} oldParts
   * @param {readonly string[]} newParts
   * @param {Compare} differs
   */
  around(kept, at, oldParts, newParts, differs) {
    let [oldPlace, newPlace] = [0, 0];
    let [oldAt, newAt] = [at.old[0], at.new[0]];
    for (const [oldKept, newKept] of [...kept, [oldParts.length, newParts.length]]) {
      const oldEnd = oldAt + lengthOf(oldParts, oldPlace, oldKept);
      const newEnd = newAt + lengthOf(newParts, newPlace, newKept);
      differs(this, { old: [oldAt, oldEnd], new: [newAt, newEnd] });
      const keptLength = oldParts[oldKept]?.length ?? 0;
      [oldAt, newAt] = [oldEnd + keptLength, newEnd + keptLength];
      [oldPlace, newPlace] = [oldKept + 1, newKept + 1];
    }
  }

  /**
   * Adds a hunk. Common letters at its ends are left out if the rest is a single insert or delete, or
   * if one word became another.
   * @param {Hunk} at
   */
  replaced(at) {
    const letters = this.#letters(at);
    const isOneWord = this.parts(at, WORDS).every((words) => words.length === 1);
    const hunk = isOneWord || isInsertOrDelete(letters) ? letters : at;
    this.#push(hunk);
  }

  /** Adds a hunk unless it is empty. @param {Hunk} hunk */
  #push(hunk) {
    if (!(isEmpty(hunk.old) && isEmpty(hunk.new))) this.#hunks.push(hunk);
  }

  /**
   * Splits both ranges into parts.
   * @param {Hunk} at
   * @param {RegExp} each
   * @returns {[string[], string[]]}
   */
  parts(at, each) {
    const [oldText, newText] = this.#texts(at);
    return [oldText.match(each) ?? [], newText.match(each) ?? []];
  }

  /** @param {Hunk} at */
  #texts(at) {
    return [this.old.slice(...at.old), this.new.slice(...at.new)];
  }

  /**
   * The range without common letters at its start and end.
   * @param {Hunk} at
   */
  #letters(at) {
    const [a, b] = this.#texts(at);
    let start = 0;
    const shorter = Math.min(a.length, b.length);
    while (start < shorter && a[start] === b[start]) start += 1;
    if (start > 0 && isHighSurrogate(a.charCodeAt(start - 1))) start -= 1;
    let end = 0;
    while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
    if (end > 0 && isLowSurrogate(a.charCodeAt(a.length - end))) end -= 1;
    return withoutEnds(at, start, end);
  }

  /**
   * Expands a range so that it splits no word of either text.
   * @param {Hunk} at
   * @param {Hunk} letters the range without common letters
   */
  #expandedToWords(at, letters) {
    const texts = this.#texts(at);
    let start = letters.old[0] - at.old[0];
    let end = at.old[1] - letters.old[1];
    while (!texts.every((text) => boundaryOf(text, start, start) >= BETWEEN_WORDS)) start -= 1;
    while (!texts.every((text) => boundaryOf(text, text.length - end, text.length - end) >= BETWEEN_WORDS)) end -= 1;
    return withoutEnds(at, start, end);
  }

  /** Moves each insert and delete to the best boundary, for example between words. */
  moveHunks() {
    let start = 0;
    for (const [index, hunk] of this.#hunks.entries()) {
      const end = this.#hunks[index + 1]?.old[0] ?? this.old.length;
      const moved = this.#moved(hunk, start, end);
      start = moved.old[1];
      this.#hunks[index] = moved;
    }
  }

  /**
   * Moves a hunk within a range of the old text in which nothing else differs.
   * @param {Hunk} hunk
   * @param {number} start
   * @param {number} end
   */
  #moved(hunk, start, end) {
    if (!isInsertOrDelete(hunk)) return hunk;
    const [text, moved] = isEmpty(hunk.old) ? [this.new, hunk.new] : [this.old, hunk.old];
    const first = moved[0] - (hunk.old[0] - start);
    const last = moved[1] + (end - hunk.old[1]);
    let [from, to] = moved;
    while (to < last && text[from] === text[to]) [from, to] = [from + 1, to + 1];
    let [place, best] = [from, boundaryOf(text, from, to)];
    if (isInsidePair(text, from)) best = INSIDE_PAIR;
    while (from > first && text[from - 1] === text[to - 1]) {
      [from, to] = [from - 1, to - 1];
      const found = isInsidePair(text, from) ? INSIDE_PAIR : boundaryOf(text, from, to);
      if (found > best) [place, best] = [from, found];
    }
    return shifted(hunk, place - moved[0]);
  }

  delta() {
    const delta = new Builder();
    let end = 0;
    for (const hunk of this.#hunks) {
      delta.retain(hunk.old[0] - end);
      delta.insert(this.new.slice(...hunk.new));
      delta.delete(hunk.old[1] - hunk.old[0]);
      end = hunk.old[1];
    }
    return delta.finish();
  }
}

/** @type {Compare} */
function byLines(comparison, at) {
  const [oldLines, newLines] = comparison.parts(at, LINES);
  const kept = commonParts(oldLines, newLines);
  if (!kept || kept.length === 0) return comparison.replaced(at);
  comparison.around(kept, at, oldLines, newLines, (_, between) => comparison.byWords(between, replaced));
}

/** @type {Compare} */
function replaced(comparison, at) {
  comparison.replaced(at);
}

const isEmpty = (/** @type {[number, number]} */ [start, end]) => start === end;
const isInsertOrDelete = (/** @type {Hunk} */ hunk) => isEmpty(hunk.old) || isEmpty(hunk.new);

/**
 * @param {Hunk} hunk
 * @param {number} start
 * @param {number} end
 * @returns {Hunk}
 */
function withoutEnds(hunk, start, end) {
  return {
    old: [hunk.old[0] + start, hunk.old[1] - end],
    new: [hunk.new[0] + start, hunk.new[1] - end],
  };
}

/**
 * @param {Hunk} hunk
 * @param {number} by
 */
const shifted = (hunk, by) => withoutEnds(hunk, by, -by);

/**
 * @param {readonly string[]} parts
 * @param {number} from
 * @param {number} to
 */
function lengthOf(parts, from, to) {
  let length = 0;
  for (let place = from; place < to; place += 1) length += parts[place].length;
  return length;
}
