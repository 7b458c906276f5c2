// @ts-check
// The list of boards: times in the reader's zone, and words that were left unsent go out from here.

import { find } from "./dom.js";
import { openKeep } from "./keep.js";
import { sendLeftovers } from "./leftovers.js";
import { keepTimesTrue } from "./time.js";
import { hydrateToasts, toast } from "./toasts.js";

keepTimesTrue();
hydrateToasts();

const keep = await openKeep();
for (const board of await boardsWithDrafts()) {
  const row = find(document, `#boards [data-board="${CSS.escape(board)}"] .board-meta`);
  if (row) row.append(" · words not sent yet");
}
sendLeftovers(keep, ({ board, machine }) => {
  if (machine.drafts().length > 0) toast("Words that you wrote could not be saved. Open their board to see them.");
  return false;
}).catch(() => {});

async function boardsWithDrafts() {
  const records = await keep.all().catch(() => []);
  return new Set(records.filter(({ content }) => content.saved !== null).map(({ board }) => board));
}
