// @ts-check
// The marks within a line of Markdown: emphasis, code, links, breaks. HTML is text.

import { plainLink, readLink, readPointy } from "./markdown-links.js";

/**
 * @typedef {{kind: "text", text: string}
 *   | {kind: "code", text: string}
 *   | {kind: "break"}
 *   | {kind: "em" | "strong" | "del", children: Inline[]}
 *   | {kind: "link", href: string | null, title: string | null, children: Inline[]}} Inline
 */
/**
 * A run of `*`, `_` or `~`, of which some may become marks.
 * @typedef {{at: number, mark: string, count: number, length: number, canOpen: boolean,
 *   canClose: boolean}} Run
 */
/** @typedef {{at: number, runs: number, isImage: boolean, end: number}} Bracket */

const PLAIN = /[^\\`*_~[\]!<&\n]+/y;
const CODE_FENCE = /`+/y;
const RUN = /\*+|_+|~+/y;
const ENTITY = /&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|([a-zA-Z]+));/y;
const TAG = /<(?:\/?[a-zA-Z][\w-]*(?:\s[^<>]*)?\/?|!--[^]*?--)>/y;
const ESCAPABLE = /[!-/:-@[-`{-~]/;
const SPACE = /\s/;
const PUNCTUATION = /[\p{P}\p{S}]/u;
const NESTED_MAX = 100;

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
    this.#pair(0);
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
    const isHard = last?.kind === "text" && last.text.endsWith("  ");
    if (last?.kind === "text") last.text = last.text.replace(/ +$/, "");
    if (isHard) this.#out.push({ kind: "break" });
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
    const isPadded = /^ .*[^ ].* $/.test(inner) || /^ [^ ] $/.test(inner);
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
      this.#out.push({ kind: "link", href: link.href, title: null, children: [{ kind: "text", text: link.text }] });
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
    this.#brackets.push({ at: this.#out.length, runs: this.#runs.length, isImage, end: this.#at });
    this.#say(mark);
  }

  #closeBracket() {
    const bracket = this.#brackets.pop();
    const link = bracket ? readLink(this.text, this.#at + 1) : null;
    if (!bracket || !link) return this.#sayOne();
    this.#at = link.end;
    this.#pair(bracket.runs);
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
    const before = this.text.slice(0, this.#at).match(/.$/su)?.[0] ?? "\n";
    const [marks] = /** @type {RegExpExecArray} */ (this.#take(RUN));
    const after = this.text.slice(this.#at, this.#at + 2).match(/^./su)?.[0] ?? "\n";
    const run = { at: this.#out.length, mark: marks[0], count: marks.length, length: marks.length };
    this.#say(marks);
    if (run.mark === "~" && run.count > 2) return;
    this.#runs.push({ ...run, ...flanks(run.mark, before, after) });
  }

  /**
   * Makes emphasis of the runs from `bottom` on.
   * @param {number} bottom
   */
  #pair(bottom) {
    const runs = this.#runs.splice(bottom);
    /** Below this there is no opener for a closer of that kind. @type {Map<string, number>} */
    const floors = new Map();
    for (let i = 0; i < runs.length; i += 1) {
      const closer = runs[i];
      while (closer.canClose && closer.count > 0) {
        const kind = `${closer.mark}${closer.canOpen}${closer.length % 3}${closer.mark === "~" ? closer.count : ""}`;
        const opener = findOpener(runs, i, floors.get(kind) ?? 0);
        if (opener < 0) {
          floors.set(kind, i);
          break;
        }
        this.#wrap(runs, opener, i);
        for (const between of runs.slice(opener + 1, i)) between.count = 0;
      }
    }
  }

  /**
   * @param {Run[]} runs
   * @param {number} opener
   * @param {number} closer
   */
  #wrap(runs, opener, closer) {
    const [from, to] = [runs[opener], runs[closer]];
    const isTilde = from.mark === "~";
    const used = isTilde ? from.count : from.count >= 2 && to.count >= 2 ? 2 : 1;
    const kind = isTilde ? "del" : used === 2 ? "strong" : "em";
    shorten(this.#out[from.at], used);
    shorten(this.#out[to.at], used);
    from.count -= used;
    to.count -= used;
    const children = this.#out.slice(from.at + 1, to.at);
    // Empty places keep the others where the runs say that they are.
    this.#out.fill({ kind: "text", text: "" }, from.at + 1, to.at);
    this.#out[from.at + 1] = { kind, children: merged(children) };
    if (depthOf(children) > NESTED_MAX) this.#out[from.at + 1] = { kind: "text", text: plainText(children) };
  }
}

/**
 * @param {Run[]} runs
 * @param {number} index
 * @param {number} floor
 */
function findOpener(runs, index, floor) {
  const closer = runs[index];
  for (let i = index - 1; i >= floor; i -= 1) {
    const opener = runs[i];
    if (opener.mark !== closer.mark || !opener.canOpen || opener.count === 0) continue;
    if (opener.mark === "~" && opener.count !== closer.count) continue;
    const isOdd = (opener.canClose || closer.canOpen) && closer.length % 3 !== 0;
    if (opener.mark !== "~" && isOdd && (opener.length + closer.length) % 3 === 0) continue;
    return i;
  }
  return -1;
}

/**
 * @param {string} mark
 * @param {string} before
 * @param {string} after
 */
function flanks(mark, before, after) {
  const isAfterFree = SPACE.test(after);
  const isBeforeFree = SPACE.test(before);
  const isAfterMark = PUNCTUATION.test(after);
  const isBeforeMark = PUNCTUATION.test(before);
  const isLeft = !isAfterFree && (!isAfterMark || isBeforeFree || isBeforeMark);
  const isRight = !isBeforeFree && (!isBeforeMark || isAfterFree || isAfterMark);
  if (mark !== "_") return { canOpen: isLeft, canClose: isRight };
  return { canOpen: isLeft && (!isRight || isBeforeMark), canClose: isRight && (!isLeft || isAfterMark) };
}

/**
 * @param {Inline} inline
 * @param {number} by
 */
function shorten(inline, by) {
  if (inline.kind === "text") inline.text = inline.text.slice(by);
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

/** @param {Inline[]} inlines @returns {number} */
function depthOf(inlines) {
  return inlines.reduce((most, it) => ("children" in it ? Math.max(most, 1 + depthOf(it.children)) : most), 0);
}

/** @param {Inline[]} inlines @returns {string} */
export function plainText(inlines) {
  return inlines
    .map((it) => ("children" in it ? plainText(it.children) : it.kind === "break" ? "" : it.text))
    .join("");
}

/**
 * Without empty texts, and with texts that touch as one.
 * @param {Inline[]} inlines
 */
function merged(inlines) {
  /** @type {Inline[]} */
  const result = [];
  for (const inline of inlines) {
    const last = result.at(-1);
    if (inline.kind !== "text") result.push(inline);
    else if (last?.kind === "text") last.text += inline.text;
    else if (inline.text !== "") result.push({ ...inline });
  }
  return result;
}
