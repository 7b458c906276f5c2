// @ts-check
// The subscription to the board's events: joining at a position, or pulling the whole board first.

import { joinFrame, pageFrame } from "./client-messages.js";

/** @typedef {import("../platform/clock-and-ids.js").ClockAndIds} ClockAndIds */
/** @typedef {import("./client-messages.js").Reason} Reason */
/** @typedef {import("./effect.js").Effect} Effect */
/** @typedef {import("./server-board.js").ServerBoard} ServerBoard */

/** Whether the client receives the board's events. @typedef {"not_joined" | "joining" | "live" | "refused"} JoinState */
/**
 * `awaiting_membership`: a command that makes the user a member is sent before the join; `live`:
 * caught up once the board is at `head`, the server's head at the join; `retryAt`: when to send the
 * request again, if the server asked for a pause.
 * @typedef {{type: "offline" | "awaiting_membership"}
 *   | {type: "joining", retryAt: number | null}
 *   | {type: "pulling", query: string, after: string | null, pages: any[], retryAt: number | null}
 *   | {type: "live", head: number}
 *   | {type: "refused", reason: Reason}} SubscriptionState
 */

export class Subscription {
  /** @type {SubscriptionState} */
  #state = { type: "offline" };

  /** @returns {JoinState} */
  get joinState() {
    const { type } = this.#state;
    if (type === "offline") return "not_joined";
    return type === "live" || type === "refused" ? type : "joining";
  }

  get refusal() {
    return this.#state.type === "refused" ? this.#state.reason : null;
  }

  get isLive() {
    return this.#state.type === "live";
  }

  get isConnected() {
    return this.#state.type !== "offline";
  }

  /**
   * Whether commands may be sent: everything that the server had at the join is applied.
   * @param {ServerBoard} server
   */
  isCaughtUp({ position }) {
    return this.#state.type === "live" && position !== null && position.seq >= this.#state.head;
  }

  /**
   * @param {boolean} isForMembership
   * @param {ServerBoard} server
   */
  connected(isForMembership, server) {
    if (!isForMembership) return this.join(server);
    this.#state = { type: "awaiting_membership" };
    return [];
  }

  disconnected() {
    this.#state = { type: "offline" };
  }

  /**
   * Joins at the board's position.
   * @param {ServerBoard} server
   * @returns {Effect[]}
   */
  join(server) {
    this.#state = { type: "joining", retryAt: null };
    return [{ type: "send", frame: joinFrame(server.id, server.position) }];
  }

  /**
   * The command that makes the user a member has its outcome.
   * @param {ServerBoard} server
   */
  membershipDecided(server) {
    const { type } = this.#state;
    return type === "awaiting_membership" || type === "refused" ? this.join(server) : [];
  }

  /**
   * Joins again while live, to receive the events that may be missing.
   * @param {ServerBoard} server
   */
  check(server) {
    return this.isLive ? joinFrame(server.id, server.position) : null;
  }

  /**
   * An event is missing. The next join brings it, so a gap during a join needs no other one.
   * @param {ServerBoard} server
   */
  gap(server) {
    return this.isLive ? this.join(server) : [];
  }

  /**
   * @param {number} head
   * @param {ServerBoard} server
   * @param {ClockAndIds} clockAndIds
   * @returns {Effect[]}
   */
  joined(head, server, clockAndIds) {
    if (this.#state.type === "offline" || this.#state.type === "pulling") return [];
    if (!server.canResume(head)) return this.pull(server, clockAndIds);
    this.#state = { type: "live", head };
    return [{ type: "joined", head }];
  }

  /**
   * The server can no longer verify the position: pulls the whole board.
   * @param {ServerBoard} server
   * @param {ClockAndIds} clockAndIds
   */
  pull(server, { mint }) {
    if (!this.isConnected) return [];
    const pull = { type: /** @type {const} */ ("pulling"), query: mint(), after: null, pages: [], retryAt: null };
    this.#state = pull;
    return [pageRequest(pull, server)];
  }

  /** @param {Reason | undefined} rejection */
  left(rejection) {
    this.#state = rejection ? refused(rejection) : { type: "offline" };
  }

  /**
   * @param {string} id
   * @param {any} body
   * @param {ServerBoard} server
   * @param {ClockAndIds} clockAndIds
   * @returns {Effect[]}
   */
  reply(id, body, server, { mint }) {
    const pull = this.#state;
    if (pull.type !== "pulling" || pull.query !== id) return [];
    if (body.type === "rejected") this.#state = refused(body);
    if (body.type !== "board_page") return [];
    pull.pages.push(body);
    pull.after = body.next ?? null;
    if (!pull.after) return [{ type: "load", pages: pull.pages.splice(0) }];
    pull.query = mint();
    return [pageRequest(pull, server)];
  }

  /**
   * The server asked for a pause. After that the join, or the query with this id, is sent again.
   * @param {string | undefined} id
   * @param {boolean} isJoin
   * @param {number} until
   */
  postpone(id, isJoin, until) {
    const { type } = this.#state;
    // A check that is postponed ends the join before it.
    if (isJoin && (type === "joining" || type === "live")) this.#state = { type: "joining", retryAt: until };
    if (this.#state.type === "pulling" && this.#state.query === id) this.#state.retryAt = until;
  }

  /**
   * Returns whether the refused message was sent for the subscription.
   * @param {{id?: string, code: string, detail: string}} refusal
   */
  refused(refusal) {
    const state = this.#state;
    const isJoin = state.type === "joining" && !refusal.id && refusal.code === "too_many_boards";
    const isPull = state.type === "pulling" && state.query === refusal.id;
    if (isJoin || isPull) this.#state = refused(refusal);
    return isJoin || isPull;
  }

  /**
   * @param {ServerBoard} server
   * @param {ClockAndIds} clockAndIds
   */
  tick(server, { monotonic, mint }) {
    const state = this.#state;
    if (!("retryAt" in state) || state.retryAt === null || state.retryAt > monotonic) return [];
    if (state.type === "joining") return this.join(server);
    state.retryAt = null;
    state.query = mint();
    return [pageRequest(state, server)];
  }
}

/**
 * @param {SubscriptionState & {type: "pulling"}} pull
 * @param {ServerBoard} server
 * @returns {Effect}
 */
function pageRequest({ query, after }, { id }) {
  return { type: "send", frame: pageFrame(query, id, after) };
}

/**
 * @param {Reason} reason
 * @returns {SubscriptionState}
 */
function refused({ code, detail }) {
  return { type: "refused", reason: { code, detail } };
}
