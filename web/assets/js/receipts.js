// @ts-check
// What a note says of the words in it.

/** @typedef {"saving" | "late" | "saved" | "offline" | "rejected" | null} ReceiptName */

const LATE_AFTER_MS = 3_000;
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
 * @param {import("./board-view.js").Receipt} receipt
 * @param {{isOffline: boolean, isKept: boolean, now: number}} world `isKept`: whether words survive
 *   the page on this device
 * @returns {ReceiptName}
 */
export function receiptName({ state, since }, { isOffline, isKept, now }) {
  const age = since === null ? Infinity : now - since;
  switch (state) {
    case "rejected":
      return "rejected";
    case "saved":
      return age < SAVED_FOR_MS ? "saved" : null;
    case "editing":
      return isOffline ? unsent(isKept) : null;
    default:
      if (isOffline) return unsent(isKept);
      return age < LATE_AFTER_MS ? "saving" : "late";
  }
}

/** @param {ReceiptName} name */
export function receiptWords(name) {
  return name === null ? "" : WORDS[name];
}

/** @param {boolean} isKept */
function unsent(isKept) {
  return isKept ? "offline" : "late";
}
