// @ts-check
// The page of a board: the notes that the server rendered come alive, and show what everybody does.

import { BoardActions } from "./ui/note-actions.js";
import { CardList } from "./ui/card-list.js";
import { Composer } from "./ui/new-note-form.js";
import { find, need } from "./ui/dom.js";
import { Drafts } from "./ui/drafts-panel.js";
import { hydrateKeys } from "./ui/keyboard-shortcuts.js";
import { takeSeat, startSeat } from "./ui/connected-page.js";
import { showNews } from "./ui/rejection-messages.js";
import { People } from "./ui/presence-list.js";
import { hydrateShare } from "./ui/share-link-form.js";
import { hydrateTitle, showTitle } from "./ui/board-title.js";
import { Trash } from "./ui/trash-panel.js";

/** @typedef {import("./sync/board-session.js").Seat} Seat */

const main = need(document, "#board");
const seat = await takeSeat(main.dataset.board ?? "");
const list = new CardList(need(main, "#notes"), seat);
const actions = new BoardActions(seat, list);
const trash = new Trash(seat);
const people = new People(seat, () => list.articles());
const drafts = new Drafts(slotOf, (text) => actions.create(text, "paper"));
/** Those whose drafts are shown. */
const seats = [seat];
const composer = hydrateComposer();

seat.shown = (all, isOwn) => {
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
  drafts.show(seats);
  showNews(main, seat, changes);
  showTitle(seat);
  if (!seat.isPulled) return;
  trash.show(seat.notes.filter(({ state }) => state === "trashed"));
  if (changes.some(({ type }) => type === "reset")) seat.flushAllBut(list.pen.card?.id ?? null);
}

hydrateTitle(seat);
hydrateShare();
hydrateExamples();
hydrateKeys(Object.assign(actions, { compose: () => composer?.focus() }));
list.takeOver();
drafts.hydrate();
startSeat(seat, { written: () => (list.pen.card ? [list.pen.card.id] : []), taken: showDraftsOf });
main.dataset.scripted = "";

/** @param {string} note */
function slotOf(note) {
  const article = list.get(note)?.article;
  return article?.isConnected ? find(article, "[data-draft-slot]") : null;
}

/** @param {Seat} leftover */
function showDraftsOf(leftover) {
  seats.push(leftover);
  leftover.shown = () => drafts.show(seats);
  drafts.show(seats);
}

function hydrateComposer() {
  const form = find(main, "#composer");
  if (!(form instanceof HTMLFormElement)) return null;
  find(document, "[data-action=new]")?.addEventListener("click", (event) => {
    event.preventDefault();
    composer?.focus();
  });
  return new Composer(form, seat, (text, colour) => actions.create(text, colour));
}

/** The notes to try arrive like everybody's. */
function hydrateExamples() {
  const form = find(main, "#empty form");
  form?.addEventListener("submit", (event) => {
    if (seat.connection.state !== "live") return;
    event.preventDefault();
    const { action } = /** @type {HTMLFormElement} */ (form);
    fetch(action, { method: "POST", redirect: "manual" }).catch(() => {});
  });
}
