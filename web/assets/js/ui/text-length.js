// @ts-check
// How long words are, as the server counts it, said as people do.

/** @param {string} text */
export function bytesOf(text) {
  return new TextEncoder().encode(text).length;
}

/** More than a limit never looks like the limit itself. @param {number} bytes */
export function kilobytes(bytes) {
  return `${Math.ceil(bytes / 102.4) / 10} KB`;
}

/** Lets a name's field say itself that it is too long. @param {HTMLInputElement} input */
export function watchLength(input) {
  const bytesMax = Number(input.dataset.bytesMax);
  const check = () => input.setCustomValidity(complaint(surplus(input.value, bytesMax)));
  input.addEventListener("input", check);
  check();
}

/** @param {number} letters */
function complaint(letters) {
  if (letters === 0) return "";
  return `This name is too long: ${letters === 1 ? "one letter has" : `${letters} letters have`} to go.`;
}

/**
 * How many letters have to go from the end.
 * @param {string} name
 * @param {number} bytesMax
 */
function surplus(name, bytesMax) {
  const line = name.trim().replace(/\s+/g, " ");
  const letters = [...new Intl.Segmenter().segment(line)].map(({ segment }) => segment);
  let bytes = bytesOf(line);
  let gone = 0;
  while (bytes > bytesMax) {
    bytes -= bytesOf(letters.pop() ?? "");
    gone += 1;
  }
  return gone;
}
