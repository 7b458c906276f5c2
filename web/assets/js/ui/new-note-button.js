// @ts-check
// The button for a new note. On small screens it floats over the page, so it is hidden during typing.

import { findElement } from "./dom.js";

/** @param {() => void} onPressed */
export function hydrateNewNoteButton(onPressed) {
  const button = findElement(document, "[data-action=new]");
  button?.addEventListener("click", (event) => {
    event.preventDefault();
    onPressed();
  });
  const update = () => button?.toggleAttribute("data-typing", document.activeElement instanceof HTMLTextAreaElement);
  document.addEventListener("focusin", update);
  document.addEventListener("focusout", update);
  update();
}
