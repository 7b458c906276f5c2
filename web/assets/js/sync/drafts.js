// @ts-check
// Drafts, and the save statuses of notes after their last outcome.

/** @typedef {import("../platform/clock-and-ids.js").ClockAndIds} ClockAndIds */
/** @typedef {import("./client-messages.js").Reason} Reason */

/**
 * Text that could not be saved in its note. The user may put it into a new one.
 * @typedef {{id: string, note: string, text: string, reason: Reason, at: number}} Draft
 */
/**
 * Whether the server has a note's text. `editing`: it has changes that are not flushed; `saving`: it
 * is queued or sent, without an outcome; `rejected`: it is a draft. `since` is on the monotonic clock.
 * @typedef {{state: "saved" | "editing" | "saving" | "rejected", since: number | null,
 *   code?: string, detail?: string}} SaveStatus
 */

export class Drafts {
  /** By note, if its text has had an outcome. @type {Map<string, SaveStatus>} */
  #saveStatuses = new Map();
  /** @type {Draft[]} */
  #drafts;

  /** @param {Draft[]} drafts */
  constructor(drafts = []) {
    this.#drafts = [...drafts];
  }

  /** Oldest first. */
  get all() {
    return [...this.#drafts];
  }

  /** @param {string} note */
  saveStatus(note) {
    return this.#saveStatuses.get(note);
  }

  /** The notes whose text has had an outcome. */
  get notesWithStatus() {
    return [...this.#saveStatuses.keys()];
  }

  /**
   * @param {string} note
   * @param {string} text
   * @param {Reason} reason
   * @param {ClockAndIds} clockAndIds
   */
  add(note, text, { code, detail }, { wall, mint }) {
    const draft = { id: mint(), note, text, reason: { code, detail }, at: wall };
    this.#drafts.push(draft);
    return draft;
  }

  /**
   * Removes a draft. Returns its note.
   * @param {string} id
   */
  dismiss(id) {
    const place = this.#drafts.findIndex((draft) => draft.id === id);
    if (place < 0) return null;
    const [{ note }] = this.#drafts.splice(place, 1);
    this.#saveStatuses.delete(note);
    return note;
  }

  /**
   * @param {string} note
   * @param {ClockAndIds} clockAndIds
   */
  saved(note, { monotonic }) {
    this.#saveStatuses.set(note, { state: "saved", since: monotonic });
  }

  /**
   * @param {string} note
   * @param {Reason} reason
   * @param {ClockAndIds} clockAndIds
   */
  rejected(note, { code, detail }, { monotonic }) {
    this.#saveStatuses.set(note, { state: "rejected", since: monotonic, code, detail });
  }

  /** @param {string} note */
  noteGone(note) {
    this.#saveStatuses.delete(note);
  }
}
