// @ts-check
// The entry of the home page: the list of boards. It also sends what closed pages left unsent.

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
  if (machine.drafts().length > 0) toast("Some changes couldn’t be saved. Open the board to see them.");
  return false;
}).catch(() => {});

/** Marks the boards with unsent changes on this device. */
async function markUnsent() {
  const records = await storage.all().catch(() => []);
  const boards = new Set(records.filter(({ content }) => content.saved).map(({ board }) => board));
  for (const row of document.querySelectorAll("#boards [data-board]")) {
    const isUnsent = boards.has(row.getAttribute("data-board") ?? "");
    findElement(row, "[data-unsent]")?.remove();
    if (isUnsent) findElement(row, ".board-meta")?.append(unsentMark());
  }
}

function unsentMark() {
  const mark = document.createElement("span");
  mark.dataset.unsent = "";
  mark.textContent = "· unsaved changes on this device";
  return mark;
}
