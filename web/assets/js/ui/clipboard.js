// @ts-check
// Copying text to the clipboard.

/**
 * Returns whether it worked.
 * @param {string} text
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByCommand(text);
  }
}

/** Shows "Copied" on a button for two seconds. @param {HTMLElement} button */
export function showCopied(button) {
  button.setAttribute("data-done", "");
  setTimeout(() => button.removeAttribute("data-done"), 2_000);
}

/** Activates the page's copy buttons. */
export function hydrateCopying() {
  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-action=copy]") : null;
    if (!(button instanceof HTMLElement)) return;
    const field = document.getElementById(button.dataset.copy ?? "");
    if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) return;
    if (await copyText(field.value)) showCopied(button);
    else field.select();
  });
}

/**
 * Pages over plain HTTP have no clipboard API.
 * @param {string} text
 */
function copyByCommand(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.style.position = "fixed";
  field.style.opacity = "0";
  const focused = document.activeElement;
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return isCopied;
}
