// @ts-check
// The entry of the join page: submits the form at once. A link preview, which runs no script, does not
// join.

import { requireElement } from "./ui/dom.js";

/** @type {HTMLFormElement} */
const form = requireElement(document, "#join");
form.requestSubmit();
