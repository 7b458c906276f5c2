// @ts-check
// The keys of a board: those that the help names, and only while nobody writes.

import { findElement } from "./dom.js";

/**
 * @typedef {{cards(): HTMLElement[], compose(): void, edit(card: HTMLElement): void,
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
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isBusy(event)) return;
    if (event.key === "?") showHelp();
    else if (event.key === "n") actions.compose();
    else if (!onCard(event, actions)) return;
    event.preventDefault();
  });
}

/**
 * Whether the key did something.
 * @param {KeyboardEvent} event
 * @param {Actions} actions
 */
function onCard({ key, target }, actions) {
  const cards = actions.cards();
  const focused = target instanceof Element ? target.closest("[data-note]") : null;
  const card = cards.find((it) => it === focused);
  const step = { j: 1, k: -1 }[key];
  if (step) return go(card ? beside(cards, card, step) : firstSeen(cards));
  if (!card) return false;
  switch (key) {
    case "ArrowRight":
      return go(beside(cards, card, 1));
    case "ArrowLeft":
      return go(beside(cards, card, -1));
    case "ArrowDown":
    case "ArrowUp":
      return go(beyond(cards, card, key === "ArrowDown" ? 1 : -1));
    case "Enter":
      // On a button or a link, Enter presses that.
      return card === target && done(() => actions.edit(card));
    case "c":
      return done(() => actions.colour(card));
    case "#":
      return done(() => actions.trash(card));
    default:
      return false;
  }
}

/** Where keys are letters, or belong to a dialog. @param {KeyboardEvent} event */
function isBusy({ target }) {
  const isWriting = target instanceof Element && target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
  return Boolean(isWriting || document.querySelector("dialog[open], [popover]:popover-open"));
}

/** @param {() => void} act */
function done(act) {
  act();
  return true;
}

/** @param {HTMLElement | undefined} card */
function go(card) {
  card?.focus({ preventScroll: true });
  card?.scrollIntoView({ block: "nearest" });
  return true;
}

/** @param {HTMLElement[]} cards */
function firstSeen(cards) {
  return cards.find((card) => card.getBoundingClientRect().bottom > 80) ?? cards[0];
}

/**
 * @param {HTMLElement[]} cards
 * @param {HTMLElement} card
 * @param {number} step
 */
function beside(cards, card, step) {
  return cards[cards.indexOf(card) + step];
}

/**
 * The card above or below, in the same column as far as there is one.
 * @param {HTMLElement[]} cards
 * @param {HTMLElement} card
 * @param {number} step
 */
function beyond(cards, card, step) {
  const from = card.getBoundingClientRect();
  const places = cards.map((it) => ({ it, rect: it.getBoundingClientRect() }));
  const ahead = places.filter(({ rect }) => (rect.top - from.top) * step > 1);
  const row = Math.min(...ahead.map(({ rect }) => rect.top * step)) * step;
  const near = ahead.filter(({ rect }) => Math.abs(rect.top - row) <= 1);
  near.sort((a, b) => Math.abs(a.rect.left - from.left) - Math.abs(b.rect.left - from.left));
  return near[0]?.it;
}
