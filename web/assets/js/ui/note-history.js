// @ts-check
// The history beside a note. It is fetched again shortly after the note changes.

import { findElement } from "./dom.js";

const FETCH_DELAY_MS = 1_200;

export class NoteHistory {
  #seq = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * The note's latest event has this number.
   * @param {number} seq
   */
  update(seq) {
    const isFirst = this.#seq === 0;
    const shown = Number(findElement(document, "#history [data-seq]")?.dataset.seq ?? 0);
    // Older pages of the history do not change.
    if (seq === this.#seq || location.search !== "") return;
    this.#seq = seq;
    if (isFirst && shown >= seq) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fetch().catch(() => {}), FETCH_DELAY_MS);
  }

  async #fetch() {
    const response = await fetch(location.pathname, { headers: { accept: "text/html" } });
    if (!response.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
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
