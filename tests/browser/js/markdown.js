// @ts-check
// Whether the page's own Markdown makes the same elements as the server's HTML, and how much work it is.

import { autolinks } from "/web/assets/js/markdown/autolinks.js";
import { render, tasks } from "/web/assets/js/markdown/renderer.js";
import { NoteCard } from "/web/assets/js/ui/note-card.js";
import { enableTasks } from "/web/assets/js/ui/task-checkboxes.js";
import { same } from "./clauses.js";

/** @typedef {{name: string, markdown: string, html: string}} Note */
/** @typedef {string | [string, [string, string][], Shape[]]} Shape */

/** As `ELEMENTS_MAX` in the limits of both sides. */
const ELEMENTS_MAX = 20_000;
/** How often the parser may look at each character. */
const LOOKS_PER_UNIT_MAX = 300;

/**
 * The notes of which the script makes other elements than the server.
 * @param {Note[]} notes
 */
export function differences(notes) {
  return notes.flatMap(({ name, markdown, html }) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    const element = document.createElement("div");
    element.append(...render(markdown));
    const [server, script] = [shapes(template.content), shapes(element)].map((it) => JSON.stringify(it));
    return server === script ? [] : [{ name, markdown, server, script }];
  });
}

/**
 * The notes that take too much work, each with its elements and the parser's looks at a character.
 * @param {Note[]} notes
 */
export function costly(notes) {
  return notes.flatMap(({ name, markdown }) => {
    const looks = looksDuring(() => render(markdown));
    const element = document.createElement("div");
    element.append(...render(markdown));
    const elements = element.querySelectorAll("*").length;
    const isCostly = elements > ELEMENTS_MAX || looks > LOOKS_PER_UNIT_MAX * markdown.length;
    return isCostly ? [{ name, elements, looks }] : [];
  });
}

/**
 * The longest times, in milliseconds; for reports only.
 * @param {Note[]} notes
 */
export function slowest(notes) {
  const times = notes.map(({ name, markdown }) => {
    const start = performance.now();
    render(markdown);
    return { name, ms: Math.round(performance.now() - start) };
  });
  return times.sort((a, b) => b.ms - a.ms).slice(0, 10);
}

/**
 * The texts in which other addresses are found than the examples say.
 * @param {{text: string, links: [string, string][]}[]} examples
 */
export function wrongAutolinks(examples) {
  return examples.flatMap(({ text, links }) => {
    const found = autolinks(text).map(({ start, end, prefix }) => {
      const address = text.slice(start, end);
      return [address, prefix + address];
    });
    return JSON.stringify(found) === JSON.stringify(links) ? [] : [{ text, found }];
  });
}

/** @param {Node} parent @returns {Shape[]} */
function shapes(parent) {
  return [...parent.childNodes].map((child) => {
    if (!(child instanceof Element)) return child.textContent ?? "";
    const attributes = [...child.attributes].map(({ name, value }) => /** @type {[string, string]} */ ([name, value]));
    return [child.localName, attributes.sort(), shapes(child)];
  });
}

/** @param {() => void} action */
function looksDuring(action) {
  const { charCodeAt } = String.prototype;
  let looks = 0;
  String.prototype.charCodeAt = function (index) {
    looks += 1;
    return charCodeAt.call(this, index);
  };
  try {
    action();
  } finally {
    String.prototype.charCodeAt = charCodeAt;
  }
  return looks;
}

/** The marks of a note's tasks, as they are found in its text. @param {string} markdown */
function marks(markdown) {
  return tasks(markdown).map(({ at, isDone }) => `${markdown.slice(at, at + 5)} ${isDone}`);
}

/** A card that shows `text`, and the checkboxes in it. @param {string} text */
function cardOf(text) {
  const article = document.createElement("article");
  const [view, textarea] = [document.createElement("div"), document.createElement("textarea")];
  view.dataset.view = "";
  view.append(...render(text));
  textarea.name = "text";
  textarea.defaultValue = text;
  article.append(view, textarea);
  enableTasks(article);
  const card = new NoteCard(article, text, () => {});
  const boxes = () => [...view.querySelectorAll("input")];
  return { card, boxes };
}

export const taskClauses = {
  "a click toggles just that task": async () => {
    const text = "> - [ ] a\n\n---\n\n1. [X] b\n   - [ ] c\n\n```\n- [ ] no\n```";
    const { card, boxes } = cardOf(text);
    same(boxes().map((box) => box.ariaLabel), ["a", "b", "c"]);
    await card.toggleTask(boxes()[1]);
    same(card.text, text.replace("[X]", "[ ]"));
    await card.toggleTask(boxes()[2]);
    same(card.text, text.replace("[X]", "[ ]").replace("[ ] c", "[x] c"));
    same(boxes().map((box) => box.checked), [false, false, true]);
  },
  "a click toggles that task while another user adds a line above": async () => {
    const { card, boxes } = cardOf("- [ ] a\n- [ ] b");
    const toggled = card.toggleTask(boxes()[1]);
    card.setText("- [ ] new\n- [ ] a\n- [ ] b");
    card.render();
    await toggled;
    same(card.text, "- [ ] new\n- [ ] a\n- [x] b");
  },
  "two clicks on a task leave it as it was": async () => {
    const { card, boxes } = cardOf("- [ ] a");
    const [box] = boxes();
    await Promise.all([card.toggleTask(box), card.toggleTask(box)]);
    same(card.text, "- [ ] a");
  },
  "a click on a task that another user deletes does nothing": async () => {
    const { card, boxes } = cardOf("- [ ] a\n- [ ] b");
    const toggled = card.toggleTask(boxes()[0]);
    card.setText("- [ ] b");
    card.render();
    await toggled;
    same(card.text, "- [ ] b");
  },
  "tasks are found in lists of all kinds": () => {
    same(marks("- [ ] a\n* [x] b\n\n1. [X] c\n2) [ ] d"), ["[ ] a false", "[x] b true", "[X] c true", "[ ] d false"]);
  },
  "tasks are found in quotes, in nested lists and after a rule": () => {
    same(marks("> - [ ] a\n>   - [x] b\n\n---\n\n- [ ] c"), ["[ ] a false", "[x] b true", "[ ] c false"]);
  },
  "tasks are not found in code or in text": () => {
    same(marks("```\n- [ ] a\n```\n\n    - [ ] b\n\n`- [ ] c`\n\nd [ ] e\n- f [ ] g"), []);
  },
  "an escaped mark, a link and a mark without white space are no tasks": () => {
    same(marks("- \\[ ] a\n- [x](/u) b\n- [x][x] c\n- [ ]d\n\n[x]: /u"), []);
  },
  "a task may follow a reference definition": () => {
    same(marks("- [b]: /u\n  [ ] a"), ["[ ] a false"]);
  },
  "a task may be empty, and its text may begin with emphasis": () => {
    same(marks("- [ ]\n- [x] *a*"), ["[ ]\n- false", "[x] * true"]);
  },
};
