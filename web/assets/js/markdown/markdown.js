// @ts-check
// A note's Markdown as it is read. The page is built of elements and texts, never of HTML that
// somebody wrote, so there is nothing to sanitise.

import { blocksOf } from "./blocks.js";
import { inlinesOf } from "./inline.js";
import { plainText } from "./nodes.js";

/** @typedef {import("./tree.js").Block} Block */
/** @typedef {import("./nodes.js").Inline} Inline */

/**
 * @param {string} markdown
 * @returns {DocumentFragment}
 */
export function rendered(markdown) {
  const fragment = document.createDocumentFragment();
  fragment.append(...blocksOf(markdown).map((block) => element(block, true)));
  return fragment;
}

/**
 * The first line that says something, without its marks; empty where there is none.
 * @param {string} markdown
 * @param {number} most
 */
export function firstLine(markdown, most) {
  const line = firstWords(blocksOf(markdown.trimStart().slice(0, 1_000)));
  const letters = [...line];
  return letters.length <= most ? line : `${letters.slice(0, most - 1).join("").trimEnd()}…`;
}

/**
 * @param {Block[]} blocks
 * @returns {string}
 */
function firstWords(blocks) {
  for (const block of blocks) {
    const words = wordsOf(block);
    if (words) return words;
  }
  return "";
}

/**
 * @param {Block} block
 * @returns {string}
 */
function wordsOf(block) {
  switch (block.kind) {
    case "rule":
      return "";
    case "code":
      return firstOf(block.text);
    case "quote":
      return firstWords(block.blocks);
    case "list":
      return firstWords(block.items.flatMap((item) => item.blocks));
    default:
      return firstOf(plainText(inlinesOf(block.text)));
  }
}

/** @param {string} text */
function firstOf(text) {
  return text.trim().split("\n")[0].trim();
}

/**
 * @param {Block} block
 * @param {boolean} isLoose
 * @returns {Node}
 */
function element(block, isLoose) {
  switch (block.kind) {
    case "rule":
      return document.createElement("hr");
    case "heading":
      return filled(`h${block.level}`, inlines(block.text));
    case "code":
      return filled("pre", [filled("code", [block.text])]);
    case "quote":
      return filled("blockquote", block.blocks.map((it) => element(it, true)));
    case "list":
      return list(block);
    default:
      return isLoose ? filled("p", inlines(block.text)) : asFragment(inlines(block.text));
  }
}

/** @param {Extract<Block, {kind: "list"}>} block */
function list({ start, isLoose, items }) {
  const outer = document.createElement(start === null ? "ul" : "ol");
  if (outer instanceof HTMLOListElement && start !== 1) outer.start = Number(start);
  for (const { blocks, box } of items) {
    const item = filled("li", blocks.map((it) => element(it, isLoose)));
    if (box) (isLoose ? item.firstElementChild : item)?.prepend(checkbox(box.isTicked, firstWords(blocks)), " ");
    outer.append(item);
  }
  return outer;
}

/**
 * @param {boolean} isTicked
 * @param {string} words
 */
function checkbox(isTicked, words) {
  const input = document.createElement("input");
  input.type = "checkbox";
  input.disabled = true;
  input.defaultChecked = isTicked;
  input.ariaLabel = words;
  return input;
}

/** @param {string} text */
function inlines(text) {
  return inlinesOf(text).map(inlineNode);
}

/**
 * @param {Inline} inline
 * @returns {Node | string}
 */
function inlineNode(inline) {
  switch (inline.kind) {
    case "text":
      return inline.text;
    case "code":
      return filled("code", [inline.text]);
    case "break":
      return document.createElement("br");
    case "link":
      return link(inline);
    default:
      return filled(inline.kind, inline.children.map(inlineNode));
  }
}

/** @param {Extract<Inline, {kind: "link"}>} inline */
function link({ href, title, children }) {
  const anchor = document.createElement("a");
  if (href !== null) anchor.href = href;
  if (title !== null) anchor.title = title;
  anchor.rel = "nofollow noopener";
  anchor.append(...children.map(inlineNode));
  return anchor;
}

/**
 * @param {string} name
 * @param {(Node | string)[]} children
 */
function filled(name, children) {
  const result = document.createElement(name);
  result.append(...children);
  return result;
}

/** @param {(Node | string)[]} children */
function asFragment(children) {
  const fragment = document.createDocumentFragment();
  fragment.append(...children);
  return fragment;
}
