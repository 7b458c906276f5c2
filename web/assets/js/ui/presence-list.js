// @ts-check
// Presence: an avatar for each person in the page header, and a name on the note that they edit.
// Entries keep their order, and screen readers do not announce changes.

import { cardPart } from "./card-parts.js";
import { findElement, setText, showAvatar, cloneTemplate } from "./dom.js";

/** @typedef {import("../sync/presence.js").PersonPresence} PersonPresence */

/** As long as the style sheet's fade-out. */
const FADE_OUT_MS = 180;

export class PresenceList {
  /** The notes with people in them. @type {Set<string>} */
  #notes = new Set();

  /**
   * @param {import("../sync/board-session.js").BoardSession} session
   * @param {(note: string) => HTMLElement | null} articleOf the card of a note
   */
  constructor(session, articleOf) {
    this.session = session;
    this.articleOf = articleOf;
    this.header = findElement(document, "#people");
  }

  /**
   * Updates the lists, unless only texts changed. A new card may belong to a note that a person edits.
   * @param {import("../sync/view-changes.js").ViewChange[]} changes
   */
  show(changes) {
    if (changes.every(({ type }) => type === "text" || type === "note")) return;
    const { machine } = this.session;
    const people = machine.people();
    if (this.header) {
      this.header.style.setProperty("--more", String(machine.morePeople()));
      showPeople(this.header, people, "person-template", ({ name }) => name);
    }
    const occupied = new Set(people.flatMap(({ notes }) => notes));
    for (const note of new Set([...this.#notes, ...occupied])) {
      const article = this.articleOf(note);
      const noteList = article && cardPart(article, "[data-people]");
      const here = people.filter(({ notes }) => notes.includes(note));
      if (noteList) showPeople(noteList, here, "in-note-template", ({ name }) => `${name} is editing this note`);
    }
    this.#notes = occupied;
  }
}

/**
 * Shows exactly these people in a list, and keeps the elements of those already in it.
 * @param {HTMLElement} list
 * @param {PersonPresence[]} people
 * @param {string} template
 * @param {(actor: import("../sync/client-messages.js").Actor) => string} title
 */
function showPeople(list, people, template, title) {
  const shown = new Map([...list.children].map((it) => [it.getAttribute("data-person"), it]));
  for (const { actor } of people) {
    const known = shown.get(actor.id);
    const item = /** @type {HTMLElement} */ (known ?? cloneTemplate(template));
    shown.delete(actor.id);
    item.removeAttribute("data-leaving");
    item.dataset.person = actor.id;
    item.dataset.hue = String(actor.colour);
    item.title = title(actor);
    setText(findElement(item, "[data-name]"), actor.name);
    showAvatar(findElement(item, "[data-avatar]"), actor);
    if (!known) list.insertBefore(item, nextById(list, actor.id));
  }
  for (const item of shown.values()) fadeOut(item);
}

/**
 * The first element with a greater id: the lists are ordered by id.
 * @param {HTMLElement} list
 * @param {string} id
 */
function nextById(list, id) {
  return [...list.children].find((it) => (it.getAttribute("data-person") ?? "") > id) ?? null;
}

/** @param {Element} item */
function fadeOut(item) {
  if (item.hasAttribute("data-leaving")) return;
  item.setAttribute("data-leaving", "");
  setTimeout(() => {
    if (item.hasAttribute("data-leaving")) item.remove();
  }, FADE_OUT_MS);
}
