// Finds differences between the vectors and a delta module. Runs in browsers and in Node.

/**
 * @param {typeof import("../../web/assets/js/delta/delta.js")} delta
 * @param {{cases: any, edges: any, diffs: any}} vectors delta.json, edges.json and diff.json
 */
export function faults(delta, { cases, edges, diffs }) {
  const { DeltaError, apply, baseLength, compose, diff, invert } = delta;
  const { isEmpty, lengthChange, normalise, normaliseText, transform, transformIndex } = delta;
  /** @type {string[]} */
  const found = [];

  const check = (name, vectors, run) => {
    if (vectors.length === 0) found.push(`${name}: there are no vectors`);
    for (const vector of vectors) {
      const before = JSON.stringify(vector);
      const expected = JSON.stringify(vector.at(-1));
      const result = JSON.stringify(outcome(() => run(...vector)));
      if (result !== expected) found.push(`${name} ${before}: ${result}`);
      if (JSON.stringify(vector) !== before) found.push(`${name} ${before}: its arguments changed`);
    }
  };
  const outcome = (run) => {
    try {
      return run();
    } catch (error) {
      if (error instanceof DeltaError) return error.code;
      throw error;
    }
  };

  check("apply", cases.apply, apply);
  check("compose", cases.compose, compose);
  check("transform", cases.transform, transform);
  check("transform_index", cases.transform_index, transformIndex);
  check("invert", cases.invert, invert);
  check("diff", diffs, diff);
  check("diff leads to the new text", diffs.map(([a, b]) => [a, b, b]), (a, b) => apply(a, diff(a, b)));

  check("normalise_text", edges.normalise_text, normaliseText);
  check("normalise", edges.normalise, normalise);
  check("malformed", edges.malformed.map((ops) => [ops, "malformed"]), normalise);
  const manyOps = Array(10_000).fill({ insert: "a" });
  check("so many ops", [[manyOps, [{ insert: "a".repeat(10_000) }]]], normalise);
  check("too many ops", [[[...manyOps, { insert: "a" }], "malformed"]], normalise);
  check("measures", edges.measures, (ops) => [isEmpty(ops), baseLength(ops), lengthChange(ops)]);
  check("apply_refused", edges.apply_refused, apply);
  check("compose_refused", edges.compose_refused, compose);
  check("invert_refused", edges.invert_refused, invert);
  return found;
}
