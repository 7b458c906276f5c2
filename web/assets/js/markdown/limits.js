// @ts-check
// Limits on what a note may cost to show. Beyond them it is shown as plain text.
//
// The server has the same limits (`web/src/pages/markdown/limits.rs`), so both show the same.

/** Depth of quotes, lists, tables, emphasis, links and images. */
export const DEPTH_MAX = 40;
const ELEMENTS_MAX = 20_000;
/** Bytes of all link targets and titles: a reference may be used many times. */
const LINK_BYTES_MAX = 65_536;

const TAB_COLUMNS = 4;
/** Marks of quotes and list items at the start of a line, and the columns up to the last of them. */
const MARKS_MAX = DEPTH_MAX;
const MARK_COLUMNS_MAX = 200;

const MARK = /[ \t]|>|(?:[-+*]|\d{1,9}[.)])(?=[ \t]|$)/y;
const BLANK = /^[ \t>]*$/;
const DELIMITER_ROW = /^[-|: \t>]*$/;

/** The note costs more than its budget. */
export class OverBudget extends Error {}

/**
 * Whether the parser can read `markdown` in time and memory proportional to its length.
 *
 * It visits the open containers for each line, and fills up the rows of a table.
 * @param {string} markdown
 */
export function isCheapToParse(markdown) {
  let cells = 0;
  let columns = 0;
  for (const line of markdown.split("\n")) {
    const marks = marksAtStartOf(line);
    if (marks.count > MARKS_MAX || marks.columns > MARK_COLUMNS_MAX) return false;
    if (BLANK.test(line)) columns = 0;
    cells += columns;
    columns = Math.max(columns, delimiterColumns(line));
    if (cells > ELEMENTS_MAX) return false;
  }
  return true;
}

/**
 * The marks of quotes and list items that `line` begins with, and the column behind the last one.
 * @param {string} line
 */
function marksAtStartOf(line) {
  let [count, columns, column] = [0, 0, 0];
  MARK.lastIndex = 0;
  for (let mark = MARK.exec(line); mark; mark = MARK.exec(line)) {
    column += mark[0] === "\t" ? TAB_COLUMNS : mark[0].length;
    if (mark[0] === " " || mark[0] === "\t") continue;
    count += 1;
    columns = column;
  }
  return { count, columns };
}

/**
 * How many columns a table has at most whose delimiter row is `line`; 0 if it cannot be one.
 * @param {string} line
 */
function delimiterColumns(line) {
  return line.includes("|") && DELIMITER_ROW.test(line) ? line.split("|").length : 0;
}

/** What a note has used of its limits so far. Each method throws when a limit is exceeded. */
export class Budget {
  #depth = 0;
  #elements = 0;
  #linkBytes = 0;

  enter() {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw new OverBudget("too deep");
  }

  leave() {
    this.#depth -= 1;
  }

  element() {
    this.#elements += 1;
    if (this.#elements > ELEMENTS_MAX) throw new OverBudget("too many elements");
  }

  /** @param {string} attributes */
  link(attributes) {
    this.#linkBytes += new TextEncoder().encode(attributes).length;
    if (this.#linkBytes > LINK_BYTES_MAX) throw new OverBudget("too many bytes in links");
  }
}
