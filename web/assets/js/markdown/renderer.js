// @ts-check
// Markdown as the page needs it. Loaded when a note is first rendered: see `lazy-renderer.js`.

import { elements } from "./elements.js";
import { firstLineOf } from "./first-line.js";
import { parse } from "./tree.js";

/** The first line of an ordinary note ends within this. */
const FIRST_LINE_WITHIN_UNITS = 1_000;

/**
 * The elements of a note, the same as in the server's HTML.
 * @param {string} markdown
 */
export function render(markdown) {
  return elements(parse(markdown).children);
}

/**
 * @param {string} markdown
 * @param {number} most in letters
 */
export function firstLine(markdown, most) {
  const start = markdown.trimStart().slice(0, FIRST_LINE_WITHIN_UNITS).toWellFormed();
  return firstLineOf(parse(start).children, most);
}

/**
 * The tasks of a note in the order of their checkboxes, each with the place of its `[`.
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
  // Only marks of quotes and list items stand before a task in its line, and none has a bracket.
  return parse(markdown).tasks.map(({ line, isDone }) => ({ at: starts[line] + lines[line].indexOf("["), isDone }));
}
