// @ts-check
// The trash of a board: restores notes, or deletes them permanently.

import { pressedAction, findElement, requireElement, setText, showAvatar, cloneTemplate } from "./dom.js";
import { noteLabel } from "../markdown/lazy-renderer.js";
import { reorderChildren } from "./card-layout-stability.js";
import { showTime } from "./relative-time.js";

/** @typedef {import("../sync/view-model.js").NoteView} NoteView */
/** @typedef {import("../sync/board-session.js").BoardSession} BoardSession */

export class TrashPanel {
  /** @type {Map<string, HTMLElement>} */
  #items = new Map();
  #list = requireElement(document, "#trash-list");

  /** @param {BoardSession} session */
  constructor(session) {
    this.session = session;
    for (const item of this.#list.querySelectorAll("[data-note]")) {
      if (item instanceof HTMLElement) this.#items.set(item.dataset.note ?? "", item);
    }
    this.#list.addEventListener("click", (event) => this.#onClick(event));
    this.#list.addEventListener("submit", (event) => event.preventDefault());
  }

  /** Shows the trash of the board. */
  showAll() {
    this.#show(() => true);
  }

  /** @param {import("../sync/view-changes.js").ViewChange[]} changes */
  show(changes) {
    if (changes.some(({ type }) => type === "reset")) return this.showAll();
    const changed = new Set(changes.map((change) => ("note" in change && change.note) || ""));
    const isInTrash = (/** @type {string} */ id) =>
      this.#items.has(id) || this.session.note(id)?.state === "trashed";
    if ([...changed].some(isInTrash)) this.#show((id) => changed.has(id));
  }

  /** @param {(id: string) => boolean} isChanged */
  #show(isChanged) {
    const notes = this.session.notes.filter(({ state }) => state === "trashed");
    const newestFirst = notes.sort((a, b) => b.seq - a.seq);
    const items = newestFirst.map((note) => {
      const known = this.#items.get(note.id);
      return known && !isChanged(note.id) ? known : this.#item(note);
    });
    reorderChildren(this.#list, items);
    const ids = new Set(notes.map(({ id }) => id));
    for (const id of this.#items.keys()) if (!ids.has(id)) this.#items.delete(id);
    setText(findElement(document, "#trash-count"), String(notes.length));
    findElement(document, "#trash")?.toggleAttribute("data-empty", notes.length === 0);
  }

  /** @param {NoteView} note */
  #item(note) {
    const item = this.#items.get(note.id) ?? cloneTemplate("trashed-template", note.id);
    this.#items.set(note.id, item);
    item.dataset.colour = note.colour;
    setText(requireElement(item, "[data-text]"), this.session.text(note.id));
    if (note.editedBy) {
      setText(findElement(item, "[data-author]"), note.editedBy.name);
      showAvatar(findElement(item, "[data-avatar]"), note.editedBy);
    }
    const time = findElement(item, "time[data-time]");
    if (time instanceof HTMLTimeElement) showTime(time, note.editedAt);
    return item;
  }

  /** @param {Event} event */
  #onClick(event) {
    const pressed = pressedAction(event);
    const note = pressed?.button.closest("[data-note]")?.getAttribute("data-note");
    if (!pressed || !note) return;
    if (pressed.action === "restore") this.#removeItem(note, () => this.session.submit({ type: "restore_note", note }));
    else if (pressed.action === "delete") this.#confirmDelete(note);
    else return;
    event.preventDefault();
  }

  /**
   * Removes a note from the trash by `act`, and moves the focus to the next one.
   * @param {string} note
   * @param {() => void} act
   */
  #removeItem(note, act) {
    const item = this.#items.get(note);
    const hadFocus = item?.contains(document.activeElement);
    const neighbour = item?.nextElementSibling ?? item?.previousElementSibling;
    act();
    const next = neighbour ? findElement(neighbour, "[data-action=restore]") : findElement(document, "#trash > summary");
    if (hadFocus) next?.focus({ preventScroll: true });
  }

  /** Asks first, because deleting is the only action without an undo. @param {string} note */
  async #confirmDelete(note) {
    const dialog = /** @type {HTMLDialogElement} */ (requireElement(document, "#delete-dialog"));
    setText(requireElement(dialog, "[data-label]"), (await noteLabel(this.session.text(note), 60)) || "Empty note");
    dialog.returnValue = "cancel";
    const onClosed = () => {
      if (dialog.returnValue !== "delete") return;
      this.#removeItem(note, () => this.session.submit({ type: "delete_note", note }));
    };
    dialog.addEventListener("close", onClosed, { once: true });
    dialog.showModal();
  }
}
