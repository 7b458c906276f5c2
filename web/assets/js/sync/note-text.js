// @ts-check
// The text machine of one note: what was typed here, over what the server has.

import { apply, compose, diff, inTwo, isEmpty, transform } from "../delta/delta.js";

/** @typedef {import("../delta/delta.js").Delta} Delta */

/**
 * The local changes of one note: *in flight*, and *pending* after it, on the text that they were
 * made on. A note without local changes has none of this.
 *
 * **Moored**, that text is the server's, and every event moves both on. After a snapshot, with
 * something in flight of which nobody knows whether it is contained, the note is **unmoored**: it
 * keeps showing what it showed until the outcome tells.
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
   * Brought back from where it was kept; throws where the changes do not fit their text.
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

  /** What the person sees. */
  shown() {
    return apply(this.#sent(), this.pending);
  }

  /** Whether nothing is left that the server does not have. */
  isClean() {
    return !this.inFlight && isEmpty(this.pending);
  }

  /**
   * The person changed what they see.
   * @param {Delta} delta
   */
  edit(delta) {
    apply(this.shown(), delta);
    this.pending = compose(this.pending, delta);
  }

  /** What is pending goes into flight. Only while nothing else is. */
  freeze() {
    const delta = this.pending;
    this.inFlight = delta;
    this.pending = [];
    return delta;
  }

  /**
   * Somebody else changed the server's text into `server`. The change of what is seen.
   * @param {Delta} delta
   * @param {string} server
   * @returns {Delta}
   */
  remoteEvent(delta, server) {
    if (!this.isSynced) return [];
    this.baseText = server;
    let over = delta;
    if (this.inFlight) [over, this.inFlight] = cross(over, this.inFlight);
    [over, this.pending] = cross(over, this.pending);
    return over;
  }

  /** What is in flight may be part of what comes next: keep showing what is shown meanwhile. */
  detach() {
    if (this.inFlight) this.isSynced = false;
  }

  /**
   * The server's text is known anew, from a snapshot.
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
   * Whether an event is what this client, too, made of the edit that is in flight.
   * @param {Delta} delta
   */
  agrees(delta) {
    return !this.isSynced || JSON.stringify(this.inFlight) === JSON.stringify(delta);
  }

  /**
   * The event of what is in flight arrived, and made the server's text `server`.
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
   * What was in flight is part of the server's text by now, however it got there.
   * @param {string} server
   * @returns {Delta}
   */
  acknowledged(server) {
    const over = diff(this.#sent(), server);
    this.inFlight = null;
    return this.#rebase(over, server);
  }

  /**
   * What was in flight will never arrive, and is to be sent anew with what was typed since.
   * @param {string} server
   * @returns {Delta}
   */
  takeBackInFlight(server) {
    if (this.inFlight) this.pending = compose(this.inFlight, this.pending);
    this.inFlight = null;
    return this.#rebase(diff(this.baseText, server), server);
  }

  /**
   * What is pending stays before or behind what was replaced meanwhile, where it stood.
   * @param {Delta} change
   * @param {string} server
   * @returns {Delta}
   */
  #rebase(change, server) {
    const [inserts, deletes] = inTwo(change);
    const [over, between] = cross(inserts, this.pending);
    const [overThen, pending] = cross(deletes, between);
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
 * Two changes of one text, rewritten so that `theirs` goes after `mine` and `mine` after `theirs`.
 * The server's stands first where both insert, as in the core: the lower seq stands first.
 * @param {Delta} theirs
 * @param {Delta} mine
 * @returns {[Delta, Delta]}
 */
function cross(theirs, mine) {
  return [transform(mine, theirs, false), transform(theirs, mine, true)];
}
