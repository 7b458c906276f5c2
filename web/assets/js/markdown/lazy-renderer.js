// @ts-check
// Loads the renderer when it is first needed: a page's first view is the server's HTML.

/** @typedef {typeof import("./renderer.js")} Renderer */

/** @type {Renderer | null} */
let renderer = null;

/** The renderer, if it has been loaded. */
export function loadedRenderer() {
  return renderer;
}

/** Rejects where it cannot be loaded, for instance offline. The next call tries again. */
export async function loadRenderer() {
  renderer ??= await import("./renderer.js");
  return renderer;
}

/**
 * The first line of a note, with its marks where the renderer cannot be loaded.
 * @param {string} markdown
 * @param {number} most in letters
 */
export async function noteLabel(markdown, most) {
  try {
    return (await loadRenderer()).firstLine(markdown, most);
  } catch {
    return [...markdown.trim().split("\n")[0]].slice(0, most).join("");
  }
}
