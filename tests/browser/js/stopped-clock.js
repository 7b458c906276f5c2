// @ts-check
// A clock that only moves when a test moves it.

/** @typedef {{at: number, every: number | null, call: () => void}} Timer */

/** Replaces the page's timers and clocks until `restore`. */
export class StoppedClock {
  /** The monotonic clock. */
  now = 1_000;
  /** The wall clock. */
  wall = Date.UTC(2026, 0, 1);
  /** @type {Map<number, Timer>} */
  #timers = new Map();
  #last = 0;
  #real = {
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    setInterval: globalThis.setInterval,
    clearInterval: globalThis.clearInterval,
    wall: Date.now,
    now: performance.now,
  };

  constructor() {
    const clear = (/** @type {number | undefined} */ id) => void this.#timers.delete(id ?? 0);
    Object.assign(globalThis, {
      setTimeout: (/** @type {() => void} */ call, after = 0) => this.#add(call, after, null),
      setInterval: (/** @type {() => void} */ call, every = 0) => this.#add(call, every, every),
      clearTimeout: clear,
      clearInterval: clear,
    });
    Date.now = () => this.wall;
    performance.now = () => this.now;
  }

  restore() {
    const { wall, now, ...timers } = this.#real;
    Object.assign(globalThis, timers);
    Date.now = wall;
    performance.now = now;
  }

  /** Passes time, and runs the timers that are due. @param {number} ms */
  async pass(ms) {
    const end = this.now + ms;
    for (let due = this.#due(end); due; due = this.#due(end)) {
      await this.#goTo(due[1].at);
      this.#fire(...due);
    }
    await this.#goTo(end);
  }

  /** Passes time without timers, as in a hidden page; those that are due run afterwards. @param {number} ms */
  async oversleep(ms) {
    this.now += ms;
    this.wall += ms;
    await this.pass(0);
  }

  /** Runs everything that does not depend on time. */
  async settle() {
    await new Promise((resolve) => this.#real.setTimeout.call(globalThis, resolve, 0));
  }

  /** @param {number} time */
  async #goTo(time) {
    const step = Math.max(0, time - this.now);
    this.now += step;
    this.wall += step;
    await this.settle();
  }

  /**
   * @param {number} end
   * @returns {[number, Timer] | undefined}
   */
  #due(end) {
    const due = [...this.#timers].filter(([, { at }]) => at <= end);
    return due.sort(([, a], [, b]) => a.at - b.at)[0];
  }

  /**
   * @param {number} id
   * @param {Timer} timer
   */
  #fire(id, timer) {
    if (timer.every === null) this.#timers.delete(id);
    else timer.at = this.now + timer.every;
    timer.call();
  }

  /**
   * @param {() => void} call
   * @param {number} after
   * @param {number | null} every
   */
  #add(call, after, every) {
    this.#timers.set(++this.#last, { at: this.now + after, every, call });
    return this.#last;
  }
}
