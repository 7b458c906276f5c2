// @ts-check
// The connection, over a fake WebSocket.

import { Connection } from "../../../web/assets/js/sync/connection.js";
import { same } from "./clauses.js";

/** @typedef {import("./stopped-clock.js").StoppedClock} Clock */

/** Replaces the browser's WebSocket. */
class FakeSocket extends EventTarget {
  static OPEN = 1;
  /** @type {FakeSocket[]} */
  static all = [];
  readyState = FakeSocket.OPEN;
  /** @type {string[]} */
  sent = [];

  constructor() {
    super();
    FakeSocket.all.push(this);
  }

  /** @param {string} frame */
  send(frame) {
    this.sent.push(JSON.parse(frame).type);
  }

  close() {
    this.readyState = 3;
  }

  /** @param {string} type */
  receive(type) {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify({ v: 1, type }) }));
  }

  /** @param {number} code */
  closeWith(code) {
    this.close();
    this.dispatchEvent(Object.assign(new Event("close"), { code }));
  }
}

function newestSocket() {
  return FakeSocket.all[FakeSocket.all.length - 1];
}

/**
 * An open connection with the longest possible delays of attempts.
 * @param {(connection: Connection, calls: string[]) => Promise<void>} use
 */
async function connected(use) {
  const real = { WebSocket: globalThis.WebSocket, random: Math.random };
  Object.assign(globalThis, { WebSocket: FakeSocket });
  Math.random = () => 1;
  FakeSocket.all = [];
  /** @type {string[]} */
  const calls = [];
  const record = (/** @type {string} */ name) => () => void calls.push(name);
  const connection = new Connection("ws://nowhere");
  const events = ["connected", "receive", "resumed", "tooLong", "disconnected"];
  connection.add(/** @type {any} */ (Object.fromEntries(events.map((it) => [it, record(it)]))));
  try {
    connection.open();
    newestSocket().receive("welcome");
    await use(connection, calls);
  } finally {
    connection.close();
    Math.random = real.random;
    Object.assign(globalThis, { WebSocket: real.WebSocket });
  }
}

/** @param {Clock} clock */
export const a_hidden_page_sends_a_ping_after_a_long_silence_and_keeps_its_connection = (clock) =>
  connected(async (connection) => {
    await clock.oversleep(60_000);
    same([connection.state, newestSocket().sent], ["live", ["ping"]]);
    newestSocket().receive("pong");
    await clock.oversleep(60_000);
    same([connection.state, FakeSocket.all.length], ["live", 1]);
  });

/** @param {Clock} clock */
export const a_dead_connection_is_detected_within_25_seconds = (clock) =>
  connected(async (connection) => {
    await clock.pass(25_000);
    same(connection.state, "reconnecting");
  });

/** @param {Clock} clock */
export const a_connection_with_pongs_is_kept = (clock) =>
  connected(async (connection) => {
    for (const _ of [1, 2, 3]) {
      await clock.pass(20_000);
      newestSocket().receive("pong");
    }
    same([connection.state, newestSocket().sent, FakeSocket.all.length], ["live", ["ping", "ping", "ping"], 1]);
  });

/** @param {Clock} clock */
export const connections_that_end_after_their_welcome_are_retried_with_growing_delays = (clock) =>
  connected(async () => {
    for (const pause of [250, 500, 1_000, 2_000]) {
      const sockets = FakeSocket.all.length;
      newestSocket().closeWith(1006);
      await clock.pass(pause - 1);
      same(FakeSocket.all.length, sockets, `sockets within ${pause} ms`);
      await clock.pass(1);
      same(FakeSocket.all.length, sockets + 1, `sockets after ${pause} ms`);
      newestSocket().receive("welcome");
    }
  });

/** @param {Clock} clock */
export const after_a_stable_connection_the_next_attempt_is_early = (clock) =>
  connected(async () => {
    for (const sockets of [2, 3, 4]) {
      await clock.pass(6_000);
      newestSocket().closeWith(1006);
      await clock.pass(250);
      same(FakeSocket.all.length, sockets);
      newestSocket().receive("welcome");
    }
  });

/** @param {Clock} clock */
export const a_dead_connection_is_detected_when_the_wall_clock_is_set_back = (clock) =>
  connected(async (connection) => {
    newestSocket().receive("pong");
    clock.wall -= 86_400_000;
    await clock.pass(25_000);
    same(connection.state, "reconnecting");
    await clock.pass(7_000);
    same(connection.state, "offline");
  });

export const a_message_that_was_too_big_is_reported_before_the_disconnect = () =>
  connected(async (_, calls) => {
    newestSocket().closeWith(1009);
    same(calls, ["connected", "tooLong", "disconnected"]);
  });

/** @param {Clock} clock */
export const a_resumed_page_tests_its_connection = (clock) =>
  connected(async (connection, calls) => {
    document.dispatchEvent(new Event("visibilitychange"));
    same([calls.at(-1), newestSocket().sent], ["resumed", ["ping"]]);
    await clock.pass(4_000);
    same(connection.state, "reconnecting");
  });
