// @ts-check
// What a page keeps on this device until the server has it: one record for each outbox, in
// IndexedDB. Where that is missing, records live as long as the page.

/** @typedef {import("../sync/unsent-state.js").Saved} Saved */
/**
 * What is kept: the machine's state, and what stands in the form for a new note.
 * @typedef {{saved: Saved | null, composer: {text: string, colour: string} | null}} Content
 */
/**
 * `owner` names the page that writes it, `beat` says when that page was last alive.
 * @typedef {{id: string, board: string, owner: string, beat: number, content: Content}} OutboxRecord
 */

const DATABASE = "sockbit";
const RECORDS = "outboxes";
const OPEN_WITHIN_MS = 3_000;

/** @returns {Promise<IndexedDbStorage | MemoryStorage>} */
export async function openOutboxStorage() {
  try {
    return new IndexedDbStorage(await openDatabase());
  } catch {
    return new MemoryStorage();
  }
}

export class IndexedDbStorage {
  isDurable = true;

  /** @param {IDBDatabase} database */
  constructor(database) {
    this.database = database;
    // Another page wants to change the schema: do not stand in its way.
    database.addEventListener("versionchange", () => database.close());
  }

  /** @returns {Promise<OutboxRecord[]>} */
  async all() {
    return done(this.#records("readonly").getAll());
  }

  /**
   * @param {string} id
   * @returns {Promise<OutboxRecord | undefined>}
   */
  async read(id) {
    return done(this.#records("readonly").get(id));
  }

  /**
   * Writes at once, whoever owned the record: for those who hold its lock, and for pages that go.
   * @param {OutboxRecord} record
   */
  async write(record) {
    const records = this.#records("readwrite");
    if (isBlank(record)) records.delete(record.id);
    else records.put(record);
    // Without this the transaction would wait for the page, which may be gone by then.
    records.transaction.commit();
    await completed(records.transaction);
  }

  /**
   * Writes if the record is still as `mayWrite` wants it. False where it is not.
   * @param {OutboxRecord} record
   * @param {(stored: OutboxRecord | undefined) => boolean} mayWrite
   */
  async writeIf(record, mayWrite) {
    const records = this.#records("readwrite");
    const isMine = mayWrite(await done(records.get(record.id)));
    if (isMine) records.put(record);
    await completed(records.transaction);
    return isMine;
  }

  /** @param {IDBTransactionMode} mode */
  #records(mode) {
    return this.database.transaction(RECORDS, mode).objectStore(RECORDS);
  }
}

/** Keeps nothing beyond the page; people are told. */
export class MemoryStorage {
  isDurable = false;

  /** @returns {Promise<OutboxRecord[]>} */
  async all() {
    return [];
  }

  /**
   * @param {string} _id
   * @returns {Promise<OutboxRecord | undefined>}
   */
  async read(_id) {
    return undefined;
  }

  /** @param {OutboxRecord} _record */
  async write(_record) {}

  /**
   * @param {OutboxRecord} _record
   * @param {(stored: OutboxRecord | undefined) => boolean} _mayWrite
   */
  async writeIf(_record, _mayWrite) {
    return true;
  }
}

/**
 * Whether there is anything to keep.
 * @param {{content: Content}} record
 */
export function isBlank({ content }) {
  return content.saved === null && content.composer === null;
}

/** @returns {Promise<IDBDatabase>} */
function openDatabase() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(RECORDS, { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("another page holds an older database"));
    // Some browsers never answer, in private windows.
    setTimeout(() => reject(new Error("the database does not open")), OPEN_WITHIN_MS);
  });
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * @param {IDBTransaction} transaction
 * @returns {Promise<void>}
 */
function completed(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}
