// @ts-check
// What a person did on the page before its script was there.

/** After a reload the browser itself brings back old words, which nobody types now. */
export function isVisit() {
  const [visit] = performance.getEntriesByType("navigation");
  return visit instanceof PerformanceNavigationTiming && visit.type === "navigate";
}

/**
 * A card that the server opened for writing goes on as one that the pen was taken to, and what was
 * typed in it is typing like any other. Whoever went elsewhere meanwhile stays there.
 * @param {import("./note-card.js").NoteCard} card
 * @param {import("./active-editor.js").ActiveEditor} activeEditor
 */
export function takeOver(card, activeEditor) {
  const { textarea } = card;
  if (!card.isEditing || !textarea) return;
  const { value, selectionStart, selectionEnd } = textarea;
  const focused = document.activeElement;
  const typed = isVisit() || card.isRefused ? card.typedBefore() : null;
  card.article.removeAttribute("data-editing");
  activeEditor.open(card);
  if (typed) card.retype(typed);
  if (typed && textarea.value === value) textarea.setSelectionRange(selectionStart, selectionEnd);
  const isElsewhere = focused !== document.body && !card.article.contains(focused);
  if (isElsewhere && focused instanceof HTMLElement) focused.focus({ preventScroll: true });
}
