// @ts-check
// What a line of Markdown is made of.

/**
 * @typedef {{kind: "text", text: string}
 *   | {kind: "code", text: string}
 *   | {kind: "break"}
 *   | {kind: "em" | "strong" | "del", children: Inline[]}
 *   | {kind: "link", href: string | null, title: string | null, children: Inline[]}} Inline
 */

/**
 * How deep marks stand in one another.
 * @param {Inline[]} inlines
 * @returns {number}
 */
export function depthOf(inlines) {
  const depths = inlines.map((it) => ("children" in it ? 1 + depthOf(it.children) : 0));
  return depths.reduce((most, depth) => Math.max(most, depth), 0);
}

/**
 * The words without their marks.
 * @param {Inline[]} inlines
 * @returns {string}
 */
export function plainText(inlines) {
  return inlines
    .map((it) => ("children" in it ? plainText(it.children) : it.kind === "break" ? "" : it.text))
    .join("");
}

/**
 * Without empty texts, and with texts that touch as one.
 * @param {Inline[]} inlines
 */
export function merged(inlines) {
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
