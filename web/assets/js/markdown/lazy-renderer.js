// @ts-check
// Loads the renderer when it is first needed: the server has rendered the first view.

/** @typedef {typeof import("./renderer.js")} Renderer */

/** @type {Renderer | null} */
let renderer = null;

/** The renderer, if it has been loaded. */
export function loadedRenderer() {
  return renderer;
}

/** Rejects if it cannot be loaded, for example offline. The next call tries again. */
export async function loadRenderer() {
  renderer ??= await import("./renderer.js");
  return renderer;
}

/**
 * The first line of a note; with its markup if the renderer cannot be loaded.
 * @param {string} markdown
 * @param {number} charsMax
 */
export async function noteLabel(markdown, charsMax) {
  try {
    return (await loadRenderer()).firstLine(markdown, charsMax);
  } catch {
    return [...markdown.trim().split("\n")[0]].slice(0, charsMax).join("");
  }
}
