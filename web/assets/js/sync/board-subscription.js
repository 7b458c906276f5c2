// @ts-check
// Joining: from nothing, or from a position, to following the board's events.

import { onEvent, loseNote } from "./board-events.js";
import { advance, onOutcome, reject } from "./board-outcomes.js";
import { forgetPeople, onPresence, sayPresence } from "./board-presence.js";
import { adopt, setAsideOld } from "./unsent-state.js";
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
 *   | {state: "refused", reason: import("./client-messages.js").Reason}} Link
 */

/**
 * @param {BoardClient} client
 * @param {import("./client-messages.js").Actor} actor
 * @param {ClockAndIds} clockAndIds
 */
export function connected(client, actor, clockAndIds) {
  client.outbox.disconnected();
  client.outgoing = [];
  setAsideOld(client, clockAndIds);
  adopt(client, actor.id, clockAndIds);
  client.me = actor;
  // New notes are shown as the sender's.
  for (const { note, command } of client.outbox.entries) if (note && command) client.changes.touch(note);
  if (client.outbox.open?.opensBoard) setLink(client, { state: "awaiting_membership" });
  else join(client);
  advance(client, clockAndIds);
}

/** @param {BoardClient} client */
export function disconnected(client) {
  client.outbox.disconnected();
  client.outgoing = [];
  setLink(client, { state: "offline" });
  client.settleChanges();
}

/**
 * The client was asleep, or has another reason to doubt that it has everything: asks for what happened
 * since its position, and goes on meanwhile.
 * @param {BoardClient} client
 */
export function check(client) {
  if (client.link.state === "live") askToJoin(client);
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
    setLink(client, rejection ? refused(rejection) : { state: "offline" });
  },
  presence(client, { people, more }) {
    onPresence(client, people, more ?? 0);
  },
  outcome(client, { id, outcome }, clockAndIds) {
    onOutcome(client, id, outcome, clockAndIds);
  },
  again(client, { id, after_ms }, clockAndIds) {
    // A join that is put off takes back the one before it.
    const isForJoin = !id && (client.link.state === "joining" || client.link.state === "live");
    if (isForJoin) setLink(client, { state: "joining", wait: clockAndIds.monotonic + after_ms });
    else ofId.again(client, { id, after_ms }, clockAndIds);
  },
};

/**
 * Messages that name the message that they answer.
 * @type {Record<string, (client: BoardClient, message: any, clockAndIds: ClockAndIds) => void>}
 */
const ofId = {
  again({ outbox, link }, { id, after_ms }, { monotonic }) {
    if (outbox.open && outbox.open.id === id) {
      outbox.open.sentAt = null;
      outbox.open.notBefore = monotonic + after_ms;
    }
    if (link.state === "pulling" && link.query === id) link.wait = monotonic + after_ms;
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
  const { link } = client;
  const isOver = "wait" in link && link.wait !== null && link.wait <= clockAndIds.monotonic;
  if (isOver && link.state === "joining") join(client);
  if (isOver && link.state === "pulling") {
    link.wait = null;
    askPage(client, link, clockAndIds);
  }
  advance(client, clockAndIds);
}

/**
 * @param {BoardClient} client
 * @param {Link} link
 */
function setLink(client, link) {
  const before = joinState(client);
  client.link = link;
  if (joinState(client) === "not_joined" || joinState(client) === "refused") forgetPeople(client);
  if (joinState(client) !== before) client.changes.board();
}

/**
 * @param {BoardClient} client
 * @param {string} role
 */
export function setRole(client, role) {
  if (client.known.role === role) return;
  client.known.role = role;
  client.changes.board();
}

/**
 * Asks for the board's events from where this client stands.
 * @param {BoardClient} client
 */
export function join(client) {
  setLink(client, { state: "joining", wait: null });
  askToJoin(client);
}

/** @param {BoardClient} client */
function askToJoin(client) {
  client.outgoing.push(joinFrame(client.board, client.known.position));
}

/**
 * Whether commands may go out: everything that the server had at the join is applied.
 * @param {BoardClient} client
 */
export function isCaughtUp({ link, known }) {
  return link.state === "live" && known.position !== null && known.position.seq >= link.reach;
}

/**
 * @param {BoardClient} client
 * @param {number} head
 * @param {ClockAndIds} clockAndIds
 */
function onJoined(client, head, clockAndIds) {
  if (client.link.state === "offline" || client.link.state === "pulling") return;
  if (!client.known.position || client.known.wasPulledBeyond(head)) {
    pull(client, clockAndIds);
    return;
  }
  client.outbox.forgetOutcomeBeyond(head);
  setLink(client, { state: "live", reach: head });
  sayPresence(client);
}

/**
 * @param {import("./client-messages.js").Reason} rejection
 * @returns {Link}
 */
function refused({ code, detail }) {
  return { state: "refused", reason: { code, detail } };
}

/**
 * @param {BoardClient} client
 * @param {ClockAndIds} clockAndIds
 */
function pull(client, clockAndIds) {
  if (client.link.state === "offline") return;
  const link = { state: /** @type {const} */ ("pulling"), query: "", after: null, pages: [], wait: null };
  setLink(client, link);
  askPage(client, link, clockAndIds);
}

/**
 * @param {BoardClient} client
 * @param {Link & {state: "pulling"}} link
 * @param {ClockAndIds} clockAndIds
 */
function askPage(client, link, clockAndIds) {
  link.query = clockAndIds.mint();
  client.outgoing.push(pageFrame(link.query, client.board, link.after));
}

/**
 * @param {BoardClient} client
 * @param {string} id
 * @param {any} body
 * @param {ClockAndIds} clockAndIds
 */
function onReply(client, id, body, clockAndIds) {
  const { link } = client;
  if (link.state !== "pulling" || link.query !== id) return;
  if (body.type === "rejected") setLink(client, refused(body));
  if (body.type !== "board_page") return;
  link.pages.push(body);
  if (body.next) {
    link.after = body.next;
    askPage(client, link, clockAndIds);
  } else {
    replace(client, link.pages, clockAndIds);
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
  const { known, outbox, texts, changes } = client;
  known.replace(pages);
  outbox.forgetOutcome();
  outbox.forgetCreations();
  for (const note of known.notes.keys()) outbox.noteWasSeen(note);
  for (const note of [...texts.keys()].sort()) {
    const server = known.notes.get(note);
    if (server) {
      texts.get(note)?.land(server.text);
      client.dropIfClean(note);
    } else if (!outbox.creation(note)) {
      loseNote(client, note, clockAndIds);
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
  const { link } = client;
  const isJoin = link.state === "joining" && !id && code === "too_many_boards";
  const isPull = link.state === "pulling" && link.query === id;
  if (isJoin || isPull) setLink(client, refused(refusal));
  else if (id) reject(client, id, { code, detail }, clockAndIds);
}
