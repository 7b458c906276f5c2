// @ts-check
// The entry of a board's page: hydrates the rendered notes and keeps them up to date.

import { NoteActions } from "./ui/note-actions.js";
import { CardList } from "./ui/card-list.js";
import { NewNoteForm } from "./ui/new-note-form.js";
import { findElement, requireElement } from "./ui/dom.js";
import { DraftsPanel } from "./ui/drafts-panel.js";
import { hydrateKeyboardShortcuts } from "./ui/keyboard-shortcuts.js";
import { openPageSession, startPageSession } from "./ui/page-session.js";
import { showRejections } from "./ui/rejection-messages.js";
import { PresenceList } from "./ui/presence-list.js";
import { hydrateShareLinkForm } from "./ui/share-link-form.js";
import { hydrateBoardTitle, showBoardTitle } from "./ui/board-title.js";
import { TrashPanel } from "./ui/trash-panel.js";

/** @typedef {import("./sync/board-session.js").BoardSession} BoardSession */

const main = requireElement(document, "#board");
const session = await openPageSession(main.dataset.board ?? "");
const list = new CardList(requireElement(main, "#notes"), session);
const actions = new NoteActions(session, list);
const trash = new TrashPanel(session);
const people = new PresenceList(session, () => list.articles());
const drafts = new DraftsPanel(slotOf, (text) => actions.create(text, "paper"));
/** The sessions whose drafts are shown. */
const sessions = [session];
const composer = hydrateComposer();

session.onChanges = (all, isOwn) => {
  const changes = all.filter(({ type }) => type !== "people");
  if (changes.length > 0) showChanges(changes, isOwn);
  people.show(all);
};

/**
 * @param {import("./sync/view-changes.js").ViewChange[]} changes
 * @param {boolean} isOwn
 */
function showChanges(changes, isOwn) {
  list.show(changes, isOwn);
  drafts.show(sessions);
  showRejections(main, session, changes);
  showBoardTitle(session);
  if (!session.isLoaded) return;
  trash.show(session.notes.filter(({ state }) => state === "trashed"));
  if (changes.some(({ type }) => type === "reset")) session.flushAllExcept(list.activeEditor.card?.id ?? null);
}

hydrateBoardTitle(session);
hydrateShareLinkForm();
hydrateExamples();
hydrateKeyboardShortcuts(Object.assign(actions, { newNote: () => composer?.focus() }));
list.takeOver();
drafts.hydrate();
startPageSession(session, { written: () => (list.activeEditor.card ? [list.activeEditor.card.id] : []), taken: showDraftsOf });
main.dataset.scripted = "";

/** @param {string} note */
function slotOf(note) {
  const article = list.get(note)?.article;
  return article?.isConnected ? findElement(article, "[data-draft-slot]") : null;
}

/** @param {BoardSession} leftover */
function showDraftsOf(leftover) {
  sessions.push(leftover);
  leftover.onChanges = () => drafts.show(sessions);
  drafts.show(sessions);
}

function hydrateComposer() {
  const form = findElement(main, "#composer");
  if (!(form instanceof HTMLFormElement)) return null;
  findElement(document, "[data-action=new]")?.addEventListener("click", (event) => {
    event.preventDefault();
    composer?.focus();
  });
  return new NewNoteForm(form, session, (text, colour) => actions.create(text, colour));
}

/** The example notes arrive as events like any others. */
function hydrateExamples() {
  const form = findElement(main, "#empty form");
  form?.addEventListener("submit", (event) => {
    if (session.connection.state !== "live") return;
    event.preventDefault();
    const { action } = /** @type {HTMLFormElement} */ (form);
    fetch(action, { method: "POST", redirect: "manual" }).catch(() => {});
  });
}
