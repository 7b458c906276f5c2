// @ts-check
// Finding the change between two texts. Word by word, and the very same change as the server's
// `domain/src/delta/diff.rs` finds, ties included.

import { commonParts } from "./myers.js";
import { Builder } from "./ops.js";
import { BETWEEN_WORDS, NOWHERE, WORDS, isHighSurrogate, isInsidePair, isLowSurrogate, seam } from "./word-boundaries.js";

/** Each with its end, and a rest without one. */
const LINES = /[^\n]*\n|[^\n]+/g;

/**
 * A part of the old text, and what is there in the new one: where both begin, and where both end.
 * @typedef {{old: [number, number], new: [number, number]}} Hunk
 */
/** @typedef {(comparison: Comparison, at: Hunk) => void} Compare */

/**
 * A change that makes `newText` of `oldText`.
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
 * The same change as two deltas: first the inserts, each *after* the text that it replaces, then the
 * deletes. A position that is transformed over both stays before (or after) the replacement if it was
 * before (or after) the replaced text.
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
  return [inserts.done(), deletes.done()];
}

/** Two texts, and where they differ as far as that is known, from the beginning to the end. */
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
   * The words that differ, or what is coarser where they are too many.
   * @param {Hunk} at
   * @param {Compare} coarser
   */
  byWords(at, coarser) {
    const letters = this.#letters(at);
    if (isOneInsertOrCut(letters)) return this.#push(letters);
    const inside = this.#betweenBlanks(at, letters);
    const [oldWords, newWords] = this.parts(inside, WORDS);
    const kept = commonParts(oldWords, newWords);
    if (kept) this.around(kept, inside, oldWords, newWords, replaced);
    else coarser(this, inside);
  }

  /**
   * Goes on with what is before, between and after the parts that stay.
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
   * Letters are kept where nothing but one insert or one cut is left, and inside of a word that
   * became another one.
   * @param {Hunk} at
   */
  replaced(at) {
    const letters = this.#letters(at);
    const isOneWord = this.parts(at, WORDS).every((words) => words.length === 1);
    const hunk = isOneWord || isOneInsertOrCut(letters) ? letters : at;
    this.#push(hunk);
  }

  /** Nothing where the texts do not differ there. @param {Hunk} hunk */
  #push(hunk) {
    if (!(isEmpty(hunk.old) && isEmpty(hunk.new))) this.#hunks.push(hunk);
  }

  /**
   * The old text's and the new one's.
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
   * What is left between the letters at the beginning and at the end that are the same.
   * @param {Hunk} at
   */
  #letters(at) {
    const [a, b] = this.#texts(at);
    let begin = 0;
    const shorter = Math.min(a.length, b.length);
    while (begin < shorter && a[begin] === b[begin]) begin += 1;
    if (begin > 0 && isHighSurrogate(a.charCodeAt(begin - 1))) begin -= 1;
    let end = 0;
    while (end < shorter - begin && a.at(-1 - end) === b.at(-1 - end)) end += 1;
    if (end > 0 && isLowSurrogate(a.charCodeAt(a.length - end))) end -= 1;
    return withoutEnds(at, begin, end);
  }

  /**
   * So much more that no word is cut, in neither of the texts.
   * @param {Hunk} at
   * @param {Hunk} letters what is left between them
   */
  #betweenBlanks(at, letters) {
    const texts = this.#texts(at);
    let begin = letters.old[0] - at.old[0];
    let end = at.old[1] - letters.old[1];
    while (!texts.every((text) => seam(text, begin, begin) >= BETWEEN_WORDS)) begin -= 1;
    while (!texts.every((text) => seam(text, text.length - end, text.length - end) >= BETWEEN_WORDS)) end -= 1;
    return withoutEnds(at, begin, end);
  }

  /** Moves each insert and each cut to where it reads best. */
  moveHunks() {
    let begin = 0;
    for (const [index, hunk] of this.#hunks.entries()) {
      const end = this.#hunks[index + 1]?.old[0] ?? this.old.length;
      const moved = this.#moved(hunk, begin, end);
      begin = moved.old[1];
      this.#hunks[index] = moved;
    }
  }

  /**
   * Moved within a part of the old text, of which nothing else differs.
   * @param {Hunk} hunk
   * @param {number} begin
   * @param {number} end
   */
  #moved(hunk, begin, end) {
    if (!isOneInsertOrCut(hunk)) return hunk;
    const [text, moved] = isEmpty(hunk.old) ? [this.new, hunk.new] : [this.old, hunk.old];
    const first = moved[0] - (hunk.old[0] - begin);
    const last = moved[1] + (end - hunk.old[1]);
    let [from, to] = moved;
    while (to < last && text[from] === text[to]) [from, to] = [from + 1, to + 1];
    let [place, best] = [from, seam(text, from, to)];
    if (isInsidePair(text, from)) best = NOWHERE;
    while (from > first && text[from - 1] === text[to - 1]) {
      [from, to] = [from - 1, to - 1];
      const found = isInsidePair(text, from) ? NOWHERE : seam(text, from, to);
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
    return delta.done();
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

const isEmpty = (/** @type {[number, number]} */ [begin, end]) => begin === end;
const isOneInsertOrCut = (/** @type {Hunk} */ hunk) => isEmpty(hunk.old) || isEmpty(hunk.new);

/**
 * @param {Hunk} hunk
 * @param {number} begin
 * @param {number} end
 * @returns {Hunk}
 */
function withoutEnds(hunk, begin, end) {
  return {
    old: [hunk.old[0] + begin, hunk.old[1] - end],
    new: [hunk.new[0] + begin, hunk.new[1] - end],
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
