// @ts-check
// Who is here: a disc for each in the head of the page, and a name on the note that they are in.
// Nobody moves when another one comes or goes, and nothing of it is read aloud by itself.

import { findElement, setText, showAvatar, cloneTemplate } from "./dom.js";

/** @typedef {import("../sync/board-presence.js").PersonHere} PersonHere */

/** As long as the fading takes. */
const LEAVES_WITHIN_MS = 180;

export class PresenceList {
  /**
   * @param {import("../sync/board-session.js").Seat} seat
   * @param {() => HTMLElement[]} articles those of the notes on the page
   */
  constructor(seat, articles) {
    this.seat = seat;
    this.articles = articles;
    this.head = findElement(document, "#people");
  }

  /**
   * Shows them where that may be different now: a card that is new may be of a note that somebody is in.
   * @param {import("../sync/view-changes.js").ViewChange[]} changes
   */
  show(changes) {
    if (changes.every(({ type }) => type === "text" || type === "note")) return;
    const { machine } = this.seat;
    const people = machine.people();
    if (this.head) {
      this.head.style.setProperty("--more", String(machine.morePeople()));
      list(this.head, people, "person-template", ({ name }) => name);
    }
    for (const article of this.articles()) {
      const place = findElement(article, "[data-people]");
      const here = people.filter(({ notes }) => notes.includes(article.dataset.note ?? ""));
      if (place) list(place, here, "in-note-template", ({ name }) => `${name} is in this note`);
    }
  }
}

/**
 * Shows exactly these in a list, and leaves alone whoever is in it already.
 * @param {HTMLElement} place
 * @param {PersonHere[]} people
 * @param {string} template
 * @param {(actor: import("../sync/client-messages.js").Actor) => string} title
 */
function list(place, people, template, title) {
  const shown = new Map([...place.children].map((it) => [it.getAttribute("data-person"), it]));
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
    if (!known) place.insertBefore(item, follower(place, actor.id));
  }
  for (const item of shown.values()) leave(item);
}

/**
 * The first whose id is greater: all lists are in the order of ids.
 * @param {HTMLElement} place
 * @param {string} id
 */
function follower(place, id) {
  return [...place.children].find((it) => (it.getAttribute("data-person") ?? "") > id) ?? null;
}

/** @param {Element} item */
function leave(item) {
  if (item.hasAttribute("data-leaving")) return;
  item.setAttribute("data-leaving", "");
  setTimeout(() => {
    if (item.hasAttribute("data-leaving")) item.remove();
  }, LEAVES_WITHIN_MS);
}
