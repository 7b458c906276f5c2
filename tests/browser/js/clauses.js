// @ts-check
// Runs the specifications of the page's modules: each module here exports clauses, functions that are
// named after what they specify, and throw if it does not hold.

import { StoppedClock } from "./stopped-clock.js";

/** @typedef {(clock: StoppedClock) => void | Promise<void>} Clause */

/**
 * Runs every clause with a clock of its own. Returns the number of clauses, or the names of those that
 * fail, each with its error.
 * @param {Record<string, Clause>} clauses
 */
export async function failures(clauses) {
  const failed = [];
  for (const [name, clause] of Object.entries(clauses)) {
    const clock = new StoppedClock();
    try {
      await clause(clock);
    } catch (error) {
      failed.push(`${name}: ${error instanceof Error ? error.stack : error}`);
    } finally {
      clock.restore();
    }
  }
  return failed.length > 0 ? failed : Object.keys(clauses).length;
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
