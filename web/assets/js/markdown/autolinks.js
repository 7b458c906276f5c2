// @ts-check
// Finds addresses in plain text, which become links, similar to GFM's "autolink literals".
//
// The server has the same rules: see `web/src/pages/markdown/autolinks.rs`.
// `tests/vectors/autolinks.json` has examples for both.

/** @typedef {{start: number, end: number, prefix: string}} Autolink */

const CANDIDATE = /https?:\/\/|www\.|@/gi;
const LETTER = /[a-z\d]/i;
const BEFORE_WWW = /[\p{White_Space}*~(]/u;
const DOMAIN = /(?:[a-z\d\-_.]|[^\p{ASCII}\p{White_Space}])+/iuy;
const TAIL = /[^\p{White_Space}<]*/uy;
const PUNCTUATION = "?!.,:*_~'\"";
const LOCAL_LETTER = /[a-z\d.\-_+]/i;
const MAIL_DOMAIN = /[a-z\d.\-_]*/iy;

/**
 * All addresses in `text`, in order.
 * @param {string} text
 * @returns {Autolink[]}
 */
export function autolinks(text) {
  /** @type {Autolink[]} */
  const found = [];
  let from = 0;
  CANDIDATE.lastIndex = 0;
  for (let it = CANDIDATE.exec(text); it; it = CANDIDATE.exec(text)) {
    const link = it[0] === "@" ? mailLink(text, from, it.index) : webLink(text, from, it.index, it[0]);
    if (link) {
      found.push(link);
      from = link.end;
    }
    // The text after a candidate that is not a link may contain another one.
    CANDIDATE.lastIndex = link ? link.end : it.index + 1;
  }
  return found;
}

/**
 * @param {string} text
 * @param {number} from
 * @param {number} start
 * @param {string} scheme
 * @returns {Autolink | null}
 */
function webLink(text, from, start, scheme) {
  const before = start > from ? text[start - 1] : "";
  const isWww = scheme.length === "www.".length;
  if (before !== "" && (isWww ? !BEFORE_WWW.test(before) : LETTER.test(before))) return null;
  const domainStart = isWww ? start : start + scheme.length;
  const domainEnd = endOfDomain(text, domainStart);
  if (domainEnd === null) return null;
  const end = trimmedEnd(text, domainStart, domainEnd + matchLength(TAIL, text, domainEnd));
  return end > domainStart ? { start, end, prefix: isWww ? "http://" : "" } : null;
}

/**
 * The end of the domain at `start`, without trailing dots; null if there is none.
 * @param {string} text
 * @param {number} start
 */
function endOfDomain(text, start) {
  let end = start + matchLength(DOMAIN, text, start);
  while (end > start && text[end - 1] === ".") end -= 1;
  const labels = text.slice(start, end).split(".");
  const isValid = labels.length >= 2 && !labels.includes("") && !labels.slice(-2).some((it) => it.includes("_"));
  return isValid ? end : null;
}

/**
 * The end of the address in `text.slice(start, end)`, without trailing punctuation.
 * @param {string} text
 * @param {number} start
 * @param {number} end
 */
function trimmedEnd(text, start, end) {
  const address = text.slice(start, end);
  const opening = address.split("(").length;
  let closing = address.split(")").length;
  while (end > start) {
    const last = text[end - 1];
    if (last === ")" && closing > opening) {
      closing -= 1;
      end -= 1;
    } else if (last === ";") {
      const entity = entityStart(text, start, end);
      if (entity === null) return end;
      end = entity;
    } else if (PUNCTUATION.includes(last)) {
      end -= 1;
    } else {
      return end;
    }
  }
  return end;
}

/**
 * The start of the entity (`&name;`) at the end of `text.slice(start, end)`; null if there is none.
 * @param {string} text
 * @param {number} start
 * @param {number} end
 */
function entityStart(text, start, end) {
  let at = end - 2;
  while (at > start && LETTER.test(text[at])) at -= 1;
  return at >= start && at < end - 2 && text[at] === "&" ? at : null;
}

/**
 * @param {string} text
 * @param {number} from
 * @param {number} at
 * @returns {Autolink | null}
 */
function mailLink(text, from, at) {
  let start = at;
  while (start > from && LOCAL_LETTER.test(text[start - 1])) start -= 1;
  let end = at + 1 + matchLength(MAIL_DOMAIN, text, at + 1);
  while (text[end - 1] === ".") end -= 1;
  const labels = text.slice(at + 1, end).split(".");
  const isValid = start < at && labels.length >= 2 && !labels.includes("") && LETTER.test(text[end - 1]);
  return isValid ? { start, end, prefix: "mailto:" } : null;
}

/**
 * @param {RegExp} pattern
 * @param {string} text
 * @param {number} at
 */
function matchLength(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}
