// @ts-check
// Emphasis in Markdown: which runs of `*`, `_` and `~` belong together, as CommonMark has it.

import { depthOf, merged, plainText } from "./nodes.js";

/** @typedef {import("./nodes.js").Inline} Inline */
/**
 * A run of `*`, `_` or `~`, of which some may become marks.
 * @typedef {{at: number, mark: string, count: number, length: number, canOpen: boolean,
 *   canClose: boolean}} Run
 */

const SPACE = /\s/;
const PUNCTUATION = /[\p{P}\p{S}]/u;
const NESTED_MAX = 100;
/** Marks beyond these stay as they were typed: pairing takes time by the square of their number. */
const RUNS_MAX = 1_000;

/**
 * Makes emphasis of the runs that pair, in place.
 * @param {Inline[]} out
 * @param {Run[]} found
 */
export function emphasise(out, found) {
  const runs = found.slice(0, RUNS_MAX);
  /** Below this there is no opener for a closer of that kind. @type {Map<string, number>} */
  const floors = new Map();
  runs.forEach((closer, index) => {
    while (closer.canClose && closer.count > 0) {
      const opener = findOpener(runs, index, floors.get(kindOf(closer)) ?? 0);
      if (opener < 0) {
        floors.set(kindOf(closer), index);
        break;
      }
      wrap(out, runs[opener], closer);
      for (const between of runs.slice(opener + 1, index)) between.count = 0;
    }
  });
}

/** @param {Run} closer */
function kindOf({ mark, canOpen, length, count }) {
  return `${mark}${canOpen}${length % 3}${mark === "~" ? count : ""}`;
}

/**
 * @param {Inline[]} out
 * @param {Run} from
 * @param {Run} to
 */
function wrap(out, from, to) {
  const isTilde = from.mark === "~";
  const used = isTilde ? from.count : from.count >= 2 && to.count >= 2 ? 2 : 1;
  for (const run of [from, to]) {
    shorten(out[run.at], used);
    run.count -= used;
  }
  const children = merged(out.slice(from.at + 1, to.at));
  // Empty places keep the others where the runs say that they are.
  out.fill({ kind: "text", text: "" }, from.at + 1, to.at);
  const kind = isTilde ? "del" : used === 2 ? "strong" : "em";
  const isTooDeep = depthOf(children) > NESTED_MAX;
  out[from.at + 1] = isTooDeep ? { kind: "text", text: plainText(children) } : { kind, children };
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
 * What a run may do, by the letters around it.
 * @param {string} mark
 * @param {string} before
 * @param {string} after
 */
export function flanks(mark, before, after) {
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
