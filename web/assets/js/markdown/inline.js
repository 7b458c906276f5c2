// @ts-check
// The marks within a line of Markdown: emphasis, code, links, breaks. HTML is text.

import { emphasise, flanks } from "./emphasis.js";
import { plainLink, readLink, readPointy } from "./links.js";
import { merged } from "./nodes.js";

/** @typedef {import("./nodes.js").Inline} Inline */
/** @typedef {import("./emphasis.js").Run} Run */
/** @typedef {{at: number, runs: number, isImage: boolean}} Bracket */

const PLAIN = /[^\\`*_~[\]!<&\n]+/y;
const CODE_FENCE = /`+/y;
const RUN = /\*+|_+|~+/y;
const ENTITY = /&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|([a-zA-Z]+));/y;
const TAG = /<(?:\/?[a-zA-Z][\w-]*(?:\s[^<>]*)?\/?|!--[^]*?--)>/y;
const ESCAPABLE = /[!-/:-@[-`{-~]/;

const ENTITIES = new Map(
  Object.entries({
    amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0", copy: "©", reg: "®",
    trade: "™", hellip: "…", mdash: "—", ndash: "–", times: "×", euro: "€", pound: "£", deg: "°",
    larr: "←", rarr: "→", uarr: "↑", darr: "↓", middot: "·", bull: "•", laquo: "«", raquo: "»",
  }),
);

/**
 * @param {string} text
 * @returns {Inline[]}
 */
export function inlinesOf(text) {
  return new Reader(text).read();
}

class Reader {
  /** @type {Inline[]} */
  #out = [];
  /** @type {Run[]} */
  #runs = [];
  /** @type {Bracket[]} */
  #brackets = [];
  #at = 0;
  /** Lengths of backquote runs that do not come again. */
  #unclosed = new Set();

  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }

  read() {
    while (this.#at < this.text.length) this.#next();
    emphasise(this.#out, this.#runs);
    return merged(this.#out);
  }

  #next() {
    const plain = this.#take(PLAIN);
    if (plain) return this.#say(plain[0]);
    switch (this.text[this.#at]) {
      case "\n":
        return this.#newLine();
      case "\\":
        return this.#escape();
      case "`":
        return this.#code();
      case "&":
        return this.#entity();
      case "<":
        return this.#pointy();
      case "!":
      case "[":
        return this.#openBracket();
      case "]":
        return this.#closeBracket();
      default:
        return this.#run();
    }
  }

  /** @param {string} text */
  #say(text) {
    this.#out.push({ kind: "text", text });
  }

  /** @param {RegExp} pattern */
  #take(pattern) {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text);
    if (found) this.#at += found[0].length;
    return found;
  }

  #newLine() {
    this.#at += 1;
    const last = this.#out.at(-1);
    if (last?.kind === "text") last.text = withoutSpacesAtEnd(last.text);
    // Whoever presses Enter in a note wants a new line, unlike in CommonMark.
    this.#out.push({ kind: "break" });
    this.#say("\n");
    this.#take(/ +/y);
  }

  #escape() {
    const next = this.text[this.#at + 1] ?? "";
    if (next === "\n") {
      this.#at += 2;
      this.#out.push({ kind: "break" });
      this.#say("\n");
      this.#take(/ +/y);
    } else {
      const isEscaped = ESCAPABLE.test(next);
      this.#at += isEscaped ? 2 : 1;
      this.#say(isEscaped ? next : "\\");
    }
  }

  #code() {
    const fence = /** @type {RegExpExecArray} */ (this.#take(CODE_FENCE))[0];
    const end = this.#unclosed.has(fence.length) ? -1 : this.#endOfCode(fence);
    if (end < 0) {
      this.#unclosed.add(fence.length);
      this.#say(fence);
      return;
    }
    const inner = this.text.slice(this.#at, end).replace(/\n/g, " ");
    const isPadded = inner.startsWith(" ") && inner.endsWith(" ") && /[^ ]/.test(inner);
    this.#out.push({ kind: "code", text: isPadded ? inner.slice(1, -1) : inner });
    this.#at = end + fence.length;
  }

  /** @param {string} fence */
  #endOfCode(fence) {
    const runs = /`+/g;
    runs.lastIndex = this.#at;
    for (let run = runs.exec(this.text); run; run = runs.exec(this.text)) {
      if (run[0].length === fence.length) return run.index;
    }
    return -1;
  }

  #entity() {
    const found = this.#take(ENTITY);
    if (!found) return this.#sayOne();
    const [whole, decimal, hex, name] = found;
    if (name) return this.#say(ENTITIES.get(name) ?? whole);
    this.#say(character(decimal ? Number(decimal) : Number.parseInt(hex, 16)));
  }

  #pointy() {
    const link = readPointy(this.text, this.#at);
    if (link) {
      this.#at = link.end;
      const { href, text } = link;
      this.#out.push({ kind: "link", href, title: null, children: [{ kind: "text", text }] });
      return;
    }
    const tag = this.#take(TAG);
    if (tag) this.#say(tag[0]);
    else this.#sayOne();
  }

  #sayOne() {
    this.#say(this.text[this.#at]);
    this.#at += 1;
  }

  #openBracket() {
    const isImage = this.text[this.#at] === "!";
    if (isImage && this.text[this.#at + 1] !== "[") return this.#sayOne();
    const mark = isImage ? "![" : "[";
    this.#at += mark.length;
    this.#brackets.push({ at: this.#out.length, runs: this.#runs.length, isImage });
    this.#say(mark);
  }

  #closeBracket() {
    const bracket = this.#brackets.pop();
    const link = bracket ? readLink(this.text, this.#at + 1) : null;
    if (!bracket || !link) return this.#sayOne();
    this.#at = link.end;
    emphasise(this.#out, this.#runs.splice(bracket.runs));
    const children = merged(this.#out.splice(bracket.at).slice(1));
    if (bracket.isImage && children.some(isLink)) {
      this.#out.push(...children);
    } else {
      this.#out.push({ kind: "link", href: plainLink(link.href), title: link.title, children });
    }
    // A link cannot stand in a link.
    if (!bracket.isImage) this.#brackets = this.#brackets.filter((it) => it.isImage);
  }

  #run() {
    const before = this.text.slice(Math.max(0, this.#at - 2), this.#at).match(/.$/su)?.[0] ?? "\n";
    const [marks] = /** @type {RegExpExecArray} */ (this.#take(RUN));
    const after = this.text.slice(this.#at, this.#at + 2).match(/^./su)?.[0] ?? "\n";
    const run = { at: this.#out.length, mark: marks[0], count: marks.length, length: marks.length };
    this.#say(marks);
    if (run.mark === "~" && run.count > 2) return;
    this.#runs.push({ ...run, ...flanks(run.mark, before, after) });
  }
}

/** @param {number} code */
function character(code) {
  const isGood = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return isGood ? String.fromCodePoint(code) : "\ufffd";
}

/** @param {Inline} inline @returns {boolean} */
function isLink(inline) {
  return inline.kind === "link" || ("children" in inline && inline.children.some(isLink));
}

/**
 * A pattern would try every run of spaces that does not reach the end, each to its last one.
 * @param {string} text
 */
function withoutSpacesAtEnd(text) {
  let end = text.length;
  while (text[end - 1] === " ") end -= 1;
  return text.slice(0, end);
}
