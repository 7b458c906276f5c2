// Compares the browser's delta.js with Quill's Delta on N random cases of every operation:
// `npm ci && node differential.mjs [N] [first seed]`.

import * as delta from "../../web/assets/js/delta/delta.js";
import { Random, cases } from "./random.mjs";

const ours = {
  apply: delta.apply,
  compose: delta.compose,
  transform: delta.transform,
  transform_index: delta.transformIndex,
  invert: delta.invert,
};

const count = Number(process.argv[2] ?? 100_000);
const first = Number(process.argv[3] ?? 0);
for (let seed = first; seed < first + count; seed += 1) {
  for (const [operation, vector] of Object.entries(cases(new Random(seed)))) {
    const expected = JSON.stringify(vector.at(-1));
    const result = JSON.stringify(ours[operation](...vector));
    if (result !== expected) {
      throw new Error(`seed ${seed}: ${operation} ${JSON.stringify(vector)}: ${result}`);
    }
  }
}
console.log(`${count} cases of each of ${Object.keys(ours).length} operations agree`);
