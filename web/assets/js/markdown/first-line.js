// @ts-check
// The first line of a note with text.

/** @typedef {import("./tree.js").Child} Child */

const INLINE = new Set(["a", "code", "del", "em", "input", "strong"]);

/**
 * The line without markup, shortened to `charsMax` characters; empty if there is none.
 * @param {Child[]} children
 * @param {number} charsMax
 */
export function firstLineOf(children, charsMax) {
  const line = collectText(children, { text: "", isOver: false }).text.trim().split("\n")[0];
  const chars = [...line];
  return chars.length <= charsMax ? line : `${chars.slice(0, charsMax - 1).join("").trimEnd()}…`;
}

/**
 * Collects text until the line is over.
 * @param {Child[]} children
 * @param {{text: string, isOver: boolean}} line
 */
function collectText(children, line) {
  for (const child of children) {
    if (line.isOver) break;
    if (typeof child === "string") {
      line.text += child;
      continue;
    }
    const isInline = INLINE.has(child.name);
    line.isOver ||= !isInline && line.text.trim() !== "";
    collectText(line.isOver ? [] : child.children, line);
    line.isOver ||= !isInline && line.text.trim() !== "";
  }
  return line;
}
