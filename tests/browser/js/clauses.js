// @ts-check
// Small specifications of the page's modules: each module here exports clauses, functions whose
// names say what is true, and which throw where it is not.

import { StoppedClock } from "./stopped-clock.js";

/** @typedef {(clock: StoppedClock) => void | Promise<void>} Clause */

/**
 * Tries every clause, each in a time of its own. Gives the names of those that are not true, each
 * with the reason, or how many there are.
 * @param {Record<string, Clause>} clauses
 */
export async function broken(clauses) {
  const faults = [];
  for (const [name, clause] of Object.entries(clauses)) {
    const clock = new StoppedClock();
    try {
      await clause(clock);
    } catch (error) {
      faults.push(`${name}: ${error instanceof Error ? error.stack : error}`);
    } finally {
      clock.restore();
    }
  }
  return faults.length > 0 ? faults : Object.keys(clauses).length;
}

/**
 * @param {unknown} got
 * @param {unknown} expected
 * @param {string} [what]
 */
export function same(got, expected, what = "it") {
  const [is, wanted] = [JSON.stringify(got), JSON.stringify(expected)];
  if (is !== wanted) throw new Error(`${what} is ${is}, not ${wanted}`);
}
