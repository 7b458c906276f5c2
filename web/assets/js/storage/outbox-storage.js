// @ts-check
// Outbox storage: one IndexedDB record for each outbox holds what the server does not have yet.
// Without IndexedDB, records live as long as the page.

/** @typedef {import("../sync/persisted-state.js").PersistedState} PersistedState */
/**
 * The content of a record: the client machine's unsent state and the text in the new-note form.
 * @typedef {{saved: PersistedState | null, composer: {text: string, colour: string} | null}} OutboxContent
 */
/**
 * `owner` is the id of the page that writes the record, `beat` the time of its last heartbeat;
 * 0 means that the owner has released it.
 * @typedef {{id: string, board: string, owner: string, beat: number, content: OutboxContent}} OutboxRecord
 */

const DATABASE = "sockbit";
const RECORDS = "outboxes";
const OPEN_TIMEOUT_MS = 3_000;

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
    // Do not block another page that upgrades the schema.
    database.addEventListener("versionchange", () => database.close());
  }

  /** @returns {Promise<OutboxRecord[]>} */
  async all() {
    return requestResult(this.#records("readonly").getAll());
  }

  /**
   * @param {string} id
   * @returns {Promise<OutboxRecord | undefined>}
   */
  async read(id) {
    return requestResult(this.#records("readonly").get(id));
  }

  /**
   * Writes without looking at the owner: for the holder of the record's lock, and on page hide.
   * @param {OutboxRecord} record
   */
  async write(record) {
    const records = this.#records("readwrite");
    if (isEmpty(record)) records.delete(record.id);
    else records.put(record);
    // An open transaction would wait for the page, which may be gone by then.
    records.transaction.commit();
    await transactionCompleted(records.transaction);
  }

  /**
   * Compare and swap: writes if `mayWrite` accepts the stored record. Returns whether it did.
   * @param {OutboxRecord} record
   * @param {(stored: OutboxRecord | undefined) => boolean} mayWrite
   */
  async writeIf(record, mayWrite) {
    const records = this.#records("readwrite");
    const isAccepted = mayWrite(await requestResult(records.get(record.id)));
    if (isAccepted) records.put(record);
    await transactionCompleted(records.transaction);
    return isAccepted;
  }

  /** @param {IDBTransactionMode} mode */
  #records(mode) {
    return this.database.transaction(RECORDS, mode).objectStore(RECORDS);
  }
}

/** Stores nothing. The page warns that unsent changes are lost when it closes. */
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

/** @param {{content: OutboxContent}} record */
export function isEmpty({ content }) {
  return content.saved === null && content.composer === null;
}

/** @returns {Promise<IDBDatabase>} */
function openDatabase() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(RECORDS, { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("another page holds an older database open"));
    // Some browsers never answer in private windows.
    setTimeout(() => reject(new Error("the database does not open")), OPEN_TIMEOUT_MS);
  });
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function requestResult(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * @param {IDBTransaction} transaction
 * @returns {Promise<void>}
 */
function transactionCompleted(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}
