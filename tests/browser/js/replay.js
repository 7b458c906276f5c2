// @ts-check
// Replays the recorded inputs of a Rust client on the client in JavaScript, step by step, and throws at
// the first difference.
//
// `sockbit_simulation::transcripts(2_000)` gives the transcripts, one line of JSON each. A page
// that holds them as `lines`, and has imported `BoardClient` from the site's own modules, calls
//
//     const steps = replayAll(BoardClient, lines);
//
// Node does the same with a file of them:
//
//     cargo run -p sockbit-simulation --example transcripts > transcripts.jsonl
//     node tests/browser/js/replay-file.mjs transcripts.jsonl

/**
 * @typedef {{call: string, wall: number, monotonic: number, minted: string[], outgoing: string[], changes: object[],
 *   digest: string} & Record<string, any>} Step
 * @typedef {{seed: number, steps: Step[]}} Transcript
 */

/**
 * Replays every line. Returns the number of steps, so that a caller can tell that there were any.
 * @param {any} BoardClient
 * @param {string} lines
 */
export function replayAll(BoardClient, lines) {
  const transcripts = lines.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  transcripts.forEach((transcript) => replay(BoardClient, transcript));
  return transcripts.reduce((steps, transcript) => steps + transcript.steps.length, 0);
}

/**
 * @param {any} BoardClient
 * @param {Transcript} transcript
 */
export function replay(BoardClient, { seed, steps }) {
  /** @type {any} */
  let client = null;
  steps.forEach((step, number) => {
    const ids = [...step.minted];
    client = makeCall(BoardClient, client, step, ids);
    const where = `seed ${seed}, step ${number}, ${step.call}`;
    same(ids, [], `${where}: unused ids`);
    same(client.takeOutgoing(), step.outgoing, `${where}: outgoing frames`);
    same(client.takeChanges(), step.changes, `${where}: changes`);
    const shown = stateText(client);
    if (digest(shown) !== step.digest) throw new Error(`${where}: another state:\n${shown}`);
  });
}

/**
 * @param {any} BoardClient
 * @param {any} client
 * @param {Step} step
 * @param {string[]} ids
 */
function makeCall(BoardClient, client, step, ids) {
  const time = { wall: step.wall, monotonic: step.monotonic };
  const clockAndIds = { ...time, mint: () => ids.shift() ?? fail("more ids are used than recorded") };
  switch (step.call) {
    case "new":
      return new BoardClient(step.board, step.actor);
    case "restore":
      return BoardClient.restore(step.saved, { ...clockAndIds, actor: step.actor });
    case "from_snapshot":
      return BoardClient.fromSnapshot(step.snapshot, { ...clockAndIds, unsent: step.unsent, actor: step.actor });
    case "edit":
      client.edit(step.note, step.delta);
      break;
    case "flush":
      client.flush(step.note, clockAndIds);
      break;
    case "submit":
      client.submit(step.command, { ...time, id: step.id, key: step.key });
      break;
    case "dismiss_draft":
      client.dismissDraft(step.draft);
      break;
    case "set_presence":
      client.setPresence(step.note);
      break;
    case "connected":
      client.connected({ actor: step.actor }, clockAndIds);
      break;
    case "check":
      client.check();
      break;
    case "disconnected":
      client.disconnected();
      break;
    case "receive":
      client.receive(step.message, clockAndIds);
      break;
    case "tick":
      client.tick(clockAndIds);
      break;
    default:
      fail(`there is no call ${step.call}`);
  }
  return client;
}

/**
 * Everything that a client shows and stores, in the text that the Rust side hashes.
 * @param {any} client
 */
function stateText(client) {
  const notes = client.notes();
  const lines = notes.map((/** @type {any} */ note) => [note, client.saveStatus(note.id), client.text(note.id)]);
  lines.push([client.title(), client.role(), client.joinState(), client.refusal()]);
  lines.push([client.position(), client.unsentCount(), client.persistedState()]);
  lines.push(client.unsavedSince());
  lines.push([client.people(), client.morePeople()]);
  const [first, last] = [notes.at(0)?.id ?? null, notes.at(-1)?.id ?? null];
  lines.push([client.rankBetween(null, first), client.rankBetween(first, last), client.rankBetween(last, null)]);
  return lines.map((/** @type {any} */ line) => JSON.stringify(line)).join("\n");
}

/**
 * FNV-1a over the text's UTF-16 units.
 * @param {string} text
 */
function digest(text) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  return hash.toString(16).padStart(8, "0");
}

/**
 * @param {unknown} got
 * @param {unknown} expected
 * @param {string} what
 */
function same(got, expected, what) {
  const [is, was] = [JSON.stringify(got), JSON.stringify(expected)];
  if (is !== was) fail(`${what}\n  got      ${is}\n  expected ${was}`);
}

/**
 * @param {string} why
 * @returns {never}
 */
function fail(why) {
  throw new Error(why);
}
