// @ts-check
// What is waited for only so long.

/**
 * @template T
 * @param {number} most
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
export function within(most, promise) {
  return new Promise((resolve, reject) => {
    promise.then(resolve, reject);
    setTimeout(() => reject(new Error("it takes too long")), most);
  });
}
