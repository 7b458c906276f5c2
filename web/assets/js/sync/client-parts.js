// @ts-check
// The parts of the client of one board, and the rules between them.

import { DeltaError, diff } from "../delta/delta.js";
import { Drafts } from "./drafts.js";
import { LocalTexts } from "./local-texts.js";
import { NoteText } from "./note-text.js";
import { Outbox } from "./outbox.js";
import { Presence } from "./presence.js";
import { ServerBoard } from "./server-board.js";
import { Subscription } from "./subscription.js";
import { restoredEntry, restoredText } from "./persisted-state.js";
import { ViewChanges } from "./view-changes.js";
import * as view from "./view-model.js";

/** @typedef {import("../platform/clock-and-ids.js").ClockAndIds} ClockAndIds */
/** @typedef {import("./client-messages.js").Reason} Reason */
/** @typedef {import("./effect.js").Effect} Effect */
/** @typedef {import("./persisted-state.js").PersistedState} PersistedState */

const NOTE_GONE = { code: "note_gone", detail: "the note was deleted for good" };
const OTHER_IDENTITY = { code: "other_identity", detail: "this was written under another identity" };

/**
 * Each part owns its state and changes no other part. An input goes to one part, and `advance`
 * carries out the effects that the part returns.
 */
export class ClientParts {
  texts = new LocalTexts();
  outbox = new Outbox();
  drafts = new Drafts();
  subscription = new Subscription();
  presence = new Presence();
  changes = new ViewChanges();
  /** @type {string[]} */
  outgoing = [];
  /** The user as the server identified it. @type {import("./client-messages.js").Actor | null} */
  user = null;

  /**
   * @param {string} board
   * @param {string | null} owner the actor whose text and commands these are
   */
  constructor(board, owner) {
    this.server = new ServerBoard(board);
    this.owner = owner;
  }

  /**
   * Ends an input with a clock: carries out its effects, then those of the outbox until nothing is
   * left to do.
   * @param {Effect[]} effects
   * @param {ClockAndIds} clockAndIds
   */
  advance(effects, clockAndIds) {
    do {
      this.#carryOutAll(effects, clockAndIds);
      effects = this.#outboxEffects(clockAndIds);
    } while (effects.length > 0);
    this.sendDue(clockAndIds.monotonic);
    this.settle();
  }

  /** Ends every input: lists what the view has to show. */
  settle() {
    const { joinState } = this.subscription;
    if (joinState === "not_joined" || joinState === "refused") this.setPeople([], 0);
    this.changes.settle(this, joinState);
  }

  /**
   * Sends the first command of the outbox if it is due.
   * @param {number} now
   */
  sendDue(now) {
    const { isConnected } = this.subscription;
    const isCaughtUp = this.subscription.isCaughtUp(this.server);
    this.send(this.outbox.takeDue(this.server.id, now, { isConnected, isCaughtUp }));
  }

  /** @param {string | null} frame */
  send(frame) {
    if (frame !== null) this.outgoing.push(frame);
  }

  /**
   * What the outbox can do next. An edit is frozen when everything before it has its outcome, so that
   * it contains all typing until then and is based on the latest position.
   * @param {ClockAndIds} clockAndIds
   * @returns {Effect[]}
   */
  #outboxEffects({ mint }) {
    const { outbox, server, subscription } = this;
    const done = outbox.takeDone(server.position);
    if (done) return [done];
    while (subscription.isCaughtUp(server) && server.position && outbox.editToFreeze) {
      const note = outbox.editToFreeze;
      const delta = this.texts.freeze(note);
      outbox.freezeEdit(note, delta && { id: mint(), base: server.position, delta });
      this.changes.touch(note);
    }
    return outbox.rejectTooLong();
  }

  /**
   * @param {Effect[]} effects
   * @param {ClockAndIds} clockAndIds
   */
  #carryOutAll(effects, clockAndIds) {
    for (const effect of effects) this.#carryOutAll(this.#carryOut(effect, clockAndIds), clockAndIds);
  }

  /**
   * Returns further effects.
   * @param {Effect} effect
   * @param {ClockAndIds} clockAndIds
   * @returns {Effect[]}
   */
  #carryOut(effect, clockAndIds) {
    const { server, texts, outbox, drafts, changes } = this;
    switch (effect.type) {
      case "send":
        this.send(effect.frame);
        break;
      case "load":
        return [...this.load(effect.pages), ...this.subscription.join(server)];
      case "joined":
        outbox.joined(effect.head);
        this.sendPresence();
        break;
      case "edit_saved":
        drafts.saved(effect.note, clockAndIds);
        this.#acknowledgeEdit(effect.note);
        break;
      case "creation_saved":
        drafts.saved(effect.note, clockAndIds);
        changes.touch(effect.note);
        if (!server.note(effect.note)) return [{ type: "note_gone", note: effect.note }];
        break;
      case "command_done":
        changes.touch(effect.note);
        break;
      case "membership_decided":
        return this.subscription.membershipDecided(server);
      case "requeue_edit":
        return this.#requeueEdit(effect.note, effect.base);
      case "keep_lost_text":
        this.#addDraft(effect.note, effect.text, effect.reason, clockAndIds);
        drafts.rejected(effect.note, effect.reason, clockAndIds);
        break;
      case "abandon_edits":
        outbox.dropTextCommands(effect.note);
        if (texts.has(effect.note)) {
          this.#moveToDraft(effect.note, effect.reason, clockAndIds);
          drafts.rejected(effect.note, effect.reason, clockAndIds);
        }
        changes.touch(effect.note);
        break;
      case "abandon_note":
        if (!texts.has(effect.note) && !server.note(effect.note)) texts.set(effect.note, new NoteText(effect.text));
        this.#moveToDraft(effect.note, effect.reason, clockAndIds);
        break;
      case "note_gone":
        drafts.noteGone(effect.note);
        if (texts.has(effect.note)) {
          outbox.dropQueuedEdits(effect.note);
          this.#moveToDraft(effect.note, NOTE_GONE, clockAndIds);
        }
        changes.touch(effect.note);
        break;
      case "notify":
        changes.notice(effect.reason, effect.note);
        changes.touch(effect.note);
        break;
    }
    return [];
  }

  /**
   * An event of this board.
   * @param {any} event
   * @returns {Effect[]}
   */
  event(event) {
    const applied = this.server.apply(event);
    if (applied === "new" || applied === "known") return this.#eventApplied(event, applied === "new");
    if (applied === "gap") return this.subscription.gap(this.server);
    return applied === "contradiction" ? this.subscription.join(this.server) : [];
  }

  /**
   * @param {any} event
   * @param {boolean} isNew
   * @returns {Effect[]}
   */
  #eventApplied(event, isNew) {
    const { note, type, delta, role } = event.change;
    const isOwn = this.outbox.eventSeen(event.message);
    const server = this.server.note(note);
    this.changes.touch(note ?? null);
    if (type === "note_edited" && server) {
      if (isOwn) this.outbox.setResultingText(server.text);
      const isSquashed = event.from < event.seq;
      const change = this.texts.event(note, { delta, server: server.text, isOwn, isNew, isSquashed });
      this.changes.text(note, change);
    }
    if (type === "note_created") this.#rebaseText(note);
    if (type === "member_joined" && event.actor.id === this.owner) this.server.setRole(role);
    if (type !== "note_deleted" || server) return [];
    this.outbox.noteWasSeen(note);
    return [{ type: "note_gone", note }];
  }

  /**
   * Loads a snapshot, and rebases local texts onto it.
   * @param {any[]} pages
   * @returns {Effect[]}
   */
  load(pages) {
    const { server, texts, outbox } = this;
    server.replace(pages);
    outbox.boardLoaded((note) => server.note(note) !== undefined);
    this.changes.reset();
    const notes = texts.noteIds;
    for (const note of notes) this.#rebaseText(note);
    const gone = notes.filter((note) => !server.note(note) && outbox.createdText(note) === null);
    return gone.map((note) => ({ type: "note_gone", note }));
  }

  /**
   * @param {import("./presence.js").PersonPresence[]} people
   * @param {number} more
   */
  setPeople(people, more) {
    if (this.presence.setPeople(people, more)) this.changes.people();
  }

  /** The server forgets the presence with each join. */
  sendPresence() {
    if (this.subscription.isLive) this.send(this.presence.frame(this.server.id));
  }

  /**
   * From now on everything belongs to `actor`: what another actor left becomes drafts.
   * @param {string} actor
   * @returns {Effect[]}
   */
  setOwner(actor) {
    const before = this.owner;
    this.owner = actor;
    if (!before || before === actor) return [];
    const abandon = (/** @type {string} */ note) =>
      ({ type: /** @type {const} */ ("abandon_edits"), note, reason: OTHER_IDENTITY });
    return [...this.outbox.abandonAll(OTHER_IDENTITY), ...this.texts.noteIds.map(abandon)];
  }

  /**
   * Continues with what an earlier page stored.
   * @param {PersistedState} unsent
   * @param {ClockAndIds} clockAndIds
   * @returns {Effect[]}
   */
  restore(unsent, clockAndIds) {
    const { texts, outbox } = this;
    this.drafts = new Drafts(unsent.drafts);
    for (const note of unsent.notes) this.#restoreText(note, clockAndIds);
    for (const command of unsent.outbox) this.#restoreCommand(command, clockAndIds);
    // Without its command, an edit in flight would never have an outcome.
    const inFlight = texts.entries.filter(([note, text]) => text.inFlight && !outbox.hasFrozenEdit(note));
    const reason = unreadable("its command is missing");
    const edits = inFlight.map(([note]) => ({ type: /** @type {const} */ ("abandon_edits"), note, reason }));
    return [...edits, ...outbox.abandonExpired(clockAndIds.wall)];
  }

  /**
   * @param {import("./persisted-state.js").PersistedText} unsent
   * @param {ClockAndIds} clockAndIds
   */
  #restoreText(unsent, clockAndIds) {
    try {
      this.texts.set(unsent.note, restoredText(unsent));
    } catch (error) {
      if (!(error instanceof DeltaError)) throw error;
      this.#addDraft(unsent.note, unsent.ground, unreadable(error.message), clockAndIds);
    }
  }

  /**
   * @param {import("./persisted-state.js").PersistedCommand} unsent
   * @param {ClockAndIds} clockAndIds
   */
  #restoreCommand(unsent, clockAndIds) {
    try {
      this.outbox.push(restoredEntry(unsent, clockAndIds));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.changes.notice(unreadable(error.message), null);
    }
  }

  /**
   * The outcome says that the edit in flight is saved, even if no event did.
   * @param {string} note
   */
  #acknowledgeEdit(note) {
    const server = this.server.note(note);
    if (server && this.texts.get(note)?.inFlight) {
      this.changes.text(note, this.texts.update(note, (text) => text.acknowledged(server.text)));
    }
    this.changes.touch(note);
  }

  /** @param {string} note */
  #rebaseText(note) {
    const server = this.server.note(note);
    if (server) this.changes.text(note, this.texts.update(note, (text) => text.rebaseOnto(server.text)));
  }

  /**
   * The edit is frozen again, on the present position. If that is the base that the server no longer
   * knows, the board is joined first.
   * @param {string} note
   * @param {import("./client-messages.js").Position} base
   */
  #requeueEdit(note, base) {
    const { position } = this.server;
    const server = this.server.note(note);
    this.changes.touch(note);
    if (server && this.texts.has(note)) {
      this.changes.text(note, this.texts.update(note, (text) => text.takeBackInFlight(server.text)));
      this.outbox.requeueEdit(note);
    } else {
      this.outbox.dropFirst();
    }
    const isUnknown = position?.seq === base.seq && position.event === base.event;
    return isUnknown ? this.subscription.gap(this.server) : [];
  }

  /**
   * The note shows the server's text again; its local text becomes a draft.
   * @param {string} note
   * @param {Reason} reason
   * @param {ClockAndIds} clockAndIds
   */
  #moveToDraft(note, reason, clockAndIds) {
    const text = view.text(this, note);
    this.texts.delete(note);
    this.changes.text(note, diff(text, view.text(this, note)));
    this.changes.touch(note);
    this.#addDraft(note, text, reason, clockAndIds);
  }

  /**
   * Without any text there is nothing to keep: the user is notified.
   * @param {string} note
   * @param {string} text
   * @param {Reason} reason
   * @param {ClockAndIds} clockAndIds
   */
  #addDraft(note, text, reason, clockAndIds) {
    if (text === "") this.changes.notice(reason, note);
    else this.changes.draft(this.drafts.add(note, text, reason, clockAndIds));
  }
}

/** @param {string} why */
function unreadable(why) {
  return { code: "malformed", detail: `the stored change cannot be read: ${why}` };
}
