// @ts-check
// The blocks of a Markdown text, while they are read and as they are then.

/**
 * `text` is what inline marks are looked for in; `code` is shown as it is.
 * @typedef {{kind: "paragraph", text: string}
 *   | {kind: "heading", level: number, text: string}
 *   | {kind: "code", text: string}
 *   | {kind: "rule"}
 *   | {kind: "quote", blocks: Block[]}
 *   | {kind: "list", start: number | null, isLoose: boolean, items: Item[]}} Block
 */
/**
 * An item, perhaps with a box before it: in which line that stands, and how long the line is from there.
 * @typedef {{blocks: Block[], box: {isTicked: boolean, line: number, rest: number} | null}} Item
 */

/**
 * A block while it is read. `first` and `last` are the numbers of its lines.
 * @typedef {{kind: string, first: number, last: number, children: Node[], lines: string[],
 *   level: number, marker: string, start: number | null, indent: number, fence: string}} Node
 */

const TICK = /^\[([ xX])\](?=[ \t\n])[ \t]?/;

/**
 * A block that begins.
 * @param {string} kind
 * @param {number} line
 * @returns {Node}
 */
export function node(kind, line) {
  const empty = { level: 0, marker: "", start: null, indent: 0, fence: "" };
  return { ...empty, kind, first: line, last: line, children: [], lines: [] };
}

/**
 * The block that was read.
 * @param {Node} from
 * @returns {Block}
 */
export function finished(from) {
  switch (from.kind) {
    case "rule":
      return { kind: "rule" };
    case "heading":
      return { kind: "heading", level: from.level, text: from.lines.join("\n").trim() };
    case "fenced":
      return { kind: "code", text: from.lines.map((line) => `${line}\n`).join("") };
    case "indented":
      return { kind: "code", text: `${withoutBlankEnd(from.lines).join("\n")}\n` };
    case "quote":
      return { kind: "quote", blocks: from.children.map(finished) };
    case "list":
      return { kind: "list", start: from.start, isLoose: isLoose(from), items: from.children.map(item) };
    default:
      return { kind: "paragraph", text: from.lines.join("\n").trimEnd() };
  }
}

/**
 * @param {Node} from
 * @returns {Item}
 */
function item(from) {
  const [first] = from.children;
  const isBeside = first?.kind === "paragraph" && first.first === from.first;
  const tick = isBeside ? TICK.exec(`${first.lines[0]}\n`) : null;
  const box = tick && { isTicked: tick[1] !== " ", line: first.first, rest: first.lines[0].length };
  if (tick) first.lines[0] = first.lines[0].slice(tick[0].length);
  return { blocks: from.children.map(finished), box };
}

/** A blank line between items, or within one of them, sets all of them apart. @param {Node} list */
function isLoose(list) {
  return hasGap(list.children) || list.children.some(({ children }) => hasGap(children.flatMap(flat)));
}

/** A list reaches as far as its last item. @param {Node} child */
function flat(child) {
  return child.kind === "list" ? [{ ...child, last: child.children.at(-1)?.last ?? child.last }] : [child];
}

/** @param {{first: number, last: number}[]} nodes */
function hasGap(nodes) {
  return nodes.some((it, index) => index > 0 && it.first > nodes[index - 1].last + 1);
}

/** @param {string[]} lines */
function withoutBlankEnd(lines) {
  const last = lines.findLastIndex((line) => /[^ ]/.test(line));
  return lines.slice(0, last + 1);
}
