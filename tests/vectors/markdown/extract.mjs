// Takes the examples out of a specification: node extract.mjs NAME < spec.txt > examples.json
//
// CommonMark 0.31.2: spec.txt of the npm package commonmark-spec 0.31.2.
// GFM 0.29: test/spec.txt of github.com/github/cmark-gfm.

import { readFileSync } from "node:fs";

const EXAMPLE = /^`{32} example[^\n]*\n([^]*?)^\.\n[^]*?^`{32}$/gm;

const [, , name] = process.argv;
const examples = [...readFileSync(0, "utf8").matchAll(EXAMPLE)].map(([, markdown], index) => ({
  name: `${name} ${index + 1}`,
  markdown: markdown.replace(/\n$/, "").replaceAll("→", "\t"),
}));
process.stdout.write(`[\n${examples.map((it) => `  ${JSON.stringify(it)}`).join(",\n")}\n]\n`);
