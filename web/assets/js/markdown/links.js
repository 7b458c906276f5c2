// @ts-check
// Where links in Markdown go. Only the web and mail: anything else stays words.

/** @typedef {{href: string, title: string | null, end: number}} Link */

const SAFE = /^(?:https?:|mailto:)/i;
const POINTY = /<([a-zA-Z][a-zA-Z\d+.-]{1,31}:[^\s<>\0-\x20]*|[\w.!#$%&'*+/=?^`{|}~-]+@[a-zA-Z\d.-]+)>/y;
const TARGET = /\(\s*(?:<((?:[^<>\n\\]|\\.)*)>|((?:[^\s()\\]|\\.|\((?:[^\s()\\]|\\.|\([^\s()]*\))*\))*))/y;
const TITLE = /\s+(?:"((?:[^"\\]|\\[^])*)"|'((?:[^'\\]|\\[^])*)'|\(((?:[^()\\]|\\[^])*)\))/y;
const CLOSE = /\s*\)/y;

/**
 * The `(target "title")` of a link at a place in the text.
 * @param {string} text
 * @param {number} at
 * @returns {Link | null}
 */
export function readLink(text, at) {
  const target = matchAt(TARGET, text, at);
  if (!target) return null;
  const href = unescaped(target[1] ?? target[2]);
  const end = at + target[0].length;
  const title = matchAt(TITLE, text, end);
  const close = title && matchAt(CLOSE, text, end + title[0].length);
  if (title && close) {
    const words = unescaped(title[1] ?? title[2] ?? title[3]);
    return { href, title: words, end: end + title[0].length + close[0].length };
  }
  const plainClose = matchAt(CLOSE, text, end);
  if (!plainClose) return null;
  return { href, title: null, end: end + plainClose[0].length };
}

/**
 * A link in pointed brackets.
 * @param {string} text
 * @param {number} at
 */
export function readPointy(text, at) {
  const found = matchAt(POINTY, text, at);
  if (!found) return null;
  const isMail = !found[1].includes(":");
  const href = plainLink(isMail ? `mailto:${found[1]}` : found[1]);
  return { href, text: found[1], end: at + found[0].length };
}

/**
 * The address, if people may be led there.
 * @param {string} href
 */
export function plainLink(href) {
  return SAFE.test(href) ? href : null;
}

/**
 * @param {RegExp} pattern
 * @param {string} text
 * @param {number} at
 */
function matchAt(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** @param {string} text */
function unescaped(text) {
  return text.replace(/\\([!-/:-@[-`{-~])/g, "$1").replace(/&amp;/g, "&");
}
