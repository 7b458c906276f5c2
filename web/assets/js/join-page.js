// @ts-check
// Whoever opens a link in a browser joins at once. What only fetches it, as previews do, does not.

import { requireElement } from "./ui/dom.js";

/** @type {HTMLFormElement} */
const form = requireElement(document, "#join");
form.requestSubmit();
