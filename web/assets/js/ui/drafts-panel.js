// @ts-check
// The drafts: texts that could not be saved, each with the reason and actions.

import { copyText, showCopied } from "./clipboard.js";
import { pressedAction, findElement, requireElement, setText, cloneTemplate } from "./dom.js";
import { bytesOf, kilobytes } from "./text-length.js";
import { toast } from "./toasts.js";

/** @typedef {import("../sync/drafts.js").Draft} Draft */
/** @typedef {import("../sync/board-session.js").BoardSession} BoardSession */

/** @type {Record<string, string>} */
const REASONS = {
  board_full: "Not saved – the board is full. Delete some notes, then turn this into a new note.",
  board_text_full: "Not saved – the board has no room for more text. Delete some notes, then turn this into a new note.",
  base_gone: "The board was restored to an earlier version that doesn’t include this text.",
  note_gone: "This note was permanently deleted while you were editing. Your text is still here.",
  note_not_found: "This note no longer exists. Your text is still here.",
  not_found: "Not saved – you no longer have access to this board. Copy your text to keep it.",
  forbidden: "Not saved – you can only view this board. Copy your text to keep it.",
  expired: "This text has been waiting here for more than 60 days, so it wasn’t sent. You can turn it into a new note.",
  taken_over: "Another tab continued your edit while this one was asleep. This is the version from this tab.",
  other_identity: "This text was written by another user of this device, so it wasn’t sent.",
};
const NOT_SENT = ["expired", "other_identity", "taken_over"];

export class DraftsPanel {
  /** @type {Map<string, HTMLElement>} */
  #panels = new Map();
  /** Discarded drafts whose undo toast is still open. @type {Set<string>} */
  #hidden = new Set();

  /**
   * @param {(note: string) => HTMLElement | null} slotOf where a note's drafts are shown
   * @param {(text: string) => HTMLElement | null} create creates a note and returns its card
   */
  constructor(slotOf, create) {
    this.slotOf = slotOf;
    this.create = create;
  }

  /** Activates the drafts that the server rendered. */
  hydrate() {
    for (const panel of document.querySelectorAll("[data-draft]")) {
      const text = requireElement(panel, "[data-text]").textContent ?? "";
      panel.addEventListener("submit", (event) => event.preventDefault());
      const drop = () => panel.remove();
      panel.addEventListener("click", (event) => this.#onClick(event, text, { renewed: drop, discard: drop }));
    }
  }

  /** @param {BoardSession[]} sessions */
  show(sessions) {
    const drafts = sessions.flatMap((session) =>
      session.machine.drafts().map((draft) => ({ draft, session })),
    );
    const shown = drafts.filter(({ draft }) => !this.#hidden.has(draft.id));
    const ids = new Set(shown.map(({ draft }) => draft.id));
    for (const [id, panel] of this.#panels) {
      if (ids.has(id)) continue;
      panel.remove();
      this.#panels.delete(id);
    }
    for (const { draft, session } of shown) this.#place(draft, session);
  }

  /**
   * @param {Draft} draft
   * @param {BoardSession} session
   */
  #place(draft, session) {
    const panel = this.#panels.get(draft.id) ?? this.#create(draft, session);
    this.#panels.set(draft.id, panel);
    const slot = this.slotOf(draft.note) ?? findElement(document, "#drafts");
    if (slot && panel.parentElement !== slot) slot.append(panel);
  }

  /**
   * @param {Draft} draft
   * @param {BoardSession} session
   */
  #create(draft, session) {
    const panel = cloneTemplate("draft-template");
    const { code } = draft.reason;
    setText(requireElement(panel, "[data-reason]"), reasonOf(draft));
    setText(requireElement(panel, "[data-text]"), draft.text);
    panel.dataset.kind = NOT_SENT.includes(code) ? "waiting" : "rejected";
    // A new note would be rejected as well.
    if (bytesOf(draft.text) > noteBytesMax()) requireElement(panel, "[data-action=draft-new]").remove();
    panel.addEventListener("submit", (event) => event.preventDefault());
    const renewed = () => session.dismissDraft(draft.id);
    const discard = () => this.#discard(draft, session);
    panel.addEventListener("click", (event) => this.#onClick(event, draft.text, { renewed, discard }));
    return panel;
  }

  /**
   * @param {Event} event
   * @param {string} text
   * @param {{renewed: () => void, discard: () => void}} what `renewed` is called when the draft has become a new note
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
  #renew(text, renewed) {
    const card = this.create(text);
    renewed();
    card?.focus({ preventScroll: true });
  }

  /**
   * @param {Draft} draft
   * @param {BoardSession} session
   */
  #discard(draft, session) {
    const panel = this.#panels.get(draft.id);
    const nextFocus = panel?.closest("[data-note]") ?? panel?.nextElementSibling?.querySelector("button");
    this.#hidden.add(draft.id);
    panel?.remove();
    this.#panels.delete(draft.id);
    if (nextFocus instanceof HTMLElement) nextFocus.focus({ preventScroll: true });
    const undo = () => {
      this.#hidden.delete(draft.id);
      this.#place(draft, session);
      this.#panels.get(draft.id)?.querySelector("button")?.focus({ preventScroll: true });
    };
    toast("Draft discarded", { undo, closed: () => session.dismissDraft(draft.id) });
  }
}

/** @param {Draft} draft */
function reasonOf({ text, reason: { code, detail } }) {
  const [size, most] = [bytesOf(text), noteBytesMax()];
  if (code !== "text_too_long" || size <= most) return REASONS[code] ?? `Not saved – ${detail}.`;
  const limit = `a note can hold up to ${kilobytes(most)}, and this is ${kilobytes(size)}`;
  return `Not saved – ${limit}. Copy the text and split it into two notes.`;
}

function noteBytesMax() {
  return Number(requireElement(document, "[data-note-bytes-max]").dataset.noteBytesMax);
}
