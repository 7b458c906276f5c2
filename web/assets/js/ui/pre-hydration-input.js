// @ts-check
// What the user typed before the page's script ran, read from the form fields once.

import { diff, isEmpty, normaliseText } from "../delta/delta.js";

/** @typedef {{delta: import("../delta/delta.js").Delta, before: string}} PreHydrationEdit */

/**
 * Whether the page was opened by a link or a form. After a reload or the back button, the browser
 * restores old field values, which are no edits.
 */
export function isFreshNavigation() {
  const [navigation] = performance.getEntriesByType("navigation");
  return navigation instanceof PerformanceNavigationTiming && navigation.type === "navigate";
}

/**
 * What the user changed in a card's open editor: since the page was rendered, or since the note's
 * text if the server returned a refused edit. Null if nothing.
 * @param {import("./note-card.js").NoteCard} card
 * @returns {PreHydrationEdit | null}
 */
export function preHydrationEdit({ isEditing, textarea, text }) {
  if (!isEditing || !textarea) return null;
  const isRefused = textarea.hasAttribute("data-refused");
  if (!isRefused && !isFreshNavigation()) return null;
  const before = isRefused ? text : textarea.defaultValue;
  const delta = diff(before, normaliseText(textarea.value));
  return isEmpty(delta) ? null : { delta, before };
}

/**
 * Continues in a card that the server rendered with its editor open: makes the edit again, over the
 * text as it is now. The focus stays where the user has moved it meanwhile.
 * @param {import("./note-card.js").NoteCard} card
 * @param {import("./active-editor.js").ActiveEditor} activeEditor
 * @param {PreHydrationEdit | null} edit
 */
export function continueEditing(card, activeEditor, edit) {
  const { textarea } = card;
  if (!card.isEditing || !textarea) return;
  const { value, selectionStart, selectionEnd } = textarea;
  const focused = document.activeElement;
  card.article.removeAttribute("data-editing");
  activeEditor.open(card);
  if (edit) card.retype(edit.delta, edit.before);
  if (edit && textarea.value === value) textarea.setSelectionRange(selectionStart, selectionEnd);
  const isElsewhere = focused !== document.body && !card.article.contains(focused);
  if (isElsewhere && focused instanceof HTMLElement) focused.focus({ preventScroll: true });
}
