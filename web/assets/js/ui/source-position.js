// @ts-check
// Where in a note's Markdown somebody points who points at what it looks like.

const CONTEXT_UNITS = 24;

/**
 * The place in `markdown` of the letter at a point of the screen; its end where nobody can tell.
 * @param {HTMLElement} view
 * @param {string} markdown
 * @param {number} x
 * @param {number} y
 */
export function sourcePositionAt(view, markdown, x, y) {
  const place = placeAt(x, y);
  if (!place || !view.contains(place.node)) return markdown.length;
  const before = document.createRange();
  before.setStart(view, 0);
  before.setEnd(place.node, place.offset);
  const guess = followed(before.toString(), markdown);
  if (!(place.node instanceof Text)) return guess;
  return nearest(markdown, place.node.data.slice(0, place.offset).slice(-CONTEXT_UNITS), guess);
}

/**
 * @param {number} x
 * @param {number} y
 */
function placeAt(x, y) {
  if (document.caretPositionFromPoint) {
    const position = document.caretPositionFromPoint(x, y);
    return position && { node: position.offsetNode, offset: position.offset };
  }
  const range = document.caretRangeFromPoint?.(x, y);
  return range && { node: range.startContainer, offset: range.startOffset };
}

/**
 * The letters that are shown stand in the Markdown in the same order, with marks between.
 * @param {string} shown
 * @param {string} markdown
 */
function followed(shown, markdown) {
  let at = 0;
  for (const letter of shown) {
    const found = /\s/.test(letter) ? -1 : markdown.indexOf(letter, at);
    if (found >= 0) at = found + letter.length;
  }
  return at;
}

/**
 * The end of the occurrence of `words` that ends nearest to `guess`.
 * @param {string} markdown
 * @param {string} words
 * @param {number} guess
 */
function nearest(markdown, words, guess) {
  let best = guess;
  let distance = Infinity;
  for (let at = markdown.indexOf(words); words && at >= 0; at = markdown.indexOf(words, at + 1)) {
    const end = at + words.length;
    if (Math.abs(end - guess) < distance) [best, distance] = [end, Math.abs(end - guess)];
  }
  return best;
}
