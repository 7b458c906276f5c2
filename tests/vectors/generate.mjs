// Writes delta.json: the results of Quill's Delta for random changes that split no surrogate pair.
//
//   npm ci && node generate.mjs
//
// diff.json has the results of the Rust `Delta::diff`, written by
//
//   cargo run -p sockbit-tests --example diff_vectors
//
// edges.json is written by hand.

import { writeFileSync } from "node:fs";

import { Random, cases } from "./random.mjs";

const CASES_EACH = 800;

/** @type {Record<string, string[]>} */
const lines = {};
for (let seed = 0; seed < CASES_EACH; seed += 1) {
  for (const [operation, line] of Object.entries(cases(new Random(seed)))) {
    (lines[operation] ??= []).push(JSON.stringify(line));
  }
}
const operations = Object.entries(lines).map(([name, all]) => `"${name}":[\n${all.join(",\n")}\n]`);
writeFileSync(new URL("delta.json", import.meta.url), `{${operations.join(",\n")}}\n`);
