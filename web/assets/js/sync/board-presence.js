// @ts-check
// Who is at the board: what this client says of its person, and what it is told of the others.

import { presenceFrame } from "./client-messages.js";

/** @typedef {import("./board-client.js").BoardClient} BoardClient */

/**
 * Somebody who is here, with the notes that they are in.
 * @typedef {{actor: import("./client-messages.js").Actor, notes: string[]}} PersonHere
 */
/**
 * What is true now. Nothing of it is kept. `here`: the note that the person is in, or null where
 * they are in none; nobody is told before the page says so.
 * @typedef {{here: string | null | undefined, people: PersonHere[], more: number}} Presence
 */

/** @returns {Presence} */
export function noPresence() {
  return { here: undefined, people: [], more: 0 };
}

/**
 * @param {BoardClient} client
 * @param {string | null} note
 */
export function setPresence(client, note) {
  if (client.presence.here === note) return;
  client.presence.here = note;
  sendPresence(client);
}

/** @param {BoardClient} client */
export function people({ presence, me }) {
  return presence.people.filter(({ actor }) => actor.id !== me?.id);
}

/**
 * Says where the person is, if the board's events follow: the server forgets it with each join.
 * @param {BoardClient} client
 */
export function sendPresence({ subscription, presence, board, outgoing }) {
  if (subscription.state === "live" && presence.here !== undefined) outgoing.push(presenceFrame(board, presence.here));
}

/**
 * @param {BoardClient} client
 * @param {PersonHere[]} people
 * @param {number} more
 */
export function onPresence({ presence, changes }, people, more) {
  if (presence.more === more && JSON.stringify(presence.people) === JSON.stringify(people)) return;
  presence.people = people;
  presence.more = more;
  changes.people();
}

/**
 * Who is not told of others any more does not know of them.
 * @param {BoardClient} client
 */
export function clearPeople(client) {
  onPresence(client, [], 0);
}
