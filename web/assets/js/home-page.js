// @ts-check
// The list of boards: times in the reader's zone, and words that were left unsent go out from here.

import { findElement, requireElement } from "./ui/dom.js";
import { openOutboxStorage } from "./storage/outbox-storage.js";
import { adoptOrphans } from "./sync/orphan-adoption.js";
import { watchLength } from "./ui/text-length.js";
import { hydrateProfileForm } from "./ui/profile-form.js";
import { startRelativeTimes } from "./ui/relative-time.js";
import { hydrateToasts, toast } from "./ui/toasts.js";

startRelativeTimes();
hydrateToasts();
hydrateProfileForm();
watchLength(requireElement(document, "#create-title"));

const storage = await openOutboxStorage();
await markUnsent();
adoptOrphans(storage, ({ machine }) => {
  markUnsent();
  if (machine.drafts().length > 0) toast("Some words could not be saved. Open their board to see them.");
  return false;
}).catch(() => {});

/** Says of which boards this device keeps words that the server does not have. */
async function markUnsent() {
  const records = await storage.all().catch(() => []);
  const boards = new Set(records.filter(({ content }) => content.saved).map(({ board }) => board));
  for (const row of document.querySelectorAll("#boards [data-board]")) {
    const isUnsent = boards.has(row.getAttribute("data-board") ?? "");
    findElement(row, "[data-unsent]")?.remove();
    if (isUnsent) findElement(row, ".board-meta")?.append(mark());
  }
}

function mark() {
  const words = document.createElement("span");
  words.dataset.unsent = "";
  words.textContent = "· words not sent yet";
  return words;
}
