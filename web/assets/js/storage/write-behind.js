// @ts-check
// Writes an outbox's content to its record: one write at a time, then one of the latest content,
// however often that changed meanwhile. A slow database is never more than two writes behind.

import { withTimeout } from "./with-timeout.js";

/** @typedef {import("./outbox-storage.js").OutboxContent} OutboxContent */

/** Commands go out after this long even if the database hangs. */
const WRITE_TIMEOUT_MS = 3_000;

export class WriteBehind {
  /** Whether unsent changes survive the page. */
  isPersisted;
  /** @type {OutboxContent} */
  #latest;
  #running = Promise.resolve();
  /** Starts when the running write has ended. @type {Promise<void> | null} */
  #next = null;
  #isOverdue = false;
  /** @type {Promise<void> | null} */
  #separateWrite = null;
  #hasReloaded = false;

  /**
   * @param {import("./outbox-lease.js").OutboxLease} lease
   * @param {() => void} [reload] called once the lease is lost and the rest is written elsewhere
   */
  constructor(lease, reload = () => location.reload()) {
    this.lease = lease;
    this.reload = reload;
    lease.onLost = () => void this.#writeSeparately();
    this.isPersisted = lease.storage.isDurable;
    this.#latest = lease.content;
  }

  /**
   * Settles when a write that contains this content has ended, or after a timeout.
   * @param {OutboxContent} content
   */
  async write(content) {
    this.#latest = content;
    this.#next ??= this.#running.then(() => this.#writeLatest());
    if (!this.#isOverdue) await withTimeout(WRITE_TIMEOUT_MS, this.#next).catch(() => {});
  }

  #writeLatest() {
    this.#next = null;
    this.#running = this.#write(this.#latest);
    return this.#running;
  }

  /** @param {OutboxContent} content */
  async #write(content) {
    if (this.lease.isLost || this.lease.hasStored(content)) return;
    const overdue = setTimeout(() => this.#onFailure(true), WRITE_TIMEOUT_MS);
    try {
      await this.lease.write(content);
      this.#isOverdue = false;
      if (this.lease.isLost) await this.#writeSeparately();
      else this.isPersisted = this.lease.storage.isDurable;
    } catch {
      this.#onFailure(false);
    }
    clearTimeout(overdue);
  }

  /** Another page owns the record now: only what the record lacks is written, to a new one. */
  #writeSeparately() {
    const written = () => this.#onWrittenSeparately();
    const failed = () => this.#onFailure(false);
    this.#separateWrite ??= this.lease
      .writeSeparately(this.#latest)
      .then(written, failed)
      .finally(() => (this.#separateWrite = null));
    return this.#separateWrite;
  }

  /** Reloads once only: a second request would cancel a slow first one. */
  #onWrittenSeparately() {
    this.isPersisted = this.lease.storage.isDurable;
    if (!this.#hasReloaded) this.reload();
    this.#hasReloaded = true;
  }

  /** @param {boolean} isOverdue */
  #onFailure(isOverdue) {
    this.isPersisted = false;
    this.#isOverdue = isOverdue;
  }
}
