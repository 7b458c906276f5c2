// @ts-check
// Joining: from nothing, or from a position, to following the board's events.

import { clearPeople } from "./board-presence.js";
import { joinState } from "./view-model.js";
import { joinFrame, pageFrame } from "./client-messages.js";

/** @typedef {import("./board-client.js").BoardClient} BoardClient */
/** @typedef {import("./board-client.js").ClockAndIds} ClockAndIds */

/**
 * The connection, as far as this board goes. `awaiting_membership`: a command that lets the sender in goes
 * before the join; `wait`: when, on the clock, the server may be asked again; `reach`: caught up once everything
 * up to there is applied.
 * @typedef {{state: "offline" | "awaiting_membership"}
 *   | {state: "joining", wait: number | null}
 *   | {state: "pulling", query: string, after: string | null, pages: any[], wait: number | null}
 *   | {state: "live", reach: number}
 *   | {state: "refused", reason: import("./client-messages.js").Reason}} SubscriptionState
 */

/**
 * The client was asleep, or has another reason to doubt that it has everything: asks for the events
 * since its position, and goes on meanwhile.
 * @param {BoardClient} client
 */
export function check(client) {
  if (client.subscription.state === "live") sendJoin(client);
}

/**
 * @param {BoardClient} client
 * @param {SubscriptionState} subscription
 */
export function setSubscription(client, subscription) {
  const before = joinState(client);
  client.subscription = subscription;
  if (joinState(client) === "not_joined" || joinState(client) === "refused") clearPeople(client);
  if (joinState(client) !== before) client.changes.board();
}

/**
 * @param {BoardClient} client
 * @param {string} role
 */
export function setRole(client, role) {
  if (client.serverBoard.role === role) return;
  client.serverBoard.role = role;
  client.changes.board();
}

/**
 * Asks for the board's events from where this client stands.
 * @param {BoardClient} client
 */
export function join(client) {
  setSubscription(client, { state: "joining", wait: null });
  sendJoin(client);
}

/** @param {BoardClient} client */
function sendJoin(client) {
  client.outgoing.push(joinFrame(client.board, client.serverBoard.position));
}

/**
 * Whether commands may go out: everything that the server had at the join is applied.
 * @param {BoardClient} client
 */
export function isCaughtUp({ subscription, serverBoard: known }) {
  return subscription.state === "live" && known.position !== null && known.position.seq >= subscription.reach;
}

/**
 * @param {import("./client-messages.js").Reason} rejection
 * @returns {SubscriptionState}
 */
export function refused({ code, detail }) {
  return { state: "refused", reason: { code, detail } };
}

/**
 * @param {BoardClient} client
 * @param {ClockAndIds} clockAndIds
 */
export function pull(client, clockAndIds) {
  if (client.subscription.state === "offline") return;
  const subscription = { state: /** @type {const} */ ("pulling"), query: "", after: null, pages: [], wait: null };
  setSubscription(client, subscription);
  requestPage(client, subscription, clockAndIds);
}

/**
 * @param {BoardClient} client
 * @param {SubscriptionState & {state: "pulling"}} subscription
 * @param {ClockAndIds} clockAndIds
 */
export function requestPage(client, subscription, clockAndIds) {
  subscription.query = clockAndIds.mint();
  client.outgoing.push(pageFrame(subscription.query, client.board, subscription.after));
}
