// @ts-check
// The page of a board: the notes that the server rendered come alive, and show what everybody does.

import { BoardActions } from "./board-actions.js";
import { CardList } from "./card-list.js";
import { Composer } from "./composer.js";
import { find, need } from "./dom.js";
import { Drafts } from "./drafts.js";
import { hydrateKeys } from "./keys.js";
import { openSession, startSession } from "./page.js";
import { showNews } from "./notices.js";
import { hydrateShare } from "./share.js";
import { hydrateTitle, showTitle } from "./title.js";
import { Trash } from "./trash.js";

/** @typedef {import("./session.js").Session} Session */

const main = need(document, "#board");
const session = await openSession(main.dataset.board ?? "");
const list = new CardList(need(main, "#notes"), session);
const actions = new BoardActions(session, list);
const trash = new Trash(session);
const drafts = new Drafts(slotOf, (text) => actions.create(text, "paper"));
/** Those whose drafts are shown. */
const sessions = [session];
const composer = hydrateComposer();

session.shown = (changes, isOwn) => {
  list.show(changes, isOwn);
  drafts.show(sessions);
  showNews(main, session, changes);
  showTitle(session);
  if (!session.isPulled) return;
  trash.show(session.notes.filter(({ state }) => state === "trashed"));
  actions.pulled();
  if (changes.some(({ type }) => type === "reset")) session.flushAllBut(list.pen.card?.id ?? null);
};

hydrateTitle(session);
hydrateShare();
hydrateExamples();
hydrateKeys(Object.assign(actions, { compose: () => composer?.focus() }));
list.takeOver();
startSession(session, { written: () => (list.pen.card ? [list.pen.card.id] : []), taken: showDraftsOf });
main.dataset.scripted = "";

/** @param {string} note */
function slotOf(note) {
  const article = list.get(note)?.article;
  return article?.isConnected ? find(article, "[data-draft-slot]") : null;
}

/** @param {Session} leftover */
function showDraftsOf(leftover) {
  sessions.push(leftover);
  leftover.shown = () => drafts.show(sessions);
  drafts.show(sessions);
}

function hydrateComposer() {
  const form = find(main, "#composer");
  if (!(form instanceof HTMLFormElement)) return null;
  find(document, "[data-action=new]")?.addEventListener("click", (event) => {
    event.preventDefault();
    composer?.focus();
  });
  return new Composer(form, session, (text, colour) => actions.create(text, colour));
}

/** The notes to try arrive like everybody's. */
function hydrateExamples() {
  const form = find(main, "#empty form");
  form?.addEventListener("submit", (event) => {
    if (session.connection.state !== "live") return;
    event.preventDefault();
    const { action } = /** @type {HTMLFormElement} */ (form);
    fetch(action, { method: "POST", redirect: "manual" }).catch(() => {});
  });
}
