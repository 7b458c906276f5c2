// @ts-check
// Maps a point in a rendered note to a position in its Markdown.

const CONTEXT_UNITS = 24;

/**
 * The position in `markdown` of the character at a point of the screen; the end if it is unknown.
 * @param {HTMLElement} view
 * @param {string} markdown
 * @param {number} x
 * @param {number} y
 */
export function sourcePositionAt(view, markdown, x, y) {
  const caret = caretAt(x, y);
  if (!caret || !view.contains(caret.node)) return markdown.length;
  const before = document.createRange();
  before.setStart(view, 0);
  before.setEnd(caret.node, caret.offset);
  const guess = positionAfter(before.toString(), markdown);
  if (!(caret.node instanceof Text)) return guess;
  return nearest(markdown, caret.node.data.slice(0, caret.offset).slice(-CONTEXT_UNITS), guess);
}

/**
 * @param {number} x
 * @param {number} y
 */
function caretAt(x, y) {
  if (document.caretPositionFromPoint) {
    const position = document.caretPositionFromPoint(x, y);
    return position && { node: position.offsetNode, offset: position.offset };
  }
  const range = document.caretRangeFromPoint?.(x, y);
  return range && { node: range.startContainer, offset: range.startOffset };
}

/**
 * Where the shown characters end in the Markdown, which has them in the same order with markup
 * between them.
 * @param {string} shown
 * @param {string} markdown
 */
function positionAfter(shown, markdown) {
  let at = 0;
  for (const letter of shown) {
    const found = /\s/.test(letter) ? -1 : markdown.indexOf(letter, at);
    if (found >= 0) at = found + letter.length;
  }
  return at;
}

/**
 * The end of the occurrence of `context` that ends nearest to `guess`.
 * @param {string} markdown
 * @param {string} context
 * @param {number} guess
 */
function nearest(markdown, context, guess) {
  let best = guess;
  let distance = Infinity;
  for (let at = markdown.indexOf(context); context && at >= 0; at = markdown.indexOf(context, at + 1)) {
    const end = at + context.length;
    if (Math.abs(end - guess) < distance) [best, distance] = [end, Math.abs(end - guess)];
  }
  return best;
}
