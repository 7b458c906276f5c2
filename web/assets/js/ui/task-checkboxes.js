// @ts-check
// The checkboxes of tasks. The server renders them disabled: without script they do nothing.

/**
 * In the order of the tasks.
 * @param {ParentNode} within
 * @returns {HTMLInputElement[]}
 */
export function taskCheckboxes(within) {
  return [...within.querySelectorAll("[data-view] input[type=checkbox]")].map(
    (box) => /** @type {HTMLInputElement} */ (box),
  );
}

/** @param {ParentNode} within */
export function enableTasks(within) {
  for (const box of taskCheckboxes(within)) {
    box.disabled = false;
    box.ariaLabel ??= taskText(box);
  }
}

/** The text of a task up to the end of its line. @param {HTMLInputElement} box */
function taskText(box) {
  let text = "";
  for (let node = box.nextSibling; node && !isLineEnd(node); node = node.nextSibling) text += node.textContent;
  return text.trim();
}

/** @param {Node} node */
function isLineEnd(node) {
  return node instanceof Element && !node.matches("a, code, del, em, strong");
}
