// @ts-check
// A storage that several pages share.

import { isEmpty } from "../../../web/assets/js/storage/outbox-storage.js";

/** @typedef {import("../../../web/assets/js/storage/outbox-storage.js").OutboxRecord} OutboxRecord */

/** Replies at once; refuses writes while `isFull`. */
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
    const isAccepted = mayWrite(this.records.get(record.id));
    if (isAccepted) this.#put(record);
    return isAccepted;
  }

  /** Another page takes over a record. @param {string} id */
  takeOver(id) {
    const record = this.records.get(id);
    if (!record) throw new Error(`there is no record ${id}`);
    this.records.set(id, { ...record, owner: "another page", beat: Date.now() });
  }

  /** All records but this one. @param {string} id */
  othersThan(id) {
    return [...this.records.values()].filter((record) => record.id !== id);
  }

  /** @param {OutboxRecord} record */
  #put(record) {
    if (this.isFull) throw new Error("the disk is full");
    this.records.set(record.id, structuredClone(record));
  }
}
