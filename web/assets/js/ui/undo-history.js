// @ts-check
// Undo of one's own typing: what others write in the meantime stays, and what is taken back is
// carried over it. A browser's own undo knows nothing of others and would garble both.

import { compose, invert, isEmpty, transform } from "../delta/delta.js";

/** @typedef {import("../delta/delta.js").Delta} Delta */
/** @typedef {{delta: Delta, kind: string, at: number}} Step */

const STEPS_MAX = 200;
/** A pause of this length ends a step. */
const PAUSE_MS = 1_000;

export class UndoHistory {
  /** What takes steps back, the latest last. @type {Step[]} */
  #done = [];
  /** @type {Step[]} */
  #undone = [];

  /**
   * @param {Delta} delta
   * @param {string} before the text that was typed in
   * @param {number} now
   */
  typed(delta, before, now) {
    this.#undone = [];
    const step = { delta: invert(delta, before), kind: kindOf(delta), at: now };
    const last = this.#done.at(-1);
    if (last && goesOn(last, step)) {
      last.delta = compose(step.delta, last.delta);
      last.at = now;
    } else {
      this.#done.push(step);
      if (this.#done.length > STEPS_MAX) this.#done.shift();
    }
  }

  /** Somebody else changed the text. @param {Delta} delta */
  remote(delta) {
    this.#done = carried(this.#done, delta);
    this.#undone = carried(this.#undone, delta);
  }

  /**
   * What takes the last step back; null where there is none.
   * @param {string} text
   */
  undo(text) {
    return turn(this.#done, this.#undone, text);
  }

  /**
   * What does the last step that was taken back again.
   * @param {string} text
   */
  redo(text) {
    return turn(this.#undone, this.#done, text);
  }
}

/**
 * @param {Step[]} from
 * @param {Step[]} to
 * @param {string} text
 * @returns {Delta | null}
 */
function turn(from, to, text) {
  for (;;) {
    const step = from.pop();
    if (!step) return null;
    // Others may have undone it already.
    if (isEmpty(step.delta)) continue;
    to.push({ ...step, delta: invert(step.delta, text), kind: "turned" });
    return step.delta;
  }
}

/**
 * The steps lie on one another: each stands on the text that the later ones leave.
 * @param {Step[]} steps
 * @param {Delta} remote
 */
function carried(steps, remote) {
  let over = remote;
  return steps
    .toReversed()
    .map((step) => {
      const delta = transform(over, step.delta, true);
      over = transform(step.delta, over, false);
      return { ...step, delta };
    })
    .reverse();
}

/**
 * @param {Step} last
 * @param {Step} step
 */
function goesOn(last, step) {
  return step.kind !== "other" && step.kind === last.kind && step.at - last.at < PAUSE_MS;
}

/** @param {Delta} delta */
function kindOf(delta) {
  const changes = delta.filter((op) => !("retain" in op));
  const [change] = changes;
  if (changes.length !== 1) return "other";
  if ("delete" in change) return "delete";
  // A new line, or something pasted, is a step of its own.
  return "insert" in change && change.insert.length === 1 && change.insert !== "\n" ? "insert" : "other";
}
