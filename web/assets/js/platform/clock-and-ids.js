// @ts-check
// The time on two clocks, and fresh ids.

/**
 * The time in milliseconds. `wall` counts from 1970; NTP and users set it back and forth, so only what
 * outlives the page, or is shown as a date, uses it. `monotonic` has an arbitrary start and only goes
 * forward; pauses and resends use it.
 * @typedef {{wall: number, monotonic: number}} Time
 */
/**
 * The time, and a function that returns a fresh UUID each time.
 * @typedef {Time & {mint: () => string}} ClockAndIds
 */

/** A random UUID, version 4. `crypto.randomUUID` is missing on pages that were loaded over plain HTTP. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** @returns {ClockAndIds} */
export function clockAndIds() {
  return { wall: Date.now(), monotonic: performance.now(), mint: uuid };
}
