// @ts-check
// Renders Markdown. Loaded when a note is first rendered: see `lazy-renderer.js`.

import { elements } from "./elements.js";
import { firstLineOf } from "./first-line.js";
import { parse } from "./tree.js";

/** Enough for the first line of an ordinary note. */
const PARSED_UNITS_MAX = 1_000;

/**
 * The elements of a note, the same as in the server's HTML.
 * @param {string} markdown
 */
export function render(markdown) {
  return elements(parse(markdown).children);
}

/**
 * @param {string} markdown
 * @param {number} charsMax
 */
export function firstLine(markdown, charsMax) {
  const start = markdown.trimStart().slice(0, PARSED_UNITS_MAX).toWellFormed();
  return firstLineOf(parse(start).children, charsMax);
}

/**
 * The tasks of a note in the order of their checkboxes, each with the index of its `[`.
 * @param {string} markdown
 */
export function tasks(markdown) {
  const lines = markdown.split("\n");
  /** @type {number[]} */
  const starts = [];
  let start = 0;
  for (const line of lines) {
    starts.push(start);
    start += line.length + 1;
  }
  // Only markers of quotes and list items precede a task in its line, and none contains a bracket.
  return parse(markdown).tasks.map(({ line, isDone }) => ({ at: starts[line] + lines[line].indexOf("["), isDone }));
}
