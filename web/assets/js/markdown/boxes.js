// @ts-check
// The boxes of a note's lists, ticked in its Markdown.

import { blocksOf } from "./blocks.js";

/** @typedef {import("./tree.js").Block} Block */

/**
 * The Markdown with another tick in one of its boxes; null where it has other boxes than were shown.
 * @param {string} markdown
 * @param {number} index
 * @param {number} count how many boxes are shown
 */
export function ticked(markdown, index, count) {
  const boxes = blocksOf(markdown).flatMap(boxesIn);
  if (boxes.length !== count) return null;
  const { line, rest, isTicked } = boxes[index];
  const lines = markdown.split("\n");
  const at = lines[line - 1].length - rest + "[".length;
  lines[line - 1] = lines[line - 1].slice(0, at) + (isTicked ? " " : "x") + lines[line - 1].slice(at + 1);
  return lines.join("\n");
}

/**
 * In the order in which they stand.
 * @param {Block} block
 * @returns {{isTicked: boolean, line: number, rest: number}[]}
 */
function boxesIn(block) {
  if (block.kind === "quote") return block.blocks.flatMap(boxesIn);
  if (block.kind !== "list") return [];
  return block.items.flatMap(({ box, blocks }) => [...(box ? [box] : []), ...blocks.flatMap(boxesIn)]);
}
