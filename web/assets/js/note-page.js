// @ts-check
// The page of one note: read, written and coloured like on its board, with its history beside it.

import { takeOver } from "./ui/pre-hydration-input.js";
import { Card } from "./ui/card.js";
import { actionOf, find, need } from "./ui/dom.js";
import { Drafts } from "./ui/drafts-panel.js";
import { History } from "./ui/note-history.js";
import { uuid } from "./sync/ids.js";
import { showNews } from "./ui/rejection-messages.js";
import { takeSeat, startSeat } from "./ui/connected-page.js";
import { Palette } from "./ui/colour-palette.js";
import { Pen } from "./ui/active-editor.js";
import { People } from "./ui/presence-list.js";
import { LOOK_EVERY_MS, receiptName } from "./ui/save-status.js";
import { showTitle } from "./ui/board-title.js";
import { toast } from "./ui/toasts.js";

const main = need(document, "#note-page");
const board = main.dataset.board ?? "";
const seat = await takeSeat(board);
const article = need(main, ".note");
const noteId = article.dataset.note ?? "";
const card = new Card(article, (delta, before) => seat.type(noteId, delta, before));
const pen = new Pen(seat, showAll);
const palette = new Palette((note, colour) => seat.wish({ type: "recolour_note", note, colour }));
const drafts = new Drafts(
  (note) => (note === card.id ? find(article, "[data-draft-slot]") : null),
  (text) => createBeside(text),
);
const seats = [seat];
const history = new History();
const people = new People(seat, () => [article]);

seat.shown = (changes, isOwn) => {
  for (const change of changes) {
    if (change.type !== "text" || change.note !== card.id) continue;
    card.change(change.delta, seat.text(card.id));
    if (!isOwn && card !== pen.card) card.freshen();
  }
  people.show(changes);
  const isReset = changes.some(({ type }) => type === "reset");
  if (isReset && seat.isPulled) card.become(seat.text(card.id));
  showAll();
  drafts.show(seats);
  showNews(main, seat, changes);
  showTitle(seat);
  if (isReset && seat.isPulled) seat.flushAllBut(pen.card?.id ?? null);
};

article.addEventListener("click", (event) => {
  const pressed = actionOf(event);
  if (!pressed) return pen.takeWherePressed(card, event);
  const act = actions[pressed.action];
  if (!act || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  act(pressed.button);
});
article.addEventListener("submit", (event) => event.preventDefault());
article.addEventListener("keydown", (event) => {
  if (event.target !== article || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter") pen.take(card, card.text?.length ?? null);
  else if (event.key === "c") palette.open(article, article);
  else return;
  event.preventDefault();
});

if (seat.dirty().includes(card.id)) card.become(seat.text(card.id));
takeOver(card, pen);
drafts.hydrate();
setInterval(showReceipt, LOOK_EVERY_MS);
startSeat(seat, { written: () => (pen.card ? [card.id] : []), taken: (it) => seats.push(it) });
main.dataset.scripted = "";

/** @type {Record<string, (button: HTMLElement) => void>} */
const actions = {
  edit: () => pen.take(card, card.text?.length ?? null),
  save: () => pen.put(),
  colour: (button) => palette.open(article, button),
  trash: () => {
    pen.put();
    seat.putAway(card.id);
  },
};

function showAll() {
  if (!seat.isPulled) return;
  const note = seat.notes.find(({ id }) => id === card.id);
  if (note) {
    if (pen.card !== card) card.become(seat.text(card.id));
    card.show(note);
    history.reach(note.seq);
  } else {
    // Nobody can write in a note that was deleted for good; the words are a draft by now.
    pen.put();
  }
  // The page for a note in the trash, or back from it, is another: the server has it.
  const isTrashed = note?.state !== "live";
  const wasTrashed = main.hasAttribute("data-trashed");
  const hasDraft = seat.machine.drafts().some((draft) => draft.note === card.id);
  const isAtRest = pen.card !== card && seat.unsent() === 0 && !hasDraft;
  if (isTrashed !== wasTrashed && isAtRest) location.reload();
}

function showReceipt() {
  const isOffline = seat.connection.state === "offline";
  const world = { isOffline, isKept: seat.isKept, clock: performance.now() };
  card.showReceipt(receiptName(seat.receipt(card.id), world));
}

/** @param {string} text */
async function createBeside(text) {
  await seat.untilKnown();
  const [first] = seat.notes.filter(({ state }) => state === "live");
  const rank = seat.machine.rankFor(null, first?.id ?? null);
  seat.wish({ type: "create_note", note: uuid(), text, colour: "paper", rank });
  toast("These words go to a new note on the board.");
  return article;
}
