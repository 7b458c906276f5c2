// @ts-check
// Fresh ids, and the time beside them: what the machine cannot know by itself.

/**
 * A random UUID (version 4). `crypto.randomUUID` is missing where a page came over plain HTTP.
 */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * What a call of the machine may need from the world.
 * @returns {import("./board-client.js").ClockAndIds}
 */
export function clockAndIds() {
  return { wall: Date.now(), monotonic: performance.now(), mint: uuid };
}
