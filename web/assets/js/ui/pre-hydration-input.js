// @ts-check
// Reads the text that the user typed before the page's script ran from the form fields, once.

import { diff, isEmpty, normaliseText } from "../delta/delta.js";

/** @typedef {{delta: import("../delta/delta.js").Delta, before: string}} PreHydrationEdit */

/**
 * Whether the page was opened by a link or a form. After a reload or the back button, the browser
 * restores old field values, which are not edits.
 */
export function isFreshNavigation() {
  const [navigation] = performance.getEntriesByType("navigation");
  return navigation instanceof PerformanceNavigationTiming && navigation.type === "navigate";
}

/**
 * The user's edit in a card's open editor, relative to the rendered text, or to the note's text if the
 * server returned a refused edit. Null if there is none.
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
 * Continues editing in a card that the server rendered with its editor open: repeats the edit on the
 * current text. If the user has moved the focus elsewhere, it stays there.
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
