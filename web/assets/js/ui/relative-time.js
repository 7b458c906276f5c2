// @ts-check
// Relative times ("5 minutes ago") in the reader's time zone, updated while the page is open.

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const UPDATE_EVERY_MS = 20_000;

const CLOCK = inEnglish({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const WEEKDAY = inEnglish({ weekday: "long" });
const DATE = inEnglish({ day: "numeric", month: "short" });
const EXACT = inEnglish({ dateStyle: "full", timeStyle: "short", hourCycle: "h23" });

/**
 * @param {number} at
 * @param {number} now
 */
export function relativeTime(at, now) {
  const minutes = Math.floor((now - at) / MINUTE);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} ${minutes === 1 ? "minute" : "minutes"} ago`;
  const [then, today] = [new Date(at), new Date(now)];
  const days = Math.round((midnight(today) - midnight(then)) / DAY);
  if (days < 1) return CLOCK.format(then);
  if (days < 6) return `${WEEKDAY.format(then)} ${CLOCK.format(then)}`;
  const date = DATE.format(then);
  const isThisYear = then.getFullYear() === today.getFullYear();
  return `${date} ${isThisYear ? CLOCK.format(then) : then.getFullYear()}`;
}

/**
 * @param {HTMLTimeElement} element
 * @param {number} at
 */
export function showTime(element, at) {
  const iso = new Date(at).toISOString();
  if (element.dateTime !== iso) element.dateTime = iso;
  update(element);
}

/** Updates every time on the page, now and from now on. */
export function startRelativeTimes() {
  const all = () => {
    for (const element of document.querySelectorAll("time[data-time]")) {
      update(/** @type {HTMLTimeElement} */ (element));
    }
  };
  all();
  setInterval(all, UPDATE_EVERY_MS);
  document.addEventListener("visibilitychange", all);
  document.addEventListener("pointerover", ({ target }) => {
    const time = target instanceof Element ? target.closest("time[data-time]") : null;
    if (time instanceof HTMLTimeElement) showExactTime(time);
  });
}

/** @param {HTMLTimeElement} element */
function update(element) {
  const at = Date.parse(element.dateTime);
  if (Number.isNaN(at)) return;
  const text = relativeTime(at, Date.now());
  if (element.textContent !== text) element.textContent = text;
}

/** The server's title is in UTC. It is replaced when it is about to be shown. @param {HTMLTimeElement} element */
function showExactTime(element) {
  const at = Date.parse(element.dateTime);
  if (!Number.isNaN(at)) element.title = EXACT.format(at);
}

/** @param {Date} date */
function midnight(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

/** @param {Intl.DateTimeFormatOptions} parts */
function inEnglish(parts) {
  return new Intl.DateTimeFormat("en-GB", parts);
}
