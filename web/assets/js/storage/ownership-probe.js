// @ts-check
// Without Web Locks, pages ask each other who still has a record. A hidden page answers though its
// timers hardly run; one that is frozen or gone does not.

const CHANNEL = "sockbit:outboxes";
const ANSWER_WITHIN_MS = 500;

/**
 * Answers for a record until the function that this gives is called.
 * @param {string} record
 * @returns {() => void}
 */
export function answerProbes(record) {
  const channel = open();
  if (!channel) return () => {};
  channel.onmessage = ({ data }) => data.wanted === record && channel.postMessage({ has: record });
  return () => channel.close();
}

/**
 * Whether another page answers for a record.
 * @param {string} record
 * @returns {Promise<boolean>}
 */
export async function isOwnerAlive(record) {
  const channel = open();
  if (!channel) return false;
  const isAnswered = await new Promise((resolve) => {
    channel.onmessage = ({ data }) => data.has === record && resolve(true);
    setTimeout(() => resolve(false), ANSWER_WITHIN_MS);
    channel.postMessage({ wanted: record });
  });
  channel.close();
  return isAnswered;
}

function open() {
  return "BroadcastChannel" in globalThis ? new BroadcastChannel(CHANNEL) : null;
}
