// @ts-check
// Splits texts into words, and rates the boundaries between them. The results equal those of the server's
// `domain/src/delta/word_boundaries.rs`.

/** Line ends, punctuation marks and characters of scripts without spaces: each is a word of its own. */
const MARK = "\\n!-\\/:-@\\[-`\\{-~\\u3000-\\u30ff\\u3400-\\u9fff\\uf900-\\ufaff\\uff00-\\uffef\\u{20000}-\\u{3ffff}";
/** Runs of spaces, single marks, and runs of other characters. */
export const WORDS = new RegExp(`[ \\t]+|[${MARK}]|[^ \\t${MARK}]+`, "gu");

// The kinds of boundaries, from the worst to the best.
export const INSIDE_PAIR = 0;
export const BETWEEN_LETTERS = 1;
export const BETWEEN_MARKS = 2;
export const BETWEEN_WORDS = 3;
export const BETWEEN_LINES = 4;

/**
 * Rates a range that is inserted or deleted: the worst of the boundaries at its start, at its end, and
 * where the text before it meets the text after it.
 *
 * @param {string} text
 * @param {number} start
 * @param {number} end
 */
export function boundaryOf(text, start, end) {
  const [beforeStart, atStart] = [charBefore(text, start), charAt(text, start)];
  const [beforeEnd, atEnd] = [charBefore(text, end), charAt(text, end)];
  return Math.min(between(beforeStart, atStart), between(beforeEnd, atEnd), between(beforeStart, atEnd));
}

/**
 * @param {string | undefined} before
 * @param {string | undefined} after
 */
function between(before, after) {
  if (before === undefined || before === "\n") return BETWEEN_LINES;
  if (after === undefined || isBlank(before) || isBlank(after)) return BETWEEN_WORDS;
  const [kindBefore, kindAfter] = [kind(before), kind(after)];
  return kindBefore !== kindAfter || kindAfter === "mark" ? BETWEEN_MARKS : BETWEEN_LETTERS;
}

const IS_MARK = new RegExp(`^[${MARK}]$`, "u");

const isBlank = (/** @type {string} */ char) => char === " " || char === "\t" || char === "\n";
const kind = (/** @type {string} */ char) =>
  char === " " || char === "\t" ? "space" : IS_MARK.test(char) ? "mark" : "word";

/**
 * @param {string} text
 * @param {number} at
 */
function charAt(text, at) {
  const point = text.codePointAt(at);
  return point === undefined ? undefined : String.fromCodePoint(point);
}

/**
 * @param {string} text
 * @param {number} at
 */
function charBefore(text, at) {
  if (at === 0) return undefined;
  return isInsidePair(text, at - 1) ? charAt(text, at - 2) : text[at - 1];
}

export const isInsidePair = (/** @type {string} */ text, /** @type {number} */ at) =>
  at > 0 && isLowSurrogate(text.charCodeAt(at)) && isHighSurrogate(text.charCodeAt(at - 1));

export const isHighSurrogate = (/** @type {number} */ unit) => (unit & 0xfc00) === 0xd800;
export const isLowSurrogate = (/** @type {number} */ unit) => (unit & 0xfc00) === 0xdc00;
