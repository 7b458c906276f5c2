// @ts-check
// Keeps what a seat wants kept: one write at a time, and after it one of what is wanted by then,
// however often that changed. So a slow database is never more than two writes behind.

import { within } from "./with-timeout.js";

/** @typedef {import("./outbox-storage.js").Content} Content */

/** A browser whose database hangs must not keep words from going out. */
const KEEP_MAX_MS = 3_000;

export class WriteBehind {
  /** Whether what is not sent survives the page. */
  isPersisted;
  /** @type {Content} */
  #wanted;
  #running = Promise.resolve();
  /** Starts when what is running has ended. @type {Promise<void> | null} */
  #next = null;
  #isOverdue = false;
  /** @type {Promise<void> | null} */
  #moving = null;
  /** Whether the page that comes after this one is on its way. */
  #hasBegun = false;

  /**
   * @param {import("./outbox-leases.js").OutboxLease} lease
   * @param {() => void} [beginAgain] with what is there then
   */
  constructor(lease, beginAgain = () => location.reload()) {
    this.lease = lease;
    this.beginAgain = beginAgain;
    lease.onLost = () => void this.#move();
    this.isPersisted = lease.storage.isDurable;
    this.#wanted = lease.content;
  }

  /**
   * Settles when a write that contains this has ended, or when it is waited for no longer.
   * @param {Content} content
   */
  async write(content) {
    this.#wanted = content;
    this.#next ??= this.#running.then(() => this.#writeWanted());
    if (!this.#isOverdue) await within(KEEP_MAX_MS, this.#next).catch(() => {});
  }

  #writeWanted() {
    this.#next = null;
    this.#running = this.#write(this.#wanted);
    return this.#running;
  }

  /** @param {Content} content */
  async #write(content) {
    if (this.lease.isLost || this.lease.hasStored(content)) return;
    const overdue = setTimeout(() => this.#fail(true), KEEP_MAX_MS);
    try {
      await this.lease.write(content);
      this.#isOverdue = false;
      if (this.lease.isLost) await this.#move();
      else this.isPersisted = this.lease.storage.isDurable;
    } catch {
      this.#fail(false);
    }
    clearTimeout(overdue);
  }

  /** Another page has this one's record, words and all: only what is not in there is kept elsewhere. */
  #move() {
    const moved = () => this.#onMoved();
    const refused = () => this.#fail(false);
    this.#moving ??= this.lease.setAside(this.#wanted).then(moved, refused).finally(() => (this.#moving = null));
    return this.#moving;
  }

  /** Once: whoever asks for a slow page again and again never gets it. */
  #onMoved() {
    this.isPersisted = this.lease.storage.isDurable;
    if (!this.#hasBegun) this.beginAgain();
    this.#hasBegun = true;
  }

  /** @param {boolean} isOverdue */
  #fail(isOverdue) {
    this.isPersisted = false;
    this.#isOverdue = isOverdue;
  }
}
