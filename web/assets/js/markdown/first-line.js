// @ts-check
// The first line of a note that has words.

/** @typedef {import("./tree.js").Child} Child */

const INLINE = new Set(["a", "code", "del", "em", "input", "strong"]);

/**
 * Without marks and cut to `most` letters; empty if the note has no words.
 * @param {Child[]} children
 * @param {number} most
 */
export function firstLineOf(children, most) {
  const line = firstWords(children, { text: "", isOver: false }).text.trim().split("\n")[0];
  const letters = [...line];
  return letters.length <= most ? line : `${letters.slice(0, most - 1).join("").trimEnd()}…`;
}

/**
 * @param {Child[]} children
 * @param {{text: string, isOver: boolean}} line
 */
function firstWords(children, line) {
  for (const child of children) {
    if (line.isOver) break;
    if (typeof child === "string") {
      line.text += child;
      continue;
    }
    const isInline = INLINE.has(child.name);
    line.isOver ||= !isInline && line.text.trim() !== "";
    firstWords(line.isOver ? [] : child.children, line);
    line.isOver ||= !isInline && line.text.trim() !== "";
  }
  return line;
}
