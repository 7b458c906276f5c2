// @ts-check
// Builds a tree of elements from markdown-it's tokens.
//
// The server renders the same elements (`web/src/pages/markdown`). Tests compare both on the examples of
// the specifications and on random documents.

import MarkdownIt from "../vendor/markdown-it.js";
import { autolinks } from "./autolinks.js";
import { Budget, DEPTH_MAX, isCheapToParse, OverBudget } from "./limits.js";
import { strikethrough } from "./strikethrough.js";

/** @typedef {{name: string, attributes: Record<string, string>, children: Child[]}} Element */
/** @typedef {Element | string} Child */
/** A task list item; lines count from 0. @typedef {{line: number, isDone: boolean}} Task */
/** @typedef {{children: Child[], tasks: Task[]}} Tree */
/** @typedef {any} Token a `Token` of markdown-it */

const TASK_MARKER = /^\[([ xX])\](?=[ \t\n]|$)/;
const TASK_MARKER_LENGTH = "[ ]".length;
const ALLOWED_TARGET = /^(?:https?|mailto):/i;
const TAB_COLUMNS = 4;
/** The parser skips deeper levels, which saves time: such a note is rendered as plain text anyway. */
const PARSER_DEPTH_MAX = DEPTH_MAX + 10;
const INLINE = new Set(["a", "del", "em", "strong"]);
/** Elements that the server's parser does not count as a level. */
const TABLE_PARTS = new Set(["thead", "tbody"]);

const parser = new MarkdownIt({ html: true, maxNesting: PARSER_DEPTH_MAX }).disable("strikethrough").use(strikethrough);
// The parser must not change targets. `ALLOWED_TARGET` decides which become links.
parser.validateLink = () => true;
parser.normalizeLink = (/** @type {string} */ target) => target;
parser.normalizeLinkText = (/** @type {string} */ target) => target;

/**
 * The tree of a note. A note over a limit is one paragraph of plain text.
 * @param {string} markdown
 * @returns {Tree}
 */
export function parse(markdown) {
  const plain = element("p", { class: "plain" }, [markdown]);
  if (!isCheapToParse(markdown)) return { children: [plain], tasks: [] };
  try {
    const builder = new Builder();
    for (const token of parser.parse(withoutTabsBeforeQuotes(markdown), {})) builder.block(token);
    return { children: builder.children, tasks: builder.tasks };
  } catch (error) {
    if (error instanceof OverBudget) return { children: [plain], tasks: [] };
    throw error;
  }
}

/**
 * Replaces each tab before a quote marker at the start of a line by spaces, as on the server.
 * @param {string} markdown
 */
function withoutTabsBeforeQuotes(markdown) {
  return markdown.replace(/^[ >]*\t[ \t>]*>/gm, (quotes) => {
    let result = "";
    for (const letter of quotes) {
      result += letter === "\t" ? " ".repeat(TAB_COLUMNS - (result.length % TAB_COLUMNS)) : letter;
    }
    return result;
  });
}

/**
 * @param {string} name
 * @param {Record<string, string>} [attributes]
 * @param {Child[]} [children]
 * @returns {Element}
 */
function element(name, attributes = {}, children = []) {
  return { name, attributes, children };
}

/** Builds the tree from tokens in the order of the text. */
class Builder {
  /** @type {Child[]} */
  children = [];
  /** @type {Task[]} */
  tasks = [];
  #budget = new Budget();
  /** The children of the open elements, innermost last. */
  #open = [this.children];
  /** Adjacent texts, collected so that addresses in them are found. */
  #text = "";
  #linksOpen = 0;
  #isAtItemStart = false;
  /** The list item that was opened last. */
  #item = element("li");

  /** @param {Token} token */
  block(token) {
    if (token.hidden) return;
    const isAtItemStart = this.#isAtItemStart;
    this.#isAtItemStart =
      token.type === "list_item_open" || (token.type === "paragraph_open" && isAtItemStart);
    if (token.type === "inline") this.#inline(token, isAtItemStart);
    else if (token.type === "html_block") this.#leaf("p", () => this.#lines(token.content.trimEnd()));
    else if (token.tag === "code") this.#leaf("pre", () => this.#code(token.content.replace(/\n$/, "")));
    else if (token.nesting === 1) this.#enter(element(token.tag, attributesOf(token)));
    else if (token.nesting === -1) this.#leave(token.tag);
    else this.#add(element(token.tag));
  }

  /**
   * @param {Token} token
   * @param {boolean} isAtItemStart
   */
  #inline(token, isAtItemStart) {
    const task = isAtItemStart ? TASK_MARKER.exec(token.content) : null;
    const [first] = token.children;
    if (task && first?.type === "text" && first.content.startsWith(task[0])) {
      const isDone = task[1] !== " ";
      this.tasks.push({ line: token.map[0], isDone });
      this.#item.attributes.class = "task";
      this.#add(element("input", { type: "checkbox", disabled: "", ...(isDone && { checked: "" }) }));
      first.content = first.content.slice(TASK_MARKER_LENGTH);
    }
    for (const child of token.children) this.#inlineToken(child);
    this.#flush();
  }

  /** @param {Token} token */
  #inlineToken(token) {
    switch (token.type) {
      case "text":
      case "text_special":
        this.#text += token.content;
        break;
      case "softbreak":
      case "hardbreak":
        this.#break();
        break;
      case "code_inline":
        this.#code(singleSpaced(token.content));
        break;
      case "html_inline":
        this.#lines(token.content);
        break;
      case "image":
        this.#image(token);
        break;
      case "link_open":
        this.#enterLink(token.attrGet("href"), token.attrGet("title"));
        break;
      default:
        if (token.nesting === 1) this.#enter(element(token.tag));
        else this.#leave(token.tag);
    }
  }

  /**
   * An image becomes a link: loading an image would reveal the reader to its server. Inside a link or
   * another image only its description is rendered.
   * @param {Token} token
   */
  #image(token) {
    if (this.#linksOpen > 0) {
      this.#budget.enter();
      this.#description(token);
      this.#budget.leave();
    } else {
      this.#enterLink(token.attrGet("src"), token.attrGet("title"));
      this.#description(token);
      this.#leave("a");
    }
  }

  /** Renders the description of an image as plain text. @param {Token} image */
  #description(image) {
    for (const token of image.children) {
      if (token.type === "image") this.#image(token);
      else if (token.type === "html_inline") this.#lines(token.content);
      else if (token.type.endsWith("break")) this.#text = `${this.#text.replace(/[ \t]+$/, "")} `;
      else this.#text += token.type === "code_inline" ? singleSpaced(token.content) : token.content;
    }
  }

  /** @param {string} text */
  #code(text) {
    const children = text === "" ? [] : [text];
    this.#add(element("code", {}, children));
  }

  /** HTML is shown as text. @param {string} html */
  #lines(html) {
    this.#flush();
    html.split("\n").forEach((line, index) => {
      if (index > 0) this.#break();
      this.#append(line.replace(/^[ \t]+|[ \t]+$/g, ""));
    });
  }

  /** A line end in a note is a line break, unlike in CommonMark. */
  #break() {
    this.#flush();
    this.#trimLine();
    this.#add(element("br"));
    this.#append("\n");
  }

  /**
   * @param {string} name
   * @param {() => void} fill
   */
  #leaf(name, fill) {
    this.#enter(element(name));
    fill();
    this.#leave(name);
  }

  /**
   * Opens a link to a web or mail address. Any other link has no target.
   * @param {string} target
   * @param {string | null} title
   */
  #enterLink(target, title) {
    this.#budget.link(target + (title ?? ""));
    const href = ALLOWED_TARGET.test(target) && { href: target };
    this.#flush();
    this.#linksOpen += 1;
    if (this.#linksOpen > 1) return this.#budget.enter();
    this.#enter(element("a", { ...href, ...(title && { title }), rel: "nofollow noopener" }));
  }

  /** @param {Element} parent */
  #enter(parent) {
    this.#flush();
    if (!INLINE.has(parent.name)) this.#trimLine();
    if (!TABLE_PARTS.has(parent.name)) this.#budget.enter();
    this.#add(parent);
    this.#open.push(parent.children);
  }

  /** @param {string} name */
  #leave(name) {
    this.#flush();
    if (!INLINE.has(name)) this.#trimLine();
    if (!TABLE_PARTS.has(name)) this.#budget.leave();
    if (name === "a") this.#linksOpen -= 1;
    if (name !== "a" || this.#linksOpen === 0) this.#open.pop();
  }

  /** Adds the text that was collected, with links for the addresses in it. */
  #flush() {
    const text = this.#text;
    this.#text = "";
    let from = 0;
    for (const { start, end, prefix } of this.#linksOpen > 0 ? [] : autolinks(text)) {
      this.#append(text.slice(from, start));
      const address = text.slice(start, end);
      this.#enterLink(prefix + address, null);
      this.#append(address);
      this.#leave("a");
      from = end;
    }
    this.#append(text.slice(from));
  }

  /** @param {Element} child */
  #add(child) {
    this.#flush();
    if (child.name === "li") this.#item = child;
    this.#budget.element();
    this.#open[this.#open.length - 1].push(child);
  }

  /**
   * Removes white space at the end of a line: browsers do not show it, and parsers differ in whether
   * they keep it.
   */
  #trimLine() {
    const siblings = this.#open[this.#open.length - 1];
    const last = siblings.pop();
    const rest = typeof last === "string" ? last.replace(/[ \t]+$/, "") : last;
    if (rest) siblings.push(rest);
  }

  /** @param {string} text */
  #append(text) {
    const siblings = this.#open[this.#open.length - 1];
    const last = siblings.length - 1;
    if (text === "") return;
    if (typeof siblings[last] === "string") siblings[last] += text;
    else siblings.push(text);
  }
}

/** Browsers show consecutive spaces as one, and parsers differ in how many they keep. @param {string} code */
function singleSpaced(code) {
  return code.replace(/[ \t\n]+/g, " ");
}

/** @param {Token} token @returns {Record<string, string>} */
function attributesOf(token) {
  const start = token.attrGet("start");
  const align = token.attrGet("style")?.slice("text-align:".length);
  return { ...(start !== null && { start: String(start) }), ...(align && { align }) };
}
