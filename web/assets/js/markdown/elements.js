// @ts-check
// Creates DOM elements from a tree.

/** @typedef {import("./tree.js").Child} Child */

/**
 * @param {Child[]} children
 * @returns {(Node | string)[]}
 */
export function elements(children) {
  return children.map((child) => {
    if (typeof child === "string") return child;
    const result = document.createElement(child.name);
    for (const [name, value] of Object.entries(child.attributes)) result.setAttribute(name, value);
    result.append(...elements(child.children));
    return result;
  });
}
