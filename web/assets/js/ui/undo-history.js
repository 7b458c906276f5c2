// @ts-check
// Undo and redo of local typing. Steps are transformed over remote changes. The browser's own undo
// does not know these, and would corrupt the text.

import { compose, invert, isEmpty, transform } from "../delta/delta.js";

/** @typedef {import("../delta/delta.js").Delta} Delta */
/** @typedef {{delta: Delta, kind: string, at: number}} Step */

const STEPS_MAX = 200;
/** A pause of this length ends an undo step. */
const PAUSE_MS = 1_000;

export class UndoHistory {
  /** The inverses of the steps, latest last. @type {Step[]} */
  #done = [];
  /** @type {Step[]} */
  #undone = [];

  /**
   * @param {Delta} delta
   * @param {string} before the text before the change
   * @param {number} now
   */
  typed(delta, before, now) {
    this.#undone = [];
    const step = { delta: invert(delta, before), kind: kindOf(delta), at: now };
    const last = this.#done.at(-1);
    if (last && continues(last, step)) {
      last.delta = compose(step.delta, last.delta);
      last.at = now;
    } else {
      this.#done.push(step);
      if (this.#done.length > STEPS_MAX) this.#done.shift();
    }
  }

  /** Transforms the steps over a remote change. @param {Delta} delta */
  remote(delta) {
    this.#done = transformed(this.#done, delta);
    this.#undone = transformed(this.#undone, delta);
  }

  /**
   * The change that undoes the last step; null if there is none.
   * @param {string} text
   */
  undo(text) {
    return revert(this.#done, this.#undone, text);
  }

  /**
   * The change that repeats the last undone step; null if there is none.
   * @param {string} text
   */
  redo(text) {
    return revert(this.#undone, this.#done, text);
  }
}

/**
 * Moves the last step from one stack to the other, inverted.
 * @param {Step[]} from
 * @param {Step[]} to
 * @param {string} text
 * @returns {Delta | null}
 */
function revert(from, to, text) {
  for (;;) {
    const step = from.pop();
    if (!step) return null;
    // A remote change may have undone it already.
    if (isEmpty(step.delta)) continue;
    to.push({ ...step, delta: invert(step.delta, text), kind: "reverted" });
    return step.delta;
  }
}

/**
 * Each step applies to the text that the later ones leave.
 * @param {Step[]} steps
 * @param {Delta} remote
 */
function transformed(steps, remote) {
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
function continues(last, step) {
  return step.kind !== "other" && step.kind === last.kind && step.at - last.at < PAUSE_MS;
}

/** @param {Delta} delta */
function kindOf(delta) {
  const changes = delta.filter((op) => !("retain" in op));
  const [change] = changes;
  if (changes.length !== 1) return "other";
  if ("delete" in change) return "delete";
  // A line break or a paste is a step of its own.
  return "insert" in change && change.insert.length === 1 && change.insert !== "\n" ? "insert" : "other";
}
