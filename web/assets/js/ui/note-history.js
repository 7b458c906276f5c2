// @ts-check
// The history beside a note: fetched anew, a moment after something happened to the note.

import { findElement } from "./dom.js";

const CALM_MS = 1_200;

export class NoteHistory {
  #seq = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * The note was changed by the event of this number.
   * @param {number} seq
   */
  reach(seq) {
    const isFirst = this.#seq === 0;
    const shown = Number(findElement(document, "#history [data-seq]")?.dataset.seq ?? 0);
    // An earlier page of the history stays as it is.
    if (seq === this.#seq || location.search !== "") return;
    this.#seq = seq;
    if (isFirst && shown >= seq) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fetch().catch(() => {}), CALM_MS);
  }

  async #fetch() {
    const answer = await fetch(location.pathname, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const [before, after] = [findElement(document, ".history"), findElement(page, ".history")];
    if (!before || !after || before.contains(document.activeElement)) return;
    const open = new Set([...before.querySelectorAll("details[open]")].map(seqOf));
    for (const details of after.querySelectorAll("details")) details.open = open.has(seqOf(details));
    before.replaceChildren(...document.importNode(after, true).children);
  }
}

/** @param {Element} details */
function seqOf(details) {
  return details.closest("[data-seq]")?.getAttribute("data-seq");
}
