// @ts-check
// The entry of a board's page: hydrates the rendered notes and keeps them up to date.

import { NoteActions } from "./ui/note-actions.js";
import { cardPart } from "./ui/card-parts.js";
import { CardList } from "./ui/card-list.js";
import { hydrateNewNoteButton } from "./ui/new-note-button.js";
import { NewNoteForm } from "./ui/new-note-form.js";
import { findElement, requireElement } from "./ui/dom.js";
import { DraftsPanel } from "./ui/drafts-panel.js";
import { hydrateKeyboardShortcuts } from "./ui/keyboard-shortcuts.js";
import { openPageSession, startPageSession } from "./ui/page-session.js";
import { readSnapshot } from "./ui/page-snapshot.js";
import { showRejections } from "./ui/rejection-messages.js";
import { PresenceList } from "./ui/presence-list.js";
import { hydrateShareLinkForm } from "./ui/share-link-form.js";
import { hydrateBoardTitle, showBoardTitle } from "./ui/board-title.js";
import { TrashPanel } from "./ui/trash-panel.js";

/** @typedef {import("./sync/board-session.js").BoardSession} BoardSession */

const main = requireElement(document, "#board");
const snapshot = readSnapshot();
const session = await openPageSession(main.dataset.board ?? "", snapshot);
const list = new CardList(requireElement(main, "#notes"), session);
const actions = new NoteActions(session, list);
const trash = new TrashPanel(session);
const presence = new PresenceList(session, (note) => list.article(note));
const drafts = new DraftsPanel(slotOf, (text) => actions.create(text, "paper"));
/** The sessions whose drafts are shown. */
const sessions = [session];
const composer = hydrateComposer();

/** @param {import("./sync/view-changes.js").ViewChange[]} all @param {boolean} isOwn */
session.onChanges = (all, isOwn) => {
  const changes = all.filter(({ type }) => type !== "people");
  if (changes.length > 0) {
    list.show(changes, isOwn);
    drafts.show(sessions);
    showBoardTitle(session);
    trash.show(changes);
    showRejections(session, changes);
  }
  presence.show(all);
};

hydrateBoardTitle(session);
hydrateShareLinkForm();
hydrateExamples();
hydrateKeyboardShortcuts(Object.assign(actions, { newNote: () => composer?.focus() }));
list.hydrate(snapshot);
drafts.hydrate();
drafts.show(sessions);
showBoardTitle(session);
trash.showAll();
const editedNote = () => list.activeEditor.card?.id ?? null;
startPageSession(session, { editedNote, onDrafts: showDraftsOf });
main.dataset.scripted = "";

/** @param {string} note */
function slotOf(note) {
  const article = list.article(note);
  return article?.isConnected ? cardPart(article, "[data-draft-slot]") : null;
}

/** @param {BoardSession} orphan */
function showDraftsOf(orphan) {
  sessions.push(orphan);
  orphan.onChanges = () => drafts.show(sessions);
  drafts.show(sessions);
}

function hydrateComposer() {
  const form = findElement(main, "#composer");
  if (!(form instanceof HTMLFormElement)) return null;
  hydrateNewNoteButton(() => composer?.focus());
  return new NewNoteForm(form, session, (text, colour) => actions.create(text, colour));
}

/** Adds example notes without leaving the page: they arrive as events. */
function hydrateExamples() {
  const form = findElement(main, "#empty form");
  form?.addEventListener("submit", (event) => {
    if (session.connection.state !== "live") return;
    event.preventDefault();
    const { action } = /** @type {HTMLFormElement} */ (form);
    fetch(action, { method: "POST", redirect: "manual" }).catch(() => {});
  });
}
