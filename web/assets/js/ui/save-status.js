// @ts-check
// What a note says of the words in it.

/** @typedef {"saving" | "late" | "saved" | "offline" | "rejected" | null} SaveStatus */

/** It is promised within three seconds, and a page looks only so often, and on its own time. */
const LATE_AFTER_MS = 2_500;
/** How often a page looks at what it has to say. */
export const LOOK_EVERY_MS = 300;
/** As long as the style sheet shows it. */
const SAVED_FOR_MS = 2_300;

/** @type {Record<string, string>} */
const WORDS = {
  saving: "Saving…",
  late: "Not saved yet",
  saved: "Saved",
  offline: "Offline – kept on this device",
  rejected: "Not saved",
};

/**
 * A connection that is only being made again may be back before anybody needs to hear of it.
 * @param {import("../sync/view-model.js").Receipt} receipt
 * @param {{isOffline: boolean, isPersisted: boolean, clock: number}} world `isPersisted`: whether words
 *   survive the page on this device
 * @returns {SaveStatus}
 */
export function saveStatusOf({ state, since }, { isOffline, isPersisted, clock }) {
  const age = since === null ? Infinity : clock - since;
  switch (state) {
    case "rejected":
      return "rejected";
    case "saved":
      return age < SAVED_FOR_MS ? "saved" : null;
    case "editing":
      return isOffline ? unsent(isPersisted) : null;
    default:
      if (isOffline) return unsent(isPersisted);
      return since === null || isLate(since, clock) ? "late" : "saving";
  }
}

/**
 * Whether people must be told that what waits since then is not saved.
 * @param {number} since
 * @param {number} clock
 */
export function isLate(since, clock) {
  return clock - since >= LATE_AFTER_MS;
}

/** @param {SaveStatus} name */
export function saveStatusText(name) {
  return name === null ? "" : WORDS[name];
}

/** @param {boolean} isPersisted */
function unsent(isPersisted) {
  return isPersisted ? "offline" : "late";
}
