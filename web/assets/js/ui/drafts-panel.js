// @ts-check
// Words that could not be saved: why, and what can be done with them.

import { copyText, showCopied } from "./clipboard.js";
import { pressedAction, findElement, requireElement, setText, cloneTemplate } from "./dom.js";
import { bytesOf, kilobytes } from "./text-length.js";
import { toast } from "./toasts.js";

/** @typedef {import("../sync/unsent-state.js").Draft} Draft */
/** @typedef {import("../sync/board-session.js").Seat} Seat */

/** @type {Record<string, string>} */
const REASONS = {
  board_full: "Not saved: the board holds no more notes. Make room, then make a new note of it.",
  board_text_full: "Not saved: the board holds no more text. Make room, then make a new note of it.",
  base_gone: "The board went back to an older state of itself, without these words.",
  note_gone: "The note was deleted for good while you wrote. Your words are still here.",
  note_not_found: "The note is not there any more. Your words are still here.",
  not_found: "Not saved: you cannot write on this board any more. Copy your words if you need them.",
  forbidden: "Not saved: you may only read this board. Copy your words if you need them.",
  expired: "These words waited here for more than 60 days and were not sent. They can be a new note.",
  taken_over: "This page slept, and another went on with what you wrote. This is how it read here.",
  other_identity: "These words were written here under another name and were not sent.",
};
const WAITING = ["expired", "other_identity", "taken_over"];

export class DraftsPanel {
  /** @type {Map<string, HTMLElement>} */
  #panels = new Map();
  /** Discarded, and to be forgotten when it can no longer be taken back. @type {Set<string>} */
  #hidden = new Set();

  /**
   * @param {(note: string) => HTMLElement | null} placeOf where a note's drafts are shown
   * @param {(text: string) => Promise<HTMLElement | null>} create makes a new note, and gives its card
   */
  constructor(placeOf, create) {
    this.placeOf = placeOf;
    this.create = create;
  }

  /** Those that the server rendered can do what the others can. */
  hydrate() {
    for (const panel of document.querySelectorAll("[data-draft]")) {
      const text = requireElement(panel, "[data-text]").textContent ?? "";
      panel.addEventListener("submit", (event) => event.preventDefault());
      const drop = () => panel.remove();
      panel.addEventListener("click", (event) => this.#onClick(event, text, { renewed: drop, discard: drop }));
    }
  }

  /** @param {Seat[]} seats */
  show(seats) {
    const drafts = seats.flatMap((seat) =>
      seat.machine.drafts().map((draft) => ({ draft, seat })),
    );
    const shown = drafts.filter(({ draft }) => !this.#hidden.has(draft.id));
    const ids = new Set(shown.map(({ draft }) => draft.id));
    for (const [id, panel] of this.#panels) {
      if (ids.has(id)) continue;
      panel.remove();
      this.#panels.delete(id);
    }
    for (const { draft, seat } of shown) this.#place(draft, seat);
  }

  /**
   * @param {Draft} draft
   * @param {Seat} seat
   */
  #place(draft, seat) {
    const panel = this.#panels.get(draft.id) ?? this.#made(draft, seat);
    this.#panels.set(draft.id, panel);
    const place = this.placeOf(draft.note) ?? findElement(document, "#drafts");
    if (place && panel.parentElement !== place) place.append(panel);
  }

  /**
   * @param {Draft} draft
   * @param {Seat} seat
   */
  #made(draft, seat) {
    const panel = cloneTemplate("draft-template");
    const { code } = draft.reason;
    setText(requireElement(panel, "[data-reason]"), reasonOf(draft));
    setText(requireElement(panel, "[data-text]"), draft.text);
    panel.dataset.kind = WAITING.includes(code) ? "waiting" : "rejected";
    // A new note would be refused as well.
    if (bytesOf(draft.text) > noteBytesMax()) requireElement(panel, "[data-action=draft-new]").remove();
    panel.addEventListener("submit", (event) => event.preventDefault());
    const renewed = () => seat.dismissDraft(draft.id);
    const discard = () => this.#discard(draft, seat);
    panel.addEventListener("click", (event) => this.#onClick(event, draft.text, { renewed, discard }));
    return panel;
  }

  /**
   * @param {Event} event
   * @param {string} text
   * @param {{renewed: () => void, discard: () => void}} what `renewed`: it is a new note now
   */
  #onClick(event, text, { renewed, discard }) {
    const pressed = pressedAction(event);
    switch (pressed?.action) {
      case "draft-copy":
        copyText(text).then((isCopied) => isCopied && showCopied(pressed.button));
        break;
      case "draft-new":
        pressed.button.setAttribute("disabled", "");
        this.#renew(text, renewed);
        break;
      case "draft-discard":
        discard();
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  /**
   * @param {string} text
   * @param {() => void} renewed
   */
  async #renew(text, renewed) {
    const card = await this.create(text);
    renewed();
    card?.focus({ preventScroll: true });
  }

  /**
   * @param {Draft} draft
   * @param {Seat} seat
   */
  #discard(draft, seat) {
    const panel = this.#panels.get(draft.id);
    const near = panel?.closest("[data-note]") ?? panel?.nextElementSibling?.querySelector("button");
    this.#hidden.add(draft.id);
    panel?.remove();
    this.#panels.delete(draft.id);
    if (near instanceof HTMLElement) near.focus({ preventScroll: true });
    const undo = () => {
      this.#hidden.delete(draft.id);
      this.#place(draft, seat);
      this.#panels.get(draft.id)?.querySelector("button")?.focus({ preventScroll: true });
    };
    toast("Draft discarded", { undo, closed: () => seat.dismissDraft(draft.id) });
  }
}

/** @param {Draft} draft */
function reasonOf({ text, reason: { code, detail } }) {
  const [size, most] = [bytesOf(text), noteBytesMax()];
  if (code !== "text_too_long" || size <= most) return REASONS[code] ?? `Not saved: ${detail}.`;
  const limit = `a note holds up to ${kilobytes(most)} of text, and this is ${kilobytes(size)}`;
  return `Not saved: ${limit}. Copy it, and make two notes of it.`;
}

function noteBytesMax() {
  return Number(requireElement(document, "[data-note-bytes-max]").dataset.noteBytesMax);
}
