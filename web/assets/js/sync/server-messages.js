// @ts-check
// What the machine does with a connection, a server message and a tick of the clock.

import { onEvent } from "./board-events.js";
import { advance, onOutcome, reject } from "./board-outcomes.js";
import { onPresence, sendPresence } from "./board-presence.js";
import { requestPage, join, pull, refused, setSubscription, setRole } from "./board-subscription.js";
import { onNoteGone } from "./drafts.js";
import { adopt, dropExpired } from "./unsent-state.js";

/** @typedef {import("./board-client.js").BoardClient} BoardClient */
/** @typedef {import("./board-client.js").ClockAndIds} ClockAndIds */

/**
 * @param {BoardClient} client
 * @param {import("./client-messages.js").Actor} actor
 * @param {ClockAndIds} clockAndIds
 */
export function connected(client, actor, clockAndIds) {
  client.outbox.disconnected();
  client.outgoing = [];
  dropExpired(client, clockAndIds);
  adopt(client, actor.id, clockAndIds);
  client.me = actor;
  // New notes are shown as the sender's.
  for (const { note, command } of client.outbox.entries) if (note && command) client.changes.touch(note);
  if (client.outbox.open?.opensBoard) setSubscription(client, { state: "awaiting_membership" });
  else join(client);
  advance(client, clockAndIds);
}

/** @param {BoardClient} client */
export function disconnected(client) {
  client.outbox.disconnected();
  client.outgoing = [];
  setSubscription(client, { state: "offline" });
  client.settleChanges();
}

/**
 * @param {BoardClient} client
 * @param {any} message
 * @param {ClockAndIds} clockAndIds
 */
export function receive(client, message, clockAndIds) {
  if (message.type === "event") {
    if (message.event.board === client.board) onEvent(client, message.event, clockAndIds);
  } else if (message.board === client.board && Object.hasOwn(ofBoard, message.type)) {
    ofBoard[message.type](client, message, clockAndIds);
  } else if (Object.hasOwn(ofId, message.type)) {
    ofId[message.type](client, message, clockAndIds);
  }
  advance(client, clockAndIds);
}

/**
 * Messages that name the board that they are about.
 * @type {Record<string, (client: BoardClient, message: any, clockAndIds: ClockAndIds) => void>}
 */
const ofBoard = {
  joined(client, { role, head }, clockAndIds) {
    setRole(client, role);
    onJoined(client, head.seq, clockAndIds);
  },
  base_gone(client, { role }, clockAndIds) {
    setRole(client, role);
    pull(client, clockAndIds);
  },
  left(client, { rejection }) {
    setSubscription(client, rejection ? refused(rejection) : { state: "offline" });
  },
  presence(client, { people, more }) {
    onPresence(client, people, more ?? 0);
  },
  outcome(client, { id, outcome }, clockAndIds) {
    onOutcome(client, id, outcome, clockAndIds);
  },
  again(client, { id, after_ms }, clockAndIds) {
    // A join that is put off takes back the one before it.
    const isForJoin = !id && (client.subscription.state === "joining" || client.subscription.state === "live");
    if (isForJoin) setSubscription(client, { state: "joining", wait: clockAndIds.monotonic + after_ms });
    else ofId.again(client, { id, after_ms }, clockAndIds);
  },
};

/**
 * Messages that name the message that they answer.
 * @type {Record<string, (client: BoardClient, message: any, clockAndIds: ClockAndIds) => void>}
 */
const ofId = {
  again({ outbox, subscription }, { id, after_ms }, { monotonic }) {
    if (outbox.open && outbox.open.id === id) {
      outbox.open.sentAt = null;
      outbox.open.notBefore = monotonic + after_ms;
    }
    if (subscription.state === "pulling" && subscription.query === id) subscription.wait = monotonic + after_ms;
  },
  reply(client, { id, body }, clockAndIds) {
    onReply(client, id, body, clockAndIds);
  },
  refused(client, refusal, clockAndIds) {
    onRefused(client, refusal, clockAndIds);
  },
};

/**
 * @param {BoardClient} client
 * @param {ClockAndIds} clockAndIds
 */
export function tick(client, clockAndIds) {
  client.outbox.tick(clockAndIds.monotonic);
  const { subscription } = client;
  const isOver = "wait" in subscription && subscription.wait !== null && subscription.wait <= clockAndIds.monotonic;
  if (isOver && subscription.state === "joining") join(client);
  if (isOver && subscription.state === "pulling") {
    subscription.wait = null;
    requestPage(client, subscription, clockAndIds);
  }
  advance(client, clockAndIds);
}

/**
 * @param {BoardClient} client
 * @param {number} head
 * @param {ClockAndIds} clockAndIds
 */
function onJoined(client, head, clockAndIds) {
  if (client.subscription.state === "offline" || client.subscription.state === "pulling") return;
  if (!client.serverBoard.position || client.serverBoard.wasPulledBeyond(head)) {
    pull(client, clockAndIds);
    return;
  }
  client.outbox.forgetOutcomeBeyond(head);
  setSubscription(client, { state: "live", reach: head });
  sendPresence(client);
}

/**
 * @param {BoardClient} client
 * @param {string} id
 * @param {any} body
 * @param {ClockAndIds} clockAndIds
 */
function onReply(client, id, body, clockAndIds) {
  const { subscription } = client;
  if (subscription.state !== "pulling" || subscription.query !== id) return;
  if (body.type === "rejected") setSubscription(client, refused(body));
  if (body.type !== "board_page") return;
  subscription.pages.push(body);
  if (body.next) {
    subscription.after = body.next;
    requestPage(client, subscription, clockAndIds);
  } else {
    replace(client, subscription.pages, clockAndIds);
  }
}

/**
 * Takes a pulled board and joins at its position.
 * @param {BoardClient} client
 * @param {any[]} pages
 * @param {ClockAndIds} clockAndIds
 */
function replace(client, pages, clockAndIds) {
  load(client, pages, clockAndIds);
  join(client);
}

/**
 * Replaces the known board by a snapshot and rebases local edits onto its texts.
 * @param {BoardClient} client
 * @param {any[]} pages
 * @param {ClockAndIds} clockAndIds
 */
export function load(client, pages, clockAndIds) {
  const { serverBoard: known, outbox, texts, changes } = client;
  known.replace(pages);
  outbox.forgetOutcome();
  outbox.forgetCreations();
  for (const note of known.notes.keys()) outbox.noteWasSeen(note);
  for (const note of [...texts.keys()].sort()) {
    const server = known.notes.get(note);
    if (server) {
      texts.get(note)?.rebaseOnto(server.text);
      client.dropIfClean(note);
    } else if (!outbox.creation(note)) {
      onNoteGone(client, note, clockAndIds);
    }
  }
  changes.reset();
  changes.board();
}

/**
 * @param {BoardClient} client
 * @param {{id?: string, code: string, detail: string}} refusal
 * @param {ClockAndIds} clockAndIds
 */
function onRefused(client, refusal, clockAndIds) {
  const { id, code, detail } = refusal;
  const { subscription } = client;
  const isJoin = subscription.state === "joining" && !id && code === "too_many_boards";
  const isPull = subscription.state === "pulling" && subscription.query === id;
  if (isJoin || isPull) setSubscription(client, refused(refusal));
  else if (id) reject(client, id, { code, detail }, clockAndIds);
}
