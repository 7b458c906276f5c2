// @ts-check
// The WebSocket to the server: keeps it alive, detects when it is dead, and opens it again. It is dead
// when it does not reply to a ping: silence alone is no sign, since browsers delay the timers of hidden
// pages.

/** @typedef {"connecting" | "live" | "reconnecting" | "offline"} ConnectionState */
/**
 * `resumed`: the page was suspended, or the network changed; `tooLong`: the server closed the
 * connection over a frame that is longer than it accepts.
 * @typedef {{connected(welcome: any): void, receive(message: any): void, resumed(): void,
 *   tooLong(): void, disconnected(): void}} ConnectionListener
 */

const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 10_000;
const PING_EVERY_MS = 15_000;
const PONG_TIMEOUT_MS = 8_000;
/** The shorter timeout after a resume, when the connection is probably dead. */
const RESUME_TIMEOUT_MS = 4_000;
const WELCOME_TIMEOUT_MS = 10_000;
/** After a connection that lasted this long, the delay of attempts starts again. */
const STABLE_AFTER_MS = 5_000;
/** After this long without a connection the user is shown as offline. */
const OFFLINE_AFTER_MS = 6_000;

/** The close code for a message that is too big. */
const TOO_BIG = 1009;

const PING = JSON.stringify({ v: 1, type: "ping" });

export class Connection extends EventTarget {
  /** Counts the sockets, so that a frame for one is not sent over the next. */
  generation = 0;
  /** @type {ConnectionState} */
  state = "connecting";
  /** @type {any} */
  welcome = null;
  /** @type {ConnectionListener[]} */
  #listeners = [];
  /** @type {WebSocket | null} */
  #socket = null;
  #isOpen = false;
  #attempts = 0;
  #receivedAt = 0;
  #connectedAt = 0;
  #disconnectedAt = performance.now();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #deadline;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #pingTimer;
  #onResumeEvent = () => this.#onResume();

  /** @param {string} [url] */
  constructor(url = socketUrl()) {
    super();
    this.url = url;
  }

  /** @param {ConnectionListener} listener */
  add(listener) {
    this.#listeners.push(listener);
    if (this.welcome) listener.connected(this.welcome);
  }

  open() {
    if (this.#isOpen) return;
    this.#isOpen = true;
    for (const [target, event] of resumeEvents()) target.addEventListener(event, this.#onResumeEvent);
    this.#pingTimer = setInterval(() => this.#onPingTimer(), 1_000);
    this.#connect();
  }

  close() {
    this.#isOpen = false;
    for (const [target, event] of resumeEvents()) target.removeEventListener(event, this.#onResumeEvent);
    clearInterval(this.#pingTimer);
    clearTimeout(this.#retryTimer);
    this.#closeSocket();
  }

  /**
   * Sends a frame, unless it is for an earlier socket.
   * @param {string} frame
   * @param {number} generation
   */
  send(frame, generation) {
    const isCurrent = generation === this.generation && this.welcome !== null;
    if (isCurrent && this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(frame);
  }

  #connect() {
    clearTimeout(this.#retryTimer);
    this.#closeSocket();
    if (!this.#isOpen) return;
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    this.#setDeadline(WELCOME_TIMEOUT_MS);
    socket.addEventListener("message", ({ data }) => {
      if (socket === this.#socket) this.#onFrame(data);
    });
    socket.addEventListener("close", ({ code }) => {
      if (socket !== this.#socket) return;
      if (code === TOO_BIG) this.#notify((listener) => listener.tooLong());
      this.#reconnect();
    });
  }

  /** @param {unknown} data */
  #onFrame(data) {
    this.#receivedAt = performance.now();
    if (this.welcome) this.#clearDeadline();
    const message = parsed(data);
    if (message === null) this.#reconnect();
    else if (message.type === "welcome") this.#onWelcome(message);
    else if (message.type !== "pong") this.#notify((listener) => listener.receive(message));
  }

  /** @param {any} welcome */
  #onWelcome(welcome) {
    this.#clearDeadline();
    this.welcome = welcome;
    this.generation += 1;
    this.#connectedAt = performance.now();
    this.#updateState();
    this.#notify((listener) => listener.connected(welcome));
  }

  #reconnect() {
    if (this.welcome && performance.now() - this.#connectedAt > STABLE_AFTER_MS) this.#attempts = 0;
    this.#closeSocket();
    if (!this.#isOpen) return;
    const ceiling = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** this.#attempts);
    this.#attempts += 1;
    // Full jitter: after a restart of the server its clients do not reconnect all at once.
    this.#retryTimer = setTimeout(() => this.#connect(), Math.random() * ceiling);
    this.#updateState();
  }

  /** Does not wait for the close of the socket, which takes long if it is dead. */
  #closeSocket() {
    this.#clearDeadline();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    if (!this.welcome) return;
    this.welcome = null;
    this.#disconnectedAt = performance.now();
    this.#notify((listener) => listener.disconnected());
  }

  #onPingTimer() {
    const isSilent = performance.now() - this.#receivedAt > PING_EVERY_MS;
    if (this.welcome && isSilent && this.#deadline === undefined) this.#ping(PONG_TIMEOUT_MS);
    this.#updateState();
  }

  /** The page was suspended, or the network changed: the connection may be dead. */
  #onResume() {
    if (document.visibilityState === "hidden") return;
    this.#attempts = 0;
    if (!this.welcome) {
      this.#connect();
    } else {
      this.#ping(RESUME_TIMEOUT_MS);
      this.#notify((listener) => listener.resumed());
    }
    this.#updateState();
  }

  /** Any message within the timeout is a reply. @param {number} timeoutMs */
  #ping(timeoutMs) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(PING);
    this.#setDeadline(timeoutMs);
  }

  /** @param {number} timeoutMs */
  #setDeadline(timeoutMs) {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#reconnect(), timeoutMs);
  }

  #clearDeadline() {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }

  #updateState() {
    const state = this.#currentState();
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }

  /** @returns {ConnectionState} */
  #currentState() {
    if (this.welcome) return "live";
    const isLong = performance.now() - this.#disconnectedAt > OFFLINE_AFTER_MS;
    if (isLong || !navigator.onLine) return "offline";
    return this.generation === 0 && this.#attempts === 0 ? "connecting" : "reconnecting";
  }

  /** @param {(listener: ConnectionListener) => void} call */
  #notify(call) {
    for (const listener of this.#listeners) call(listener);
  }
}

function socketUrl() {
  return new URL("/ws", location.href.replace(/^http/, "ws")).href;
}

/**
 * The events after which the connection is tried or tested at once.
 * @returns {[EventTarget, string][]}
 */
function resumeEvents() {
  return [
    [window, "online"],
    [window, "offline"],
    [window, "pageshow"],
    [document, "visibilitychange"],
  ];
}

/** @param {unknown} data */
function parsed(data) {
  try {
    const message = JSON.parse(String(data));
    return typeof message?.type === "string" ? message : null;
  } catch {
    return null;
  }
}
