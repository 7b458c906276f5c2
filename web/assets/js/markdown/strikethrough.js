// @ts-check
// Strikethrough as in GFM: text between one or two tildes. markdown-it's own rule accepts only two.
//
// The rules for opening and closing delimiters are those of the server's parser, pulldown-cmark.

/** @typedef {any} InlineState a `StateInline` of markdown-it */

const TILDE = "~".charCodeAt(0);
/** One tilde does not match two, so two have a marker of their own, which is no character. */
const TWO_TILDES = 0x11_0000;

const SPACE = /\s/;
const PUNCTUATION = /[\p{P}\p{S}]/u;

/** @param {any} parser a `MarkdownIt` */
export function strikethrough(parser) {
  parser.inline.ruler.before("emphasis", "tildes", tokenize);
  parser.inline.ruler2.before("emphasis", "tildes", (/** @type {InlineState} */ state) => {
    pair(state, state.delimiters);
    for (const meta of state.tokens_meta) if (meta?.delimiters) pair(state, meta.delimiters);
  });
}

/**
 * @param {InlineState} state
 * @param {boolean} silent
 */
function tokenize(state, silent) {
  if (silent || state.src.charCodeAt(state.pos) !== TILDE) return false;
  const { pos, src, posMax } = state;
  let end = pos;
  while (end < posMax && src.charCodeAt(end) === TILDE) end += 1;
  const length = end - pos;
  const { canOpen, canClose } = roles(charBefore(src, pos), charAfter(src, end, posMax), length);
  state.pos = end;
  if (length > 2 || (!canOpen && !canClose)) {
    state.pending += src.slice(pos, end);
    return true;
  }
  state.push("text", "", 0).content = src.slice(pos, end);
  state.delimiters.push({
    marker: length === 2 ? TWO_TILDES : TILDE,
    length,
    token: state.tokens.length - 1,
    end: -1,
    open: canOpen,
    close: canClose,
  });
  return true;
}

/**
 * Whether a run of tildes can open or close, by the characters around it. Line ends are white space.
 * @param {string} before
 * @param {string} after
 * @param {number} length
 */
function roles(before, after, length) {
  const isAfterWord = !SPACE.test(before) && !PUNCTUATION.test(before);
  const isBeforeWord = !SPACE.test(after) && !PUNCTUATION.test(after);
  const canOpen = !SPACE.test(after) && (length === 2 || !isAfterWord);
  const canClose = !SPACE.test(before) && (!isBeforeWord || before === "~" || (length === 2 && isAfterWord));
  return { canOpen, canClose };
}

/**
 * Turns matching delimiters into element tokens.
 * @param {InlineState} state
 * @param {any[]} delimiters
 */
function pair(state, delimiters) {
  for (const { marker, end, token } of delimiters) {
    if ((marker !== TILDE && marker !== TWO_TILDES) || end === -1) continue;
    Object.assign(state.tokens[token], { type: "del_open", tag: "del", nesting: 1, content: "" });
    const closing = state.tokens[delimiters[end].token];
    Object.assign(closing, { type: "del_close", tag: "del", nesting: -1, content: "" });
  }
}

/**
 * @param {string} text
 * @param {number} at
 */
function charBefore(text, at) {
  return /.$/su.exec(text.slice(Math.max(0, at - 2), at))?.[0] ?? " ";
}

/**
 * @param {string} text
 * @param {number} at
 * @param {number} end
 */
function charAfter(text, at, end) {
  return at < end ? String.fromCodePoint(text.codePointAt(at) ?? 0) : " ";
}
