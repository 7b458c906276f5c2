// @ts-check
// The entry of a note's page: reads, edits and recolours the note, with its history beside it.

import { continueEditing, preHydrationEdit } from "./ui/pre-hydration-input.js";
import { readSnapshot } from "./ui/page-snapshot.js";
import { NoteCard } from "./ui/note-card.js";
import { pressedAction, findElement, requireElement } from "./ui/dom.js";
import { DraftsPanel } from "./ui/drafts-panel.js";
import { enableTasks } from "./ui/task-checkboxes.js";
import { NoteHistory } from "./ui/note-history.js";
import { uuid } from "./platform/clock-and-ids.js";
import { showRejections } from "./ui/rejection-messages.js";
import { openPageSession, startPageSession } from "./ui/page-session.js";
import { ColourPalette } from "./ui/colour-palette.js";
import { ActiveEditor } from "./ui/active-editor.js";
import { PresenceList } from "./ui/presence-list.js";
import { REFRESH_EVERY_MS, saveStatusOf } from "./ui/note-save-status.js";
import { showBoardTitle } from "./ui/board-title.js";
import { toast } from "./ui/toasts.js";

const main = requireElement(document, "#note-page");
const snapshot = readSnapshot();
const session = await openPageSession(main.dataset.board ?? "", snapshot);
const article = requireElement(main, ".note");
const card = new NoteCard(article, snapshot.notes[0].text, (delta) => session.type(card.id, delta));
const activeEditor = new ActiveEditor(session, showAll);
const palette = new ColourPalette((note, colour) => session.submit({ type: "recolour_note", note, colour }));
const drafts = new DraftsPanel(
  (note) => (note === card.id ? findElement(article, "[data-draft-slot]") : null),
  (text) => createBeside(text),
);
const sessions = [session];
const history = new NoteHistory();
const presence = new PresenceList(session, (note) => (note === card.id ? article : null));

/** @param {import("./sync/view-changes.js").ViewChange[]} changes @param {boolean} isOwn */
session.onChanges = (changes, isOwn) => {
  for (const change of changes) {
    if (change.type !== "text" || change.note !== card.id) continue;
    card.applyRemote(change.delta, session.text(card.id));
    if (!isOwn && card !== activeEditor.card) card.highlight();
  }
  presence.show(changes);
  if (changes.some(({ type }) => type === "reset")) card.setText(session.text(card.id));
  showAll();
  drafts.show(sessions);
  showRejections(session, changes);
  showBoardTitle(session);
};

article.addEventListener("click", (event) => {
  const pressed = pressedAction(event);
  if (!pressed) return activeEditor.openAtPointer(card, event);
  const act = actions[pressed.action];
  if (!act || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  act(pressed.button);
});
article.addEventListener("submit", (event) => event.preventDefault());
article.addEventListener("keydown", (event) => {
  if (event.target !== article || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter") activeEditor.open(card, card.text.length);
  else if (event.key === "c") palette.open(article, article);
  else return;
  event.preventDefault();
});

if (card.textarea) enableTasks(article);
const edit = preHydrationEdit(card);
card.setText(session.text(card.id));
card.render();
continueEditing(card, activeEditor, edit);
drafts.hydrate();
setInterval(showSaveStatus, REFRESH_EVERY_MS);
const editedNote = () => activeEditor.card?.id ?? null;
startPageSession(session, { editedNote, onDrafts: showDraftsOf });
main.dataset.scripted = "";

/** @type {Record<string, (button: HTMLElement) => void>} */
const actions = {
  edit: () => activeEditor.open(card, card.text.length),
  save: () => activeEditor.close(),
  colour: (button) => palette.open(article, button),
  trash: () => {
    activeEditor.close();
    session.submit({ type: "trash_note", note: card.id });
  },
};

function showAll() {
  const note = session.note(card.id);
  if (note) {
    if (activeEditor.card !== card) card.setText(session.text(card.id));
    card.render();
    card.show(note);
    history.update(note.seq);
  } else {
    // The note was permanently deleted; its unsent text is a draft by now.
    activeEditor.close();
  }
  // A trashed note has another page, which the server renders.
  const isTrashed = note?.state !== "live";
  const wasTrashed = main.hasAttribute("data-trashed");
  const hasDraft = session.machine.drafts().some((draft) => draft.note === card.id);
  const isAtRest = activeEditor.card !== card && session.unsentCount() === 0 && !hasDraft;
  if (isTrashed !== wasTrashed && isAtRest) location.reload();
}

function showSaveStatus() {
  const isOffline = session.connection.state === "offline";
  const page = { isOffline, isPersisted: session.isPersisted, clock: performance.now() };
  card.showSaveStatus(saveStatusOf(session.saveStatus(card.id), page));
}

/** @param {import("./sync/board-session.js").BoardSession} orphan */
function showDraftsOf(orphan) {
  sessions.push(orphan);
  orphan.onChanges = () => drafts.show(sessions);
  drafts.show(sessions);
}

/**
 * Creates a note before this one; the page does not know the others.
 * @param {string} text
 */
function createBeside(text) {
  const rank = session.machine.rankBetween(null, session.has(card.id) ? card.id : null);
  session.submit({ type: "create_note", note: uuid(), text, colour: "paper", rank });
  toast("Your text is now a new note on the board.");
  return article;
}
