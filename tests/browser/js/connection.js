// @ts-check
// A connection over a line that answers, is silent or ends as a test wants it.

import { Connection } from "../../../web/assets/js/sync/connection.js";
import { same } from "./clauses.js";

/** @typedef {import("./stopped-clock.js").StoppedClock} Clock */

/** In place of the browser's WebSocket. */
class Line extends EventTarget {
  static OPEN = 1;
  /** @type {Line[]} */
  static all = [];
  readyState = Line.OPEN;
  /** @type {string[]} */
  sent = [];

  constructor() {
    super();
    Line.all.push(this);
  }

  /** @param {string} frame */
  send(frame) {
    this.sent.push(JSON.parse(frame).type);
  }

  close() {
    this.readyState = 3;
  }

  /** @param {string} type */
  say(type) {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify({ v: 1, type }) }));
  }

  /** @param {number} code */
  end(code) {
    this.close();
    this.dispatchEvent(Object.assign(new Event("close"), { code }));
  }
}

function newest() {
  return Line.all[Line.all.length - 1];
}

/**
 * An open connection that retries as late as it ever may.
 * @param {(connection: Connection, heard: string[]) => Promise<void>} use
 */
async function connected(use) {
  const real = { WebSocket: globalThis.WebSocket, random: Math.random };
  Object.assign(globalThis, { WebSocket: Line });
  Math.random = () => 1;
  Line.all = [];
  /** @type {string[]} */
  const heard = [];
  const tell = (/** @type {string} */ what) => () => void heard.push(what);
  const connection = new Connection("ws://nowhere");
  const events = ["connected", "receive", "woken", "tooLong", "disconnected"];
  connection.add(/** @type {any} */ (Object.fromEntries(events.map((it) => [it, tell(it)]))));
  try {
    connection.open();
    newest().say("welcome");
    await use(connection, heard);
  } finally {
    connection.close();
    Math.random = real.random;
    Object.assign(globalThis, { WebSocket: real.WebSocket });
  }
}

/** @param {Clock} clock */
export const a_hidden_page_asks_after_a_long_silence_and_keeps_its_connection = (clock) =>
  connected(async (connection) => {
    await clock.oversleep(60_000);
    same([connection.state, newest().sent], ["live", ["ping"]]);
    newest().say("pong");
    await clock.oversleep(60_000);
    same([connection.state, Line.all.length], ["live", 1]);
  });

/** @param {Clock} clock */
export const a_server_that_is_gone_is_missed_within_25_seconds = (clock) =>
  connected(async (connection) => {
    await clock.pass(25_000);
    same(connection.state, "reconnecting");
  });

/** @param {Clock} clock */
export const a_server_that_answers_is_not_missed = (clock) =>
  connected(async (connection) => {
    for (const _ of [1, 2, 3]) {
      await clock.pass(20_000);
      newest().say("pong");
    }
    same([connection.state, newest().sent, Line.all.length], ["live", ["ping", "ping", "ping"], 1]);
  });

/** @param {Clock} clock */
export const whoever_is_cut_at_each_welcome_comes_back_ever_later = (clock) =>
  connected(async () => {
    for (const pause of [250, 500, 1_000, 2_000]) {
      const lines = Line.all.length;
      newest().end(1006);
      await clock.pass(pause - 1);
      same(Line.all.length, lines, `lines within ${pause} ms`);
      await clock.pass(1);
      same(Line.all.length, lines + 1, `lines after ${pause} ms`);
      newest().say("welcome");
    }
  });

/** @param {Clock} clock */
export const after_a_good_connection_the_next_is_tried_soon = (clock) =>
  connected(async () => {
    for (const lines of [2, 3, 4]) {
      await clock.pass(6_000);
      newest().end(1006);
      await clock.pass(250);
      same(Line.all.length, lines);
      newest().say("welcome");
    }
  });

/** @param {Clock} clock */
export const a_wall_clock_that_is_set_back_hides_no_loss = (clock) =>
  connected(async (connection) => {
    newest().say("pong");
    clock.wall -= 86_400_000;
    await clock.pass(25_000);
    same(connection.state, "reconnecting");
    await clock.pass(7_000);
    same(connection.state, "offline");
  });

export const a_message_that_was_too_big_is_told_before_the_loss = () =>
  connected(async (_, heard) => {
    newest().end(1009);
    same(heard, ["connected", "tooLong", "disconnected"]);
  });

/** @param {Clock} clock */
export const a_page_that_wakes_doubts_its_connection = (clock) =>
  connected(async (connection, heard) => {
    document.dispatchEvent(new Event("visibilitychange"));
    same([heard.at(-1), newest().sent], ["woken", ["ping"]]);
    await clock.pass(4_000);
    same(connection.state, "reconnecting");
  });
