// @ts-check
// The keyboard shortcuts of a board, as listed by `?`; off while a text field has the focus.

import { findElement } from "./dom.js";

/**
 * @typedef {{cards(): HTMLElement[], newNote(): void, edit(card: HTMLElement): void,
 *   colour(card: HTMLElement): void, trash(card: HTMLElement): void}} Actions
 */

/** @param {Actions} actions */
export function hydrateKeyboardShortcuts(actions) {
  const help = findElement(document, "#keys");
  const showHelp = () => help instanceof HTMLDialogElement && !help.open && help.showModal();
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-action=keys]")) showHelp();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTextInput(event)) return;
    if (event.key === "?") showHelp();
    else if (event.key === "n") actions.newNote();
    else if (!onCard(event, actions)) return;
    event.preventDefault();
  });
}

/**
 * Handles a key on or between cards. Returns whether it did something.
 * @param {KeyboardEvent} event
 * @param {Actions} actions
 */
function onCard({ key, target }, actions) {
  const cards = actions.cards();
  const focused = target instanceof Element ? target.closest("[data-note]") : null;
  const card = cards.find((it) => it === focused);
  const step = { j: 1, k: -1 }[key];
  if (step) return focusCard(card ? neighbour(cards, card, step) : firstVisible(cards));
  if (!card) return false;
  switch (key) {
    case "ArrowRight":
      return focusCard(neighbour(cards, card, 1));
    case "ArrowLeft":
      return focusCard(neighbour(cards, card, -1));
    case "ArrowDown":
    case "ArrowUp":
      return focusCard(aboveOrBelow(cards, card, key === "ArrowDown" ? 1 : -1));
    case "Enter":
      // On a button or a link, Enter activates that.
      return card === target && done(() => actions.edit(card));
    case "c":
      return done(() => actions.colour(card));
    case "#":
      return done(() => actions.trash(card));
    default:
      return false;
  }
}

/** Whether the key belongs to a text field, a dialog or a popover. @param {KeyboardEvent} event */
function isTextInput({ target }) {
  const isField = target instanceof Element && target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
  return Boolean(isField || document.querySelector("dialog[open], [popover]:popover-open"));
}

/** @param {() => void} act */
function done(act) {
  act();
  return true;
}

/** @param {HTMLElement | undefined} card */
function focusCard(card) {
  card?.focus({ preventScroll: true });
  card?.scrollIntoView({ block: "nearest" });
  return true;
}

/** @param {HTMLElement[]} cards */
function firstVisible(cards) {
  return cards.find((card) => card.getBoundingClientRect().bottom > 80) ?? cards[0];
}

/**
 * @param {HTMLElement[]} cards
 * @param {HTMLElement} card
 * @param {number} step
 */
function neighbour(cards, card, step) {
  return cards[cards.indexOf(card) + step];
}

/**
 * The nearest card in the row above or below.
 * @param {HTMLElement[]} cards
 * @param {HTMLElement} card
 * @param {number} step
 */
function aboveOrBelow(cards, card, step) {
  const from = card.getBoundingClientRect();
  const places = cards.map((it) => ({ it, rect: it.getBoundingClientRect() }));
  const ahead = places.filter(({ rect }) => (rect.top - from.top) * step > 1);
  const row = Math.min(...ahead.map(({ rect }) => rect.top * step)) * step;
  const near = ahead.filter(({ rect }) => Math.abs(rect.top - row) <= 1);
  near.sort((a, b) => Math.abs(a.rect.left - from.left) - Math.abs(b.rect.left - from.left));
  return near[0]?.it;
}
