// @ts-check
// The blocks of a Markdown text: the usual part of CommonMark, read line by line. HTML is text.

import { finished, node } from "./tree.js";

/** @typedef {import("./tree.js").Node} Node */

/** Deeper quotes and lists than this are nobody's notes, and would exhaust the stack. */
const DEPTH_MAX = 40;

const RULE = /^(?:(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|(?:-[ \t]*){3,})$/;
const HEADING = /^(#{1,6})(?:[ \t]+|$)/;
const UNDERLINE = /^(=+|-+)[ \t]*$/;
const FENCE = /^(`{3,}(?=[^`]*$)|~{3,})/;
const BULLET = /^([*+-])(?=[ \t]|$)/;
const NUMBER = /^(\d{1,9})([.)])(?=[ \t]|$)/;

/**
 * @param {string} markdown
 * @returns {import("./tree.js").Block[]}
 */
export function blocksOf(markdown) {
  const reader = new Reader();
  for (const line of markdown.split("\n")) reader.read(line);
  return reader.root.children.map(finished);
}

class Reader {
  root = node("root", 0);
  /** The quotes and items that are open, outermost first. @type {Node[]} */
  #open = [];
  /** The paragraph or code that is open. @type {Node | null} */
  #leaf = null;
  #number = 0;
  #line = "";

  /** @param {string} line */
  read(line) {
    this.#number += 1;
    this.#line = untabbed(line);
    const matched = this.#matchOpen();
    const isWhole = matched === this.#open.length;
    if (isWhole && this.#goesOnAsCode()) return;
    // What is not matched stays open for one thing only: a paragraph that goes on lazily.
    const kept = this.#open.slice(0, matched);
    const hasBegun = this.#beginContainers(kept, isWhole);
    if (this.#isBlank()) this.#blank(kept);
    else if (!hasBegun && this.#goesOnAsParagraph(isWhole)) this.#extend(isWhole);
    else this.#beginLeaf(kept);
  }

  /** How many of the open quotes and items this line belongs to. */
  #matchOpen() {
    let count = 0;
    for (const container of this.#open) {
      if (!this.#matches(container)) break;
      container.last = this.#isBlank() && container.kind === "item" ? container.last : this.#number;
      count += 1;
    }
    return count;
  }

  /** @param {Node} container */
  #matches(container) {
    if (container.kind === "quote") return this.#takeQuoteMark();
    if (this.#isBlank()) return container.children.length > 0;
    if (indentOf(this.#line) < container.indent) return false;
    this.#line = this.#line.slice(container.indent);
    return true;
  }

  #takeQuoteMark() {
    const mark = /^ {0,3}> ?/.exec(this.#line);
    if (mark) this.#line = this.#line.slice(mark[0].length);
    return mark !== null;
  }

  #goesOnAsCode() {
    const leaf = this.#leaf;
    if (leaf?.kind === "fenced") {
      const end = this.#line.trim();
      const isEnd = indentOf(this.#line) < 4 && end.length >= leaf.fence.length;
      if (isEnd && end === leaf.fence[0].repeat(end.length)) this.#leaf = null;
      else leaf.lines.push(outdented(this.#line, leaf.indent));
      leaf.last = this.#number;
      return true;
    }
    if (leaf?.kind !== "indented") return false;
    if (!this.#isBlank() && indentOf(this.#line) < 4) {
      this.#leaf = null;
      return false;
    }
    leaf.lines.push(outdented(this.#line, 4));
    if (!this.#isBlank()) this.#reach(leaf);
    return true;
  }

  /**
   * Opens the quotes and items that begin on this line; `kept` become all that is open.
   * @param {Node[]} kept
   * @param {boolean} isWhole
   */
  #beginContainers(kept, isWhole) {
    let hasBegun = false;
    while (indentOf(this.#line) < 4 && kept.length < DEPTH_MAX) {
      const isAfterText = !hasBegun && isWhole && this.#leaf?.kind === "paragraph";
      const begun = this.#quote() ?? this.#item(isAfterText);
      if (!begun) break;
      this.#add(kept, begun);
      kept.push(begun);
      this.#open = kept;
      this.#leaf = null;
      hasBegun = true;
    }
    return hasBegun;
  }

  #quote() {
    return this.#takeQuoteMark() ? node("quote", this.#number) : null;
  }

  /**
   * @param {boolean} isAfterText an item that is empty, or does not count from 1, goes on with it
   */
  #item(isAfterText) {
    const line = this.#line.trimStart();
    const mark = BULLET.exec(line) ?? NUMBER.exec(line);
    if (!mark || (RULE.test(line.trimEnd()) && mark.length === 2)) return null;
    const isNumber = mark.length === 3;
    const rest = line.slice(mark[0].length);
    const isEmpty = rest.trim() === "";
    if (isAfterText && (isEmpty || (isNumber && Number(mark[1]) !== 1))) return null;
    const gap = indentOf(rest);
    const space = isEmpty || gap > 4 ? 1 : gap;
    const item = node("item", this.#number);
    item.marker = isNumber ? mark[2] : mark[1];
    item.start = isNumber ? Number(mark[1]) : null;
    item.indent = indentOf(this.#line) + mark[0].length + space;
    this.#line = isEmpty ? "" : rest.slice(space);
    return item;
  }

  /** @param {Node[]} kept */
  #blank(kept) {
    if (this.#leaf?.kind !== "fenced") this.#leaf = null;
    else if (kept.length < this.#open.length) this.#leaf = null;
    this.#open = kept;
  }

  /** @param {boolean} isWhole */
  #goesOnAsParagraph(isWhole) {
    if (this.#leaf?.kind !== "paragraph") return false;
    if (indentOf(this.#line) >= 4) return true;
    const line = this.#line.trim();
    if (isWhole && UNDERLINE.test(line)) return true;
    return !RULE.test(line) && !HEADING.test(line) && !FENCE.test(line);
  }

  /** @param {boolean} isWhole a lazy line underlines nothing */
  #extend(isWhole) {
    const leaf = /** @type {Node} */ (this.#leaf);
    const line = this.#line.trimStart();
    const underline = isWhole && indentOf(this.#line) < 4 ? UNDERLINE.exec(line) : null;
    this.#reach(leaf);
    if (!underline) {
      leaf.lines.push(line);
      return;
    }
    leaf.kind = "heading";
    leaf.level = underline[1].startsWith("=") ? 1 : 2;
    this.#leaf = null;
  }

  /** @param {Node[]} kept */
  #beginLeaf(kept) {
    this.#open = kept;
    const leaf = this.#newLeaf();
    this.#add(kept, leaf);
    this.#leaf = ["rule", "heading"].includes(leaf.kind) ? null : leaf;
    this.#reach(leaf);
  }

  #newLeaf() {
    const line = this.#line.trim();
    const indent = indentOf(this.#line);
    const leaf = node("paragraph", this.#number);
    if (indent >= 4) {
      leaf.kind = "indented";
      leaf.lines.push(this.#line.slice(4));
      return leaf;
    }
    const [heading, fence] = [HEADING.exec(line), FENCE.exec(line)];
    if (RULE.test(line)) {
      leaf.kind = "rule";
    } else if (heading) {
      leaf.kind = "heading";
      leaf.level = heading[1].length;
      leaf.lines.push(withoutClosing(line.slice(heading[0].length)));
    } else if (fence) {
      Object.assign(leaf, { kind: "fenced", fence: fence[1], indent });
    } else {
      leaf.lines.push(this.#line.trimStart());
    }
    return leaf;
  }

  /**
   * @param {Node[]} kept
   * @param {Node} child
   */
  #add(kept, child) {
    const parent = kept.at(-1) ?? this.root;
    if (child.kind !== "item") {
      parent.children.push(child);
      return;
    }
    const last = parent.children.at(-1);
    if (last?.kind === "list" && last.marker === child.marker) {
      last.children.push(child);
    } else {
      const list = { ...node("list", this.#number), marker: child.marker, start: child.start };
      parent.children.push({ ...list, children: [child] });
    }
  }

  /** What is open goes at least as far as its leaf. @param {Node} leaf */
  #reach(leaf) {
    for (const open of [...this.#open, leaf]) open.last = this.#number;
  }

  #isBlank() {
    return this.#line.trim() === "";
  }
}

/** @param {string} line */
function indentOf(line) {
  return line.length - line.trimStart().length;
}

/**
 * @param {string} line
 * @param {number} most
 */
function outdented(line, most) {
  return line.slice(Math.min(most, indentOf(line)));
}

/** Tabs before the text, in marks too, go to the next multiple of four columns. @param {string} line */
function untabbed(line) {
  const [lead] = /** @type {RegExpExecArray} */ (/^[ \t>*+\-.)\d]*/.exec(line));
  if (!lead.includes("\t")) return line;
  let columns = "";
  for (const char of lead) columns += char === "\t" ? " ".repeat(4 - (columns.length % 4)) : char;
  return columns + line.slice(lead.length);
}

/**
 * A heading without the marks that may close it, which stand apart from its words.
 * @param {string} text
 */
function withoutClosing(text) {
  let end = text.length;
  while (text[end - 1] === "#") end -= 1;
  const words = text.slice(0, end);
  return end === 0 || (end < text.length && /[ \t]$/.test(words)) ? words.trimEnd() : text;
}
