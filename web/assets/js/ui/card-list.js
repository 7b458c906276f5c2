// @ts-check
// The cards of a board, in the order of the client machine's notes. A change costs work for its own
// card and for those in sight, however many notes the board has.

import { continueEditing, preHydrationEdit } from "./pre-hydration-input.js";
import { NoteCard } from "./note-card.js";
import { flash } from "./dom.js";
import { PinnedCards, orderAroundPinned, reorderChildren, withTransition } from "./card-layout-stability.js";
import { ActiveEditor } from "./active-editor.js";
import { REFRESH_EVERY_MS, saveStatusOf } from "./note-save-status.js";
import { enableTasks } from "./task-checkboxes.js";
import { toast } from "./toasts.js";

/** @typedef {import("../sync/board-session.js").BoardSession} BoardSession */
/** @typedef {import("../sync/server-board.js").Note} Note */
/** @typedef {import("../sync/view-changes.js").ViewChange} ViewChange */
/** @typedef {import("../sync/view-model.js").NoteView} NoteView */

/** @type {Set<HTMLElement>} */
const NONE = new Set();

export class CardList {
  /** The articles of all cards, also of those that are not activated yet. @type {Map<string, HTMLElement>} */
  #articles = new Map();
  /** The activated cards. @type {Map<string, NoteCard>} */
  #cards = new Map();
  /** The notes as the server rendered them, unless their card is activated. @type {Map<string, Note>} */
  #rendered = new Map();
  /** The cards whose text changed since they were rendered. @type {Set<NoteCard>} */
  #stale = new Set();
  /** The notes that show a save status. @type {Set<string>} */
  #withSaveStatus = new Set();
  /** The first and the last card. @type {(HTMLElement | undefined)[]} */
  #ends = [];
  /** The version of the notes' order that is shown. */
  #shownOrder = -1;
  /** Whether a card is not at its place, because it is pinned or edited. */
  #isUnsettled = false;
  /** The animation frame that lays out remote changes; 0 if there is none. */
  #frame = 0;

  /**
   * @param {HTMLElement} container with the cards that the server rendered
   * @param {BoardSession} session
   */
  constructor(container, session) {
    this.container = container;
    this.session = session;
    this.activeEditor = new ActiveEditor(session, () => this.#settle());
    this.pinned = new PinnedCards(container, () => this.#settle());
    setInterval(() => this.showSaveStatuses(), REFRESH_EVERY_MS);
    session.connection.addEventListener("state", () => this.showSaveStatuses());
  }

  /** @returns {HTMLElement[]} */
  articles() {
    return [...this.container.children].map((it) => /** @type {HTMLElement} */ (it));
  }

  /** @param {string} note */
  article(note) {
    return this.#articles.get(note) ?? null;
  }

  /** The card of a note, activated if it is not yet. @param {string} note */
  get(note) {
    return this.#cards.get(note) ?? this.#activate(note);
  }

  /** @param {Element | null} element in a card */
  of(element) {
    return this.get(element?.closest("[data-note]")?.getAttribute("data-note") ?? "");
  }

  /**
   * Takes over the rendered cards, and shows the unsent changes of an earlier page.
   * @param {import("../sync/board-client.js").BoardSnapshot} snapshot what the server rendered
   */
  hydrate({ notes }) {
    this.#rendered = new Map(notes.map((note) => [note.id, note]));
    const articles = this.articles();
    for (const article of articles) this.#articles.set(article.dataset.note ?? "", article);
    this.#ends = [articles.at(0), articles.at(-1)];
    enableTasks(this.container);
    const open = articles.filter((article) => article.hasAttribute("data-editing"));
    const edits = open.map((article) => this.of(article)).flatMap((card) => card ?? []);
    const typed = edits.map((card) => preHydrationEdit(card));
    this.#showAll(false);
    this.#update(NONE);
    edits.forEach((card, index) => continueEditing(card, this.activeEditor, typed[index]));
    this.showSaveStatuses();
  }

  /**
   * Texts and save statuses change at once. The layout follows at once if the user caused the change,
   * and with the next frame otherwise, so that a burst of events is laid out once.
   * @param {ViewChange[]} changes
   * @param {boolean} isOwn
   */
  show(changes, isOwn) {
    this.#closeIfDeleted();
    for (const change of changes) this.#showChange(change, isOwn);
    this.showSaveStatuses();
    if (isOwn) this.#layOut(NONE);
    else if (document.hidden) this.#layOut(this.pinned.cards);
    else this.#frame ||= requestAnimationFrame(() => this.#layOut(this.pinned.cards));
  }

  showSaveStatuses() {
    const { session } = this;
    const isOffline = session.connection.state === "offline";
    const page = { isOffline, isPersisted: session.isPersisted, clock: performance.now() };
    const notes = new Set([...this.#withSaveStatus, ...session.notesWithSaveStatus()]);
    this.#withSaveStatus.clear();
    for (const note of notes) {
      const status = saveStatusOf(session.saveStatus(note), page);
      if (status !== null) this.#withSaveStatus.add(note);
      this.get(note)?.showSaveStatus(status);
    }
  }

  /**
   * @param {ViewChange} change
   * @param {boolean} isOwn
   */
  #showChange(change, isOwn) {
    if (change.type === "reset") return this.#showAll(true);
    if (change.type === "text") {
      const card = this.get(change.note);
      if (!card) return;
      card.applyRemote(change.delta, this.session.text(change.note));
      this.#stale.add(card);
      if (!isOwn && card !== this.activeEditor.card) card.highlight();
    } else if (change.type === "note" || change.type === "added") {
      const note = this.session.note(change.note);
      if (note) this.#showNote(note, change.type === "added", isOwn);
    } else if (change.type === "removed") {
      this.#forget(change.note);
    }
  }

  /**
   * @param {NoteView} note
   * @param {boolean} isAdded
   * @param {boolean} isOwn
   */
  #showNote(note, isAdded, isOwn) {
    const card = note.state === "live" ? this.#card(note.id) : this.get(note.id);
    if (!card) return;
    card.show(note);
    if (isAdded && !isOwn && !card.article.isConnected) flash(card.article, "data-arrived");
    if (note.state === "trashed" && card === this.activeEditor.card) warnOfTrash(isOwn);
  }

  /** @param {boolean} isUpdate whether to highlight changes */
  #showAll(isUpdate) {
    const { session } = this;
    for (const id of [...this.#articles.keys()]) if (!session.has(id)) this.#forget(id);
    for (const note of session.notes) {
      if (note.state !== "live" && !this.#articles.has(note.id)) continue;
      const text = session.text(note.id);
      if (isAsRendered(note, text, this.#rendered.get(note.id))) continue;
      const card = this.#card(note.id);
      const isChanged = card.setText(text);
      this.#stale.add(card);
      if (isChanged && isUpdate && card.article.isConnected && card !== this.activeEditor.card) card.highlight();
      card.show(note);
    }
  }

  /** Closes the editor of a note that was permanently deleted; its unsent text is a draft by now. */
  #closeIfDeleted() {
    const edited = this.activeEditor.card?.id;
    if (edited && !this.session.has(edited)) this.activeEditor.close();
  }

  /** Moves cards to their places once none is pinned. */
  #settle() {
    if (!this.#isUnsettled) return;
    withTransition(this.container, undefined, () => this.#reorder(NONE));
  }

  /**
   * Renders the changed texts and moves cards to their places, with a transition if there is any.
   * @param {Set<HTMLElement>} pinned
   */
  #layOut(pinned) {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const isStale = [...this.#stale].some((card) => card.isStale);
    if (isStale || this.#isMoved) withTransition(this.container, [...pinned][0], () => this.#update(pinned));
  }

  /** @param {Set<HTMLElement>} pinned */
  #update(pinned) {
    for (const card of this.#stale) card.render();
    this.#stale.clear();
    if (this.#isMoved) this.#reorder(pinned);
  }

  get #isMoved() {
    return this.#shownOrder !== this.session.orderVersion;
  }

  /** @param {Set<HTMLElement>} pinned */
  #reorder(pinned) {
    const edited = this.activeEditor.card?.id;
    const { notes } = this.session;
    // A trashed note stays while it is edited, since typing restores it.
    const shown = notes.filter(({ id, state }) => state === "live" || id === edited);
    const wanted = shown.map(({ id }) => this.#articles.get(id) ?? this.#card(id).article);
    const order = orderAroundPinned(this.articles(), wanted, pinned);
    reorderChildren(this.container, order);
    this.#markEnds([wanted.at(0), wanted.at(-1)]);
    this.#shownOrder = this.session.orderVersion;
    const isMisplaced = order.some((article, place) => article !== wanted[place]);
    this.#isUnsettled = isMisplaced || shown.some(({ state }) => state !== "live");
  }

  /** The first card cannot move earlier, and the last not later. @param {(HTMLElement | undefined)[]} ends */
  #markEnds(ends) {
    for (const article of new Set([...this.#ends, ...ends])) {
      if (!article) continue;
      enable(article, "earlier", article !== ends[0]);
      enable(article, "later", article !== ends[1]);
    }
    this.#ends = ends;
  }

  /** @param {string} note */
  #forget(note) {
    this.#articles.delete(note);
    this.#cards.delete(note);
    this.#rendered.delete(note);
  }

  /** The card of a note, made if there is none. @param {string} note */
  #card(note) {
    const known = this.get(note);
    if (known) return known;
    const card = NoteCard.fromTemplate(note, (delta) => this.session.type(note, delta));
    this.#articles.set(note, card.article);
    this.#cards.set(note, card);
    card.setText(this.session.text(note));
    this.#stale.add(card);
    return card;
  }

  /** Activates a card that the server rendered. @param {string} note */
  #activate(note) {
    const article = this.#articles.get(note);
    if (!article) return undefined;
    const text = this.#rendered.get(note)?.text ?? "";
    const card = new NoteCard(article, text, (delta) => this.session.type(note, delta));
    this.#rendered.delete(note);
    this.#cards.set(note, card);
    return card;
  }
}

/**
 * Whether the server rendered a note as it is shown. Its place may differ.
 * @param {NoteView} note
 * @param {string} text
 * @param {Note | undefined} rendered
 */
function isAsRendered({ colour, editedAt }, text, rendered) {
  return rendered?.text === text && rendered.colour === colour && rendered.edited_at === editedAt;
}

/** @param {boolean} isOwn */
function warnOfTrash(isOwn) {
  if (!isOwn) toast("This note was moved to the trash. Keep typing to bring it back.");
}

/**
 * `aria-disabled` keeps the focus; `disabled` would lose it.
 * @param {HTMLElement} article
 * @param {string} action
 * @param {boolean} isEnabled
 */
function enable(article, action, isEnabled) {
  const button = article.querySelector(`[data-action=${action}]`);
  if (!(button instanceof HTMLButtonElement)) return;
  button.disabled = false;
  button.ariaDisabled = String(!isEnabled);
}
