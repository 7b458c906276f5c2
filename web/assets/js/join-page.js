// @ts-check
// The entry of the join page: a browser joins at once; a link preview, which runs no script, does not.

import { requireElement } from "./ui/dom.js";

/** @type {HTMLFormElement} */
const form = requireElement(document, "#join");
form.requestSubmit();
