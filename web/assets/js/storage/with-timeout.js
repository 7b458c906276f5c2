// @ts-check
// A promise with a deadline.

export class TimeoutError extends Error {}

/**
 * Settles like the promise, or rejects with a TimeoutError after `timeoutMs`.
 * @template T
 * @param {number} timeoutMs
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
export function withTimeout(timeoutMs, promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new TimeoutError(`no result within ${timeoutMs} ms`)), timeoutMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
