// @ts-check
// The common parts of two sequences, by Myers' algorithm. The result equals that of the server's
// `domain/src/delta/myers.rs`.

/**
 * The maximum number of differing parts. It bounds the time to DIFFERENCES_MAX × parts, and the memory
 * to DIFFERENCES_MAX² numbers.
 */
const DIFFERENCES_MAX = 256;

/**
 * The common parts, as pairs of indices; undefined if more than DIFFERENCES_MAX parts differ.
 *
 * @param {readonly string[]} oldParts
 * @param {readonly string[]} newParts
 * @returns {[number, number][] | undefined}
 */
export function commonParts(oldParts, newParts) {
  const rows = furthestPoints(oldParts, newParts);
  if (!rows) return undefined;
  /** @type {[number, number][]} */
  const kept = [];
  let [x, y] = [oldParts.length, newParts.length];
  for (let d = rows.length - 1; d >= 0; d -= 1) {
    const [from, fromX] = previousPoint(rows[d], d, x - y);
    const fromY = fromX - from;
    while (x > fromX && y > fromY) {
      x -= 1;
      y -= 1;
      kept.push([x, y]);
    }
    [x, y] = [fromX, fromY];
  }
  return kept.reverse();
}

/**
 * For each number of differences d up to the result: the furthest index in the old parts that each
 * diagonal (x - y) from -d to d reaches with fewer than d differences. Undefined if there is no result.
 *
 * @param {readonly string[]} oldParts
 * @param {readonly string[]} newParts
 */
function furthestPoints(oldParts, newParts) {
  const middle = DIFFERENCES_MAX + 1;
  const reached = new Uint32Array(2 * middle + 1);
  const rows = [];
  for (let d = 0; d <= DIFFERENCES_MAX; d += 1) {
    const row = reached.slice(middle - d, middle + d + 1);
    rows.push(row);
    for (let diagonal = -d; diagonal <= d; diagonal += 2) {
      const [from, fromX] = previousPoint(row, d, diagonal);
      let x = from < diagonal ? fromX + 1 : fromX;
      while (x < oldParts.length && oldParts[x] === newParts[x - diagonal]) x += 1;
      reached[middle + diagonal] = x;
      if (x >= oldParts.length && x - diagonal >= newParts.length) return rows;
    }
  }
  return undefined;
}

/**
 * The diagonal from which the d-th difference leads to this one, and the furthest index on it: from
 * above by an inserted part, or from the left by a deleted part.
 *
 * @param {Uint32Array} row
 * @param {number} d
 * @param {number} diagonal
 */
function previousPoint(row, d, diagonal) {
  if (d === 0) return [diagonal, 0];
  const [left, right] = [row[diagonal - 1 + d], row[diagonal + 1 + d]];
  const isInsert = diagonal === -d || (diagonal !== d && left < right);
  return isInsert ? [diagonal + 1, right] : [diagonal - 1, left];
}
