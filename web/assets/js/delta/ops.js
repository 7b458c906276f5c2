// @ts-check
// Builds deltas in canonical form, and reads texts and deltas in parts.

/** @typedef {{retain: number} | {insert: string} | {delete: number}} Op */

/**
 * In canonical form: no empty ops, adjacent ops of one kind merged, an insert before an adjacent delete,
 * and no retain at the end. All functions expect and return this form. `normalise` converts other ops.
 *
 * @typedef {readonly Op[]} Delta
 */

/** Why a delta is invalid or does not apply to a text. */
export class DeltaError extends Error {
  /**
   * @param {"beyond_end" | "splits_pair" | "forbidden_character" | "malformed"} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.name = "DeltaError";
    this.code = code;
  }
}

const beyondEnd = () => new DeltaError("beyond_end", "it reaches beyond the end of the text");
const splitsPair = () => new DeltaError("splits_pair", "it cuts a surrogate pair in two");

/** @param {Op} op */
export function lengthOf(op) {
  return "insert" in op ? op.insert.length : "retain" in op ? op.retain : op.delete;
}

/**
 * @param {string} text
 * @param {number} at
 */
function isInsidePair(text, at) {
  // Only the middle of a pair begins with a low surrogate, texts being well-formed.
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00;
}

/**
 * The part of a text with this many units from an index on.
 *
 * @param {string} text
 * @param {number} at
 * @param {number} units
 */
export function take(text, at, units) {
  if (at + units > text.length) throw beyondEnd();
  if (isInsidePair(text, at + units)) throw splitsPair();
  return text.slice(at, at + units);
}

/** Builds a delta in canonical form. */
export class Builder {
  /** @type {any[]} */
  ops = [];

  /** @param {Op} op */
  push(op) {
    if ("retain" in op) this.retain(op.retain);
    else if ("insert" in op) this.insert(op.insert);
    else this.delete(op.delete);
  }

  /** @param {number} units */
  retain(units) {
    const last = this.ops.at(-1);
    if (units === 0) return;
    if (last?.retain) last.retain += units;
    else this.ops.push({ retain: units });
  }

  /** @param {number} units */
  delete(units) {
    const last = this.ops.at(-1);
    if (units === 0) return;
    if (last?.delete) last.delete += units;
    else this.ops.push({ delete: units });
  }

  /** @param {string} text */
  insert(text) {
    if (text === "") return;
    const isAfterDelete = this.ops.at(-1)?.delete !== undefined;
    const last = this.ops.at(isAfterDelete ? -2 : -1);
    if (last?.insert) last.insert += text;
    else this.ops.splice(this.ops.length - Number(isAfterDelete), 0, { insert: text });
  }

  /** @returns {Delta} */
  finish() {
    if (this.ops.at(-1)?.retain) this.ops.pop();
    return this.ops;
  }
}

/** Reads a delta in parts of any length. After the last op it reads an endless retain. */
export class OpReader {
  #ops;
  #index = 0;
  #offset = 0;

  /** @param {Delta} ops */
  constructor(ops) {
    this.#ops = ops;
  }

  get isDone() {
    return this.#index >= this.#ops.length;
  }

  get kind() {
    const op = this.#ops[this.#index];
    return op === undefined || "retain" in op ? "retain" : "insert" in op ? "insert" : "delete";
  }

  /** The rest of the current op, in units. */
  get length() {
    return this.isDone ? Infinity : lengthOf(this.#ops[this.#index]) - this.#offset;
  }

  /**
   * Takes the next units, at most the rest of the current op.
   *
   * @returns {Op}
   */
  take(units = this.length) {
    if (this.isDone) return { retain: units };
    const op = this.#ops[this.#index];
    const start = this.#offset;
    this.#offset += units;
    if (this.#offset === lengthOf(op)) {
      this.#index += 1;
      this.#offset = 0;
    }
    if ("retain" in op) return { retain: units };
    if ("delete" in op) return { delete: units };
    return { insert: take(op.insert, start, units) };
  }
}
