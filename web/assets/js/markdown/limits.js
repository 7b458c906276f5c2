// @ts-check
// Limits on the cost of rendering a note. A note over a limit is rendered as plain text.
//
// The server has the same limits (`web/src/pages/markdown/limits.rs`), so both render the same.

/** Nesting depth of quotes, lists, tables, emphasis, links and images. */
export const DEPTH_MAX = 40;
const ELEMENTS_MAX = 20_000;
/** Bytes of all link targets and titles: a reference may be used many times. */
const LINK_BYTES_MAX = 65_536;

const TAB_COLUMNS = 4;
/** Markers of quotes and list items at the start of a line, and the columns up to the last marker. */
const MARKERS_MAX = DEPTH_MAX;
const MARKER_COLUMNS_MAX = 200;

const MARKER = /[ \t]|>|(?:[-+*]|\d{1,9}[.)])(?=[ \t]|$)/y;
const BLANK = /^[ \t>]*$/;
const DELIMITER_ROW = /^[-|: \t>]*$/;

/** The note exceeds a limit. */
export class OverBudget extends Error {}

/**
 * Whether the parser can read `markdown` in time and memory proportional to its length.
 *
 * For each line, the parser visits the open containers, and it completes the rows of a table.
 * @param {string} markdown
 */
export function isCheapToParse(markdown) {
  let cells = 0;
  let columns = 0;
  for (const line of markdown.split("\n")) {
    const markers = markersAtStartOf(line);
    if (markers.count > MARKERS_MAX || markers.columns > MARKER_COLUMNS_MAX) return false;
    if (BLANK.test(line)) columns = 0;
    cells += columns;
    columns = Math.max(columns, delimiterColumns(line));
    if (cells > ELEMENTS_MAX) return false;
  }
  return true;
}

/**
 * The number of markers of quotes and list items at the start of `line`, and the column after the last.
 * @param {string} line
 */
function markersAtStartOf(line) {
  let [count, columns, column] = [0, 0, 0];
  MARKER.lastIndex = 0;
  for (let marker = MARKER.exec(line); marker; marker = MARKER.exec(line)) {
    column += marker[0] === "\t" ? TAB_COLUMNS : marker[0].length;
    if (marker[0] === " " || marker[0] === "\t") continue;
    count += 1;
    columns = column;
  }
  return { count, columns };
}

/**
 * The maximum number of columns of a table whose delimiter row is `line`; 0 if it is not one.
 * @param {string} line
 */
function delimiterColumns(line) {
  return line.includes("|") && DELIMITER_ROW.test(line) ? line.split("|").length : 0;
}

/** Counts depth, elements and link bytes. Each method throws when its limit is exceeded. */
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
