// @ts-check
// The WebSocket to the server: kept alive, noticed when it is dead, and opened again. What goes
// over it is the boards' business. It is dead when it does not answer: silence alone proves nothing,
// since the browser calls a hidden page only now and then.

/** @typedef {"connecting" | "live" | "reconnecting" | "offline"} ConnectionState */
/**
 * Who hears what comes over the connection. `tooLong`: the server ended it over a frame that is
 * longer than it takes.
 * @typedef {{connected(welcome: any): void, receive(message: any): void, woken(): void,
 *   tooLong(): void, disconnected(): void}} Party
 */

const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 10_000;
const PING_EVERY_MS = 15_000;
/** How long an answer may take: usually, when there is reason to doubt the connection, and the first welcome. */
const PONG_WITHIN_MS = 8_000;
const DOUBT_MS = 4_000;
const WELCOME_WITHIN_MS = 10_000;
/** A connection that stood for this long was a good one: the next attempt is a first one again. */
const STEADY_AFTER_MS = 5_000;
/** After this long without a connection people are told that they are offline. */
const OFFLINE_AFTER_MS = 6_000;

/** How a WebSocket ends over a message that is too big. */
const TOO_BIG = 1009;

const PING = JSON.stringify({ v: 1, type: "ping" });

export class Connection extends EventTarget {
  /** Counts the sockets, so that nothing meant for one goes over the next. */
  generation = 0;
  /** @type {ConnectionState} */
  state = "connecting";
  /** @type {any} */
  welcome = null;
  /** @type {Party[]} */
  #parties = [];
  /** @type {WebSocket | null} */
  #socket = null;
  #isOpen = false;
  #attempts = 0;
  #heardAt = 0;
  #upSince = 0;
  #downSince = performance.now();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #deadline;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #beat;
  #wake = () => this.#onWake();

  /** @param {string} [url] */
  constructor(url = socketUrl()) {
    super();
    this.url = url;
  }

  /** @param {Party} party */
  add(party) {
    this.#parties.push(party);
    if (this.welcome) party.connected(this.welcome);
  }

  open() {
    if (this.#isOpen) return;
    this.#isOpen = true;
    for (const [target, event] of wakes()) target.addEventListener(event, this.#wake);
    this.#beat = setInterval(() => this.#onBeat(), 1_000);
    this.#connect();
  }

  close() {
    this.#isOpen = false;
    for (const [target, event] of wakes()) target.removeEventListener(event, this.#wake);
    clearInterval(this.#beat);
    clearTimeout(this.#retry);
    this.#drop();
  }

  /**
   * Sends a frame, unless it was meant for an earlier socket.
   * @param {string} frame
   * @param {number} generation
   */
  send(frame, generation) {
    const isMeant = generation === this.generation && this.welcome !== null;
    if (isMeant && this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(frame);
  }

  #connect() {
    clearTimeout(this.#retry);
    this.#drop();
    if (!this.#isOpen) return;
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    this.#expect(WELCOME_WITHIN_MS);
    socket.addEventListener("message", ({ data }) => {
      if (socket === this.#socket) this.#onFrame(data);
    });
    socket.addEventListener("close", ({ code }) => {
      if (socket !== this.#socket) return;
      if (code === TOO_BIG) this.#tell((party) => party.tooLong());
      this.#lose();
    });
  }

  /** @param {unknown} data */
  #onFrame(data) {
    this.#heardAt = performance.now();
    if (this.welcome) this.#expectNothing();
    const message = parsed(data);
    if (message === null) this.#lose();
    else if (message.type === "welcome") this.#onWelcome(message);
    else if (message.type !== "pong") this.#tell((party) => party.receive(message));
  }

  /** @param {any} welcome */
  #onWelcome(welcome) {
    this.#expectNothing();
    this.welcome = welcome;
    this.generation += 1;
    this.#upSince = performance.now();
    this.#show();
    this.#tell((party) => party.connected(welcome));
  }

  #lose() {
    if (this.welcome && performance.now() - this.#upSince > STEADY_AFTER_MS) this.#attempts = 0;
    this.#drop();
    if (!this.#isOpen) return;
    const ceiling = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** this.#attempts);
    this.#attempts += 1;
    // Full jitter: after a restart of the server its clients do not come back all at once.
    this.#retry = setTimeout(() => this.#connect(), Math.random() * ceiling);
    this.#show();
  }

  /** A dead socket takes its time to close; nobody waits for that. */
  #drop() {
    this.#expectNothing();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    if (!this.welcome) return;
    this.welcome = null;
    this.#downSince = performance.now();
    this.#tell((party) => party.disconnected());
  }

  #onBeat() {
    const isSilent = performance.now() - this.#heardAt > PING_EVERY_MS;
    if (this.welcome && isSilent && this.#deadline === undefined) this.#ask(PONG_WITHIN_MS);
    this.#show();
  }

  /** The page was asleep, or the network changed: what looks alive may be dead. */
  #onWake() {
    if (document.visibilityState === "hidden") return;
    this.#attempts = 0;
    if (!this.welcome) {
      this.#connect();
    } else {
      this.#ask(DOUBT_MS);
      this.#tell((party) => party.woken());
    }
    this.#show();
  }

  /** Whatever is heard then is the answer. @param {number} within */
  #ask(within) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(PING);
    this.#expect(within);
  }

  /** @param {number} within */
  #expect(within) {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#lose(), within);
  }

  #expectNothing() {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }

  #show() {
    const state = this.#stateNow();
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }

  /** @returns {ConnectionState} */
  #stateNow() {
    if (this.welcome) return "live";
    const isLong = performance.now() - this.#downSince > OFFLINE_AFTER_MS;
    if (isLong || !navigator.onLine) return "offline";
    return this.generation === 0 && this.#attempts === 0 ? "connecting" : "reconnecting";
  }

  /** @param {(party: Party) => void} what */
  #tell(what) {
    for (const party of this.#parties) what(party);
  }
}

function socketUrl() {
  return new URL("/ws", location.href.replace(/^http/, "ws")).href;
}

/**
 * What may mean that it is worth trying, or doubting, at once.
 * @returns {[EventTarget, string][]}
 */
function wakes() {
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
