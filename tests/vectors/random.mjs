// Random texts and changes as Quill deltas. A seed determines all of them.

import Delta from "quill-delta";

const FREQUENT = ["a", "b", "c", "x", " ", "\n", ".", "👩", "👧", "\u200d", "\u0301", "é", "漢"];

export class Random {
  #state;

  /** @param {number} seed */
  constructor(seed) {
    this.#state = seed;
  }

  /** A number below a bound (mulberry32). */
  below(bound) {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) % bound;
  }

  coin() {
    return this.below(2) === 0;
  }

  /** A character of any plane that texts allow. */
  character() {
    if (this.below(4) > 0) return FREQUENT[this.below(FREQUENT.length)];
    const code = this.below(17) * 0x10000 + this.below(0x10000);
    const isControl = code < 0x20 || (code >= 0x7f && code < 0xa0);
    const isSurrogate = code >= 0xd800 && code < 0xe000;
    return isControl || isSurrogate ? this.character() : String.fromCodePoint(code);
  }

  text(length = this.below(16)) {
    return Array.from({ length }, () => this.character()).join("");
  }

  /** A change that fits a text and splits no surrogate pair. */
  change(text) {
    const rest = [...text];
    const someUnits = () => rest.splice(0, 1 + this.below(4)).join("").length;
    const delta = new Delta();
    for (let steps = this.below(7); steps > 0; steps -= 1) {
      const step = this.below(3);
      if (step === 0) delta.insert(this.text(1 + this.below(3)));
      else if (step === 1) delta.retain(someUnits());
      else delta.delete(someUnits());
    }
    return delta.chop();
  }
}

/** A text after a change, by Quill. */
export function applied(text, delta) {
  const base = new Delta(text === "" ? [] : [{ insert: text }]);
  return base.compose(delta).ops.map((op) => op.insert).join("");
}

/** One case of each operation: its arguments and the result of Quill. */
export function cases(random) {
  const text = random.text();
  const [change, other] = [random.change(text), random.change(text)];
  const changed = applied(text, change);
  const then = random.change(changed);
  const [priority, stays, index] = [random.coin(), random.coin(), random.below(text.length + 1)];
  const base = new Delta(text === "" ? [] : [{ insert: text }]);
  return {
    apply: [text, change.ops, changed],
    compose: [change.ops, then.ops, change.compose(then).ops],
    transform: [change.ops, other.ops, priority, change.transform(other, priority).ops],
    transform_index: [change.ops, index, stays, change.transformPosition(index, stays)],
    invert: [change.ops, text, change.invert(base).ops],
  };
}
