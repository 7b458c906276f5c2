// Replays a file of transcripts (see replay.js) in Node: node tests/browser/js/replay-file.mjs <file>

import { readFileSync } from "node:fs";

import { BoardClient } from "../../../web/assets/js/sync/board-client.js";
import { replayAll } from "./replay.js";

const steps = replayAll(BoardClient, readFileSync(process.argv[2], "utf8"));
process.stdout.write(`${steps} steps replayed\n`);
