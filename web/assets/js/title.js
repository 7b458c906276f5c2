// @ts-check
// The board's title: shown as it is, and renamed in place.

import { find, say } from "./dom.js";

/** @typedef {import("./session.js").Session} Session */

/** @param {Session} session */
export function hydrateTitle(session) {
  const input = find(document, "#board-title");
  if (!(input instanceof HTMLInputElement)) return;
  const rename = () => {
    const title = input.value.trim();
    if (title === "" || !session.isPulled) input.value = session.machine.title() || input.defaultValue;
    else if (title !== session.machine.title()) session.wish({ type: "rename_board", title });
  };
  input.form?.addEventListener("submit", (event) => {
    event.preventDefault();
    input.blur();
  });
  input.addEventListener("blur", rename);
  input.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    input.value = session.machine.title() || input.defaultValue;
    input.blur();
  });
}

/** @param {Session} session */
export function showTitle(session) {
  const title = session.machine.title();
  const element = find(document, "#board-title");
  if (!session.isPulled || !element) return;
  if (!(element instanceof HTMLInputElement)) say(element, title);
  else if (element !== document.activeElement && element.value !== title) element.value = title;
  const heading = find(document, "h1");
  const before = heading?.textContent ?? "";
  if (element instanceof HTMLInputElement) say(heading, title);
  if (before !== title && before !== "") document.title = document.title.replace(before, title);
}
