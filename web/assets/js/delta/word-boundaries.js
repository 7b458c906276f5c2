// @ts-check
// Where a text can be taken apart: into words, and between them. As the server's
// `domain/src/delta/seam.rs` does it.

/** Line ends, punctuation marks and characters of scripts without blanks: each stands for itself. */
const MARK = "\\n!-\\/:-@\\[-`\\{-~\\u3000-\\u30ff\\u3400-\\u9fff\\uf900-\\ufaff\\uff00-\\uffef\\u{20000}-\\u{3ffff}";
/** Runs of blanks, single marks, and runs of anything else. */
export const WORDS = new RegExp(`[ \\t]+|[${MARK}]|[^ \\t${MARK}]+`, "gu");

// What a text is taken apart at, from the worst to the best.
export const [NOWHERE, BETWEEN_LETTERS, BETWEEN_MARKS, BETWEEN_WORDS, BETWEEN_LINES] = [0, 1, 2, 3, 4];

/**
 * What is cut through at both ends of a part of a text, and where they meet without it.
 *
 * @param {string} text
 * @param {number} begin
 * @param {number} end
 */
export function seam(text, begin, end) {
  const [beforeBegin, atBegin] = [charBefore(text, begin), charAt(text, begin)];
  const [beforeEnd, atEnd] = [charBefore(text, end), charAt(text, end)];
  return Math.min(between(beforeBegin, atBegin), between(beforeEnd, atEnd), between(beforeBegin, atEnd));
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
