// Replays the vectors on the browser's delta.js: `node verify.mjs`. Takes another file of diffs,
// such as `cargo run -p sockbit-tests --example diff_vectors 100000 FILE` writes, as an argument.

import { readFileSync } from "node:fs";

import * as delta from "../../web/assets/js/delta/delta.js";
import { faults } from "./replay.mjs";

const read = (path) => JSON.parse(readFileSync(path, "utf8"));
const beside = (name) => read(new URL(name, import.meta.url));
const diffs = process.argv[2] ? read(process.argv[2]) : beside("diff.json");

const found = faults(delta, { cases: beside("delta.json"), edges: beside("edges.json"), diffs });
for (const fault of found.slice(0, 20)) console.error(fault);
console.log(`${found.length} faults, ${diffs.length} diffs`);
process.exitCode = found.length > 0 ? 1 : 0;
