// @ts-check
// A database that several pages share.

import { isEmpty } from "../../../web/assets/js/storage/outbox-storage.js";

/** @typedef {import("../../../web/assets/js/storage/outbox-storage.js").OutboxRecord} OutboxRecord */

/** Answers at once, and refuses where a test says so. */
export class SharedStorage {
  isDurable = true;
  isFull = false;
  /** @type {Map<string, OutboxRecord>} */
  records = new Map();

  async all() {
    return [...this.records.values()];
  }

  /** @param {string} id */
  async read(id) {
    return this.records.get(id);
  }

  /** @param {OutboxRecord} record */
  async write(record) {
    if (isEmpty(record)) this.records.delete(record.id);
    else this.#put(record);
  }

  /**
   * @param {OutboxRecord} record
   * @param {(stored: OutboxRecord | undefined) => boolean} mayWrite
   */
  async writeIf(record, mayWrite) {
    const isMine = mayWrite(this.records.get(record.id));
    if (isMine) this.#put(record);
    return isMine;
  }

  /** Another page makes itself the owner. @param {string} id */
  takeOver(id) {
    const record = this.records.get(id);
    if (!record) throw new Error(`there is no record ${id}`);
    this.records.set(id, { ...record, owner: "another page", beat: Date.now() });
  }

  /** All but this one. @param {string} id */
  othersThan(id) {
    return [...this.records.values()].filter((record) => record.id !== id);
  }

  /** @param {OutboxRecord} record */
  #put(record) {
    if (this.isFull) throw new Error("the disk is full");
    this.records.set(record.id, structuredClone(record));
  }
}
