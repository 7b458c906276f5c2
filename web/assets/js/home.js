// @ts-check
// The list of boards: times in the reader's zone, and words that were left unsent go out from here.

import { find, need } from "./dom.js";
import { openKeep } from "./keep.js";
import { sendLeftovers } from "./leftovers.js";
import { watchLength } from "./lengths.js";
import { hydrateMe } from "./me.js";
import { keepTimesTrue } from "./time.js";
import { hydrateToasts, toast } from "./toasts.js";

keepTimesTrue();
hydrateToasts();
hydrateMe();
watchLength(need(document, "#create-title"));

const keep = await openKeep();
await markUnsent();
sendLeftovers(keep, ({ machine }) => {
  markUnsent();
  if (machine.drafts().length > 0) toast("Some words could not be saved. Open their board to see them.");
  return false;
}).catch(() => {});

/** Says of which boards this device keeps words that the server does not have. */
async function markUnsent() {
  const records = await keep.all().catch(() => []);
  const boards = new Set(records.filter(({ content }) => content.saved).map(({ board }) => board));
  for (const row of document.querySelectorAll("#boards [data-board]")) {
    const isUnsent = boards.has(row.getAttribute("data-board") ?? "");
    find(row, "[data-unsent]")?.remove();
    if (isUnsent) find(row, ".board-meta")?.append(mark());
  }
}

function mark() {
  const words = document.createElement("span");
  words.dataset.unsent = "";
  words.textContent = "· words not sent yet";
  return words;
}
