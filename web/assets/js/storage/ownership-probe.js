// @ts-check
// Without Web Locks, pages ask each other over a BroadcastChannel who owns an outbox record. A
// hidden page replies although its timers hardly run; a frozen or closed one does not.

const CHANNEL = "sockbit:outboxes";
const REPLY_TIMEOUT_MS = 500;

/**
 * Replies to probes for a record until the returned function is called.
 * @param {string} record
 * @returns {() => void}
 */
export function answerProbes(record) {
  const channel = openChannel();
  if (!channel) return () => {};
  channel.onmessage = ({ data }) => data.wanted === record && channel.postMessage({ has: record });
  return () => channel.close();
}

/**
 * Whether another page replies to a probe for the record.
 * @param {string} record
 * @returns {Promise<boolean>}
 */
export async function isOwnerAlive(record) {
  const channel = openChannel();
  if (!channel) return false;
  const isAlive = await new Promise((resolve) => {
    channel.onmessage = ({ data }) => data.has === record && resolve(true);
    setTimeout(() => resolve(false), REPLY_TIMEOUT_MS);
    channel.postMessage({ wanted: record });
  });
  channel.close();
  return isAlive;
}

function openChannel() {
  return "BroadcastChannel" in globalThis ? new BroadcastChannel(CHANNEL) : null;
}
