// @ts-check
// Presence on the board: the user's own, and that of other users. Nothing of it is stored.

import { presenceFrame } from "./client-messages.js";

/**
 * A user on the board, with the notes that they are in.
 * @typedef {{actor: import("./client-messages.js").Actor, notes: string[]}} PersonPresence
 */

export class Presence {
  /** The note that the user is in; undefined until the page sets it. @type {string | null | undefined} */
  #own = undefined;
  /** @type {PersonPresence[]} */
  #people = [];
  #more = 0;

  /**
   * Returns whether it changed.
   * @param {string | null} note
   */
  setOwn(note) {
    const isChanged = this.#own !== note;
    this.#own = note;
    return isChanged;
  }

  /**
   * Null until the page sets the user's presence.
   * @param {string} board
   */
  frame(board) {
    return this.#own === undefined ? null : presenceFrame(board, this.#own);
  }

  /**
   * Returns whether it changed.
   * @param {PersonPresence[]} people
   * @param {number} more
   */
  setPeople(people, more) {
    const isChanged = this.#more !== more || JSON.stringify(this.#people) !== JSON.stringify(people);
    this.#people = people;
    this.#more = more;
    return isChanged;
  }

  /**
   * All people but the user.
   * @param {string | undefined} user
   */
  people(user) {
    return this.#people.filter(({ actor }) => actor.id !== user);
  }

  get more() {
    return this.#more;
  }
}
