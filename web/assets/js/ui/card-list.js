// @ts-check
// The cards of a board, in the order of the client machine's notes.

import { continueEditing, preHydrationEdit } from "./pre-hydration-input.js";
import { NoteCard } from "./note-card.js";
import { flash } from "./dom.js";
import { PinnedCards, orderAroundPinned, reorderChildren, withTransition } from "./card-layout-stability.js";
import { ActiveEditor } from "./active-editor.js";
import { REFRESH_EVERY_MS, saveStatusOf } from "./note-save-status.js";
import { toast } from "./toasts.js";

/** @typedef {import("../sync/board-session.js").BoardSession} BoardSession */
/** @typedef {import("../sync/view-changes.js").ViewChange} ViewChange */

/** @type {Set<HTMLElement>} */
const NONE = new Set();

export class CardList {
  /** @type {Map<string, NoteCard>} */
  #cards = new Map();

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
  get(note) {
    return this.#cards.get(note);
  }

  /** @param {Element | null} element in a card */
  of(element) {
    return this.#cards.get(element?.closest("[data-note]")?.getAttribute("data-note") ?? "");
  }

  /**
   * Activates the rendered cards, and shows the unsent changes of an earlier page.
   * @param {import("../sync/board-client.js").BoardSnapshot} snapshot what the server rendered
   */
  hydrate({ notes }) {
    const texts = new Map(notes.map(({ id, text }) => [id, text]));
    const cards = this.articles().map((article) => this.#add(article, texts.get(article.dataset.note ?? "") ?? ""));
    const edits = cards.map((card) => preHydrationEdit(card));
    this.#showAll(false);
    this.#reorder(NONE);
    cards.forEach((card, index) => continueEditing(card, this.activeEditor, edits[index]));
    this.showSaveStatuses();
  }

  /**
   * @param {ViewChange[]} changes
   * @param {boolean} isOwn
   */
  show(changes, isOwn) {
    this.#closeIfDeleted();
    const pinned = isOwn ? NONE : this.pinned.cards;
    const show = () => changes.forEach((change) => this.#showChange(change, isOwn));
    if (this.#isOnlyEditedNote(changes)) {
      show();
    } else {
      withTransition(this.container, [...pinned][0], () => {
        show();
        this.#reorder(pinned);
      });
    }
    this.showSaveStatuses();
  }

  showSaveStatuses() {
    const { session } = this;
    const isOffline = session.connection.state === "offline";
    const page = { isOffline, isPersisted: session.isPersisted, clock: performance.now() };
    for (const card of this.#cards.values()) {
      card.showSaveStatus(saveStatusOf(session.saveStatus(card.id), page));
    }
  }

  /**
   * @param {ViewChange} change
   * @param {boolean} isOwn
   */
  #showChange(change, isOwn) {
    if (change.type === "reset") return this.#showAll(true);
    if (change.type === "text") {
      const card = this.#cards.get(change.note);
      card?.applyRemote(change.delta, this.session.text(change.note));
      if (!isOwn && card !== this.activeEditor.card) card?.highlight();
    } else if (change.type === "note" || change.type === "added") {
      const note = this.session.notes.find(({ id }) => id === change.note);
      const card = note && this.#card(note.id);
      if (!note || !card) return;
      card.show(note);
      if (change.type === "added" && !isOwn && !card.article.isConnected) flash(card.article, "data-arrived");
      if (note.state === "trashed" && card === this.activeEditor.card) warnOfTrash(isOwn);
    }
  }

  /** @param {boolean} isUpdate whether to highlight changes */
  #showAll(isUpdate) {
    for (const note of this.session.notes) {
      const card = this.#card(note.id);
      const isChanged = card.showText(this.session.text(note.id));
      if (isChanged && isUpdate && card.article.isConnected && card !== this.activeEditor.card) card.highlight();
      card.show(note);
    }
  }

  /**
   * Whether no card moves. The most frequent change by far is typing in the edited note.
   * @param {ViewChange[]} changes
   */
  #isOnlyEditedNote(changes) {
    const isEdited = (/** @type {ViewChange} */ change) =>
      (change.type === "note" || change.type === "text") && change.note === this.activeEditor.card?.id;
    if (!changes.every(isEdited)) return false;
    const { children } = this.container;
    const live = this.#live();
    return live.length === children.length && live.every((article, place) => article === children[place]);
  }

  /** Closes the editor of a note that was permanently deleted; its unsent text is a draft by now. */
  #closeIfDeleted() {
    const edited = this.activeEditor.card?.id;
    if (edited && !this.session.has(edited)) this.activeEditor.close();
  }

  /** Moves cards to their places once none is pinned. */
  #settle() {
    withTransition(this.container, undefined, () => this.#reorder(NONE));
  }

  /** @param {Set<HTMLElement>} pinned */
  #reorder(pinned) {
    const present = this.articles();
    const wanted = this.#live();
    reorderChildren(this.container, orderAroundPinned(present, wanted, pinned));
    wanted.forEach((article, index) => {
      enable(article, "earlier", index > 0);
      enable(article, "later", index < wanted.length - 1);
    });
  }

  /** A trashed note stays while it is edited, since typing restores it. */
  #live() {
    const notes = this.session.notes;
    const shown = notes.filter(({ id, state }) => state === "live" || this.activeEditor.card?.id === id);
    const ids = new Set(notes.map(({ id }) => id));
    for (const id of this.#cards.keys()) if (!ids.has(id)) this.#cards.delete(id);
    return shown.map(({ id }) => this.#card(id).article);
  }

  /**
   * @param {HTMLElement} article
   * @param {string} text
   */
  #add(article, text) {
    const id = article.dataset.note ?? "";
    const card = new NoteCard(article, text, (delta) => this.session.type(id, delta));
    this.#cards.set(id, card);
    return card;
  }

  /** @param {string} note */
  #card(note) {
    const known = this.#cards.get(note);
    if (known) return known;
    const card = NoteCard.fromTemplate(note, (delta) => this.session.type(note, delta));
    this.#cards.set(note, card);
    card.showText(this.session.text(note));
    return card;
  }
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
