// @ts-check
// The local changes of one note's text, and how they follow the server's text.

import { apply, compose, diff, isEmpty, splitInsertsAndDeletes, transform } from "../delta/delta.js";

/** @typedef {import("../delta/delta.js").Delta} Delta */

/**
 * The local changes of one text: *in flight*, and *pending* after it, on their base text. A note
 * without local changes has none of this.
 *
 * While it is **synced**, the base text is the server's, and every event rebases both changes.
 * A snapshot, or a squashed event, may contain what is in flight. The text is then **detached**:
 * it stays as it is until the outcome of what is in flight.
 */
export class NoteText {
  /** @type {Delta | null} */
  inFlight = null;
  /** @type {Delta} */
  pending = [];
  isSynced = true;

  /** @param {string} baseText */
  constructor(baseText) {
    this.baseText = baseText;
  }

  /**
   * From stored changes. Throws if they do not fit their base text.
   * @param {string} baseText
   * @param {Delta | null} inFlight
   * @param {Delta} pending
   */
  static restore(baseText, inFlight, pending) {
    apply(inFlight ? apply(baseText, inFlight) : baseText, pending);
    const text = new NoteText(baseText);
    text.inFlight = inFlight;
    text.pending = pending;
    text.isSynced = false;
    return text;
  }

  /** The text that the user sees. */
  shown() {
    return apply(this.#sent(), this.pending);
  }

  /** Whether the server has all of it. */
  isClean() {
    return !this.inFlight && isEmpty(this.pending);
  }

  /**
   * The user changed the shown text.
   * @param {Delta} delta
   */
  edit(delta) {
    apply(this.shown(), delta);
    this.pending = compose(this.pending, delta);
  }

  /** Puts the pending change in flight. Nothing else may be in flight. */
  freeze() {
    const delta = this.pending;
    this.inFlight = delta;
    this.pending = [];
    return delta;
  }

  /**
   * Another client changed the server's text into `server`. Returns the change of the shown text.
   * @param {Delta} delta
   * @param {string} server
   * @returns {Delta}
   */
  remoteEvent(delta, server) {
    if (!this.isSynced) return [];
    this.baseText = server;
    let over = delta;
    if (this.inFlight) [over, this.inFlight] = transformBoth(over, this.inFlight);
    [over, this.pending] = transformBoth(over, this.pending);
    return over;
  }

  /** The next event may contain what is in flight: the shown text stays until the outcome. */
  detach() {
    if (this.inFlight) this.isSynced = false;
  }

  /**
   * A snapshot has another server text. Returns the change of the shown text.
   * @param {string} server
   * @returns {Delta}
   */
  rebaseOnto(server) {
    if (this.inFlight) {
      this.isSynced = false;
      return [];
    }
    return this.#rebase(diff(this.baseText, server), server);
  }

  /**
   * Whether an event is what this client, too, made of the edit in flight.
   * @param {Delta} delta
   */
  agrees(delta) {
    return !this.isSynced || JSON.stringify(this.inFlight) === JSON.stringify(delta);
  }

  /**
   * The event of the edit in flight changed the server's text into `server`.
   * @param {Delta} delta
   * @param {string} server
   * @returns {Delta}
   */
  ownEvent(delta, server) {
    if (this.isSynced && this.agrees(delta)) {
      this.inFlight = null;
      this.baseText = server;
      return [];
    }
    return this.acknowledged(server);
  }

  /**
   * What was in flight is part of the server's text, however it got there.
   * @param {string} server
   * @returns {Delta}
   */
  acknowledged(server) {
    const over = diff(this.#sent(), server);
    this.inFlight = null;
    return this.#rebase(over, server);
  }

  /**
   * What was in flight will never arrive: it is pending again.
   * @param {string} server
   * @returns {Delta}
   */
  takeBackInFlight(server) {
    if (this.inFlight) this.pending = compose(this.inFlight, this.pending);
    this.inFlight = null;
    return this.#rebase(diff(this.baseText, server), server);
  }

  /**
   * Pending text keeps its place before or after a part that the server replaced: inserts are
   * transformed first, then deletes.
   * @param {Delta} change
   * @param {string} server
   * @returns {Delta}
   */
  #rebase(change, server) {
    const [inserts, deletes] = splitInsertsAndDeletes(change);
    const [over, between] = transformBoth(inserts, this.pending);
    const [overThen, pending] = transformBoth(deletes, between);
    this.pending = pending;
    this.baseText = server;
    this.isSynced = true;
    return compose(over, overThen);
  }

  #sent() {
    return this.inFlight ? apply(this.baseText, this.inFlight) : this.baseText;
  }
}

/**
 * A change of `before`, rebased onto `now` over the difference of the two texts.
 * @param {Delta} delta
 * @param {string} before
 * @param {string} now
 * @returns {Delta}
 */
export function rebasedDelta(delta, before, now) {
  if (before === now) return delta;
  const text = new NoteText(before);
  text.edit(delta);
  text.rebaseOnto(now);
  return text.pending;
}

/**
 * Rewrites two changes of one text, so that each applies after the other. Where both insert, the
 * server's text is first, as in the core: the lower seq is first.
 * @param {Delta} theirs
 * @param {Delta} mine
 * @returns {[Delta, Delta]}
 */
function transformBoth(theirs, mine) {
  return [transform(mine, theirs, false), transform(theirs, mine, true)];
}
