// @ts-check
// What is waited for only so long.

export class TimeoutError extends Error {}

/**
 * @template T
 * @param {number} most
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
export function within(most, promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new TimeoutError("it takes too long")), most);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
