// @ts-check
// A storage whose writes a test ends.

/** A write ends when a test calls `done` or `fail`. */
export class ManualStorage {
  isDurable = true;
  /** @type {{text: string, done: () => void, fail: (why: Error) => void}[]} */
  writes = [];

  /** @param {import("../../../web/assets/js/storage/outbox-storage.js").OutboxRecord} record */
  write({ content }) {
    return new Promise((/** @type {(_: void) => void} */ done, fail) => {
      this.writes.push({ text: content.composer?.text ?? "", done, fail });
    });
  }

  get texts() {
    return this.writes.map(({ text }) => text);
  }
}
