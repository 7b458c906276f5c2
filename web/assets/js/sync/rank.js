// @ts-check
// Places of notes on a board: fractions written in base 62, so that one move writes one note.

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE = 62;
const LENGTH_MAX = 256;
/** The digits that an appended rank counts in: room for millions of appends at constant length. */
const HEAD_DIGITS = 8;
const HEAD_END = BASE ** HEAD_DIGITS;
const STEP = BASE ** 4;

/** Where the first note of an empty board goes. */
export const MIDDLE = "V";

/**
 * A rank between two neighbours; null means the board's edge, or for the result: no room.
 * @param {string | null} after
 * @param {string | null} before
 * @returns {string | null}
 */
export function between(after, before) {
  if (after === null && before === null) return MIDDLE;
  if (after !== null && before !== null && after >= before) return null;
  const digits = beyondEdge(after, before) ?? midpoint(digitsOf(after ?? ""), before);
  return digits.length > LENGTH_MAX ? null : digits.map((digit) => DIGITS[digit]).join("");
}

/**
 * @param {string} rank
 * @returns {number[]}
 */
function digitsOf(rank) {
  return Array.from(rank, (letter) => DIGITS.indexOf(letter));
}

/**
 * @param {string | null} after
 * @param {string | null} before
 */
function beyondEdge(after, before) {
  if (before === null && after !== null) return stepped(after, STEP);
  if (after === null && before !== null) return stepped(before, -STEP);
  return null;
}

/**
 * The rank one step beyond the edge, so that notes added in a row do not lengthen their ranks.
 * @param {string} edge
 * @param {number} step
 */
function stepped(edge, step) {
  const digits = digitsOf(edge);
  let head = 0;
  for (let i = 0; i < HEAD_DIGITS; i++) head = head * BASE + (digits[i] ?? 0);
  const next = head + step;
  return next > 0 && next < HEAD_END ? headDigits(next) : null;
}

/** @param {number} head */
function headDigits(head) {
  const digits = [];
  for (let rest = head; digits.length < HEAD_DIGITS; rest = Math.floor(rest / BASE)) {
    digits.unshift(rest % BASE);
  }
  while (digits.at(-1) === 0) digits.pop();
  return digits;
}

/**
 * The shortest fraction near the middle of two; `before` null is 1.
 * @param {number[]} after
 * @param {string | null} before
 */
function midpoint(after, before) {
  const middle = [];
  let bound = before === null ? null : digitsOf(before);
  for (let i = 0; middle.length <= LENGTH_MAX; i++) {
    const low = after[i] ?? 0;
    const high = bound ? (bound[i] ?? 0) : BASE;
    if (high > low + 1) {
      middle.push(Math.floor((low + high) / 2));
      break;
    }
    middle.push(low);
    if (high > low) bound = null;
  }
  return middle;
}
