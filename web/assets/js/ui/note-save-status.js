// @ts-check
// The save status of a note, as its card shows it: the status and its text.

/** @typedef {"saving" | "late" | "saved" | "offline" | "rejected" | null} ShownStatus */

/** Shown within three seconds, although the page refreshes only every `REFRESH_EVERY_MS`. */
const LATE_AFTER_MS = 2_500;
/** How often a page refreshes save statuses. */
export const REFRESH_EVERY_MS = 300;
/** As long as the style sheet's animation. */
const SAVED_FOR_MS = 2_300;

/** @type {Record<string, string>} */
const TEXTS = {
  saving: "Saving…",
  late: "Not saved yet",
  saved: "Saved",
  offline: "Offline – saved on this device",
  rejected: "Not saved",
};

/**
 * A short reconnection does not change the status: only being offline does.
 * @param {import("../sync/drafts.js").SaveStatus} status
 * @param {{isOffline: boolean, isPersisted: boolean, clock: number}} page `isPersisted`: whether
 *   unsent text survives the page on this device
 * @returns {ShownStatus}
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
 * Whether a change that has been unsent since then is shown as not saved.
 * @param {number} since
 * @param {number} clock
 */
export function isLate(since, clock) {
  return clock - since >= LATE_AFTER_MS;
}

/** @param {ShownStatus} status */
export function saveStatusText(status) {
  return status === null ? "" : TEXTS[status];
}

/** @param {boolean} isPersisted */
function unsent(isPersisted) {
  return isPersisted ? "offline" : "late";
}
