// @ts-check
// The page of one note: read, written and coloured like on its board, with its history beside it.

import { Card } from "./card.js";
import { actionOf, find, need } from "./dom.js";
import { Drafts } from "./drafts.js";
import { History } from "./history.js";
import { uuid } from "./ids.js";
import { showNews } from "./notices.js";
import { openSession, startSession } from "./page.js";
import { Palette } from "./palette.js";
import { Pen } from "./pen.js";
import { receiptName } from "./receipts.js";
import { showTitle } from "./title.js";
import { toast } from "./toasts.js";

const RECEIPT_EVERY_MS = 300;

const main = need(document, "#note-page");
const board = main.dataset.board ?? "";
const session = await openSession(board);
const article = need(main, ".note");
const card = new Card(article, (delta, before) => session.type(card.id, delta, before));
const pen = new Pen(session, showAll);
const palette = new Palette((note, colour) => session.wish({ type: "recolour_note", note, colour }));
const drafts = new Drafts(
  (note) => (note === card.id ? find(article, "[data-draft-slot]") : null),
  (text) => createBeside(text),
);
const sessions = [session];
const history = new History();

session.shown = (changes, isOwn) => {
  for (const change of changes) {
    if (change.type !== "text" || change.note !== card.id) continue;
    card.change(change.delta, session.text(card.id));
    if (!isOwn && card !== pen.card) card.freshen();
  }
  showAll();
  drafts.show(sessions);
  showNews(main, session, changes);
  showTitle(session);
  const isAnew = session.isPulled && changes.some(({ type }) => type === "reset");
  if (isAnew) session.flushAllBut(pen.card?.id ?? null);
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
  else if (event.key === "c") palette.open(need(article, "[data-action=colour]"), article);
  else return;
  event.preventDefault();
});

if (card.isEditing) {
  article.removeAttribute("data-editing");
  pen.take(card);
}
if (session.dirty().includes(card.id)) card.become(session.text(card.id));
setInterval(showReceipt, RECEIPT_EVERY_MS);
startSession(session, { written: () => (pen.card ? [card.id] : []), taken: (it) => sessions.push(it) });
main.dataset.scripted = "";

/** @type {Record<string, (button: HTMLElement) => void>} */
const actions = {
  edit: () => pen.take(card, card.text?.length ?? null),
  save: () => pen.put(),
  colour: (button) => palette.open(button, article),
  trash: () => {
    pen.put();
    session.wish({ type: "trash_note", note: card.id });
  },
};

function showAll() {
  if (!session.isPulled) return;
  const note = session.notes.find(({ id }) => id === card.id);
  if (note) {
    if (pen.card !== card) card.become(session.text(card.id));
    card.show(note);
    history.reach(note.seq);
  }
  // The page for a note in the trash, or back from it, is another: the server has it.
  const isTrashed = note?.state !== "live";
  const wasTrashed = main.hasAttribute("data-trashed");
  if (isTrashed !== wasTrashed && pen.card !== card && session.unsent() === 0) location.reload();
}

function showReceipt() {
  const isLive = session.connection.state === "live";
  const world = { isLive, isKept: session.isKept, now: Date.now() };
  card.showReceipt(receiptName(session.receipt(card.id), world));
}

/** @param {string} text */
function createBeside(text) {
  const [first] = session.notes.filter(({ state }) => state === "live");
  const rank = session.machine.rankFor(null, first?.id ?? null);
  session.wish({ type: "create_note", note: uuid(), text, colour: "paper", rank });
  toast("A new note on the board has these words now.");
}
