// @ts-check
// Text sizes in UTF-8 bytes, as the server counts them, and the length check of name fields.

/** @param {string} text */
export function bytesOf(text) {
  return new TextEncoder().encode(text).length;
}

/** Rounded up, so that a size above a limit never reads like the limit. @param {number} bytes */
export function kilobytes(bytes) {
  return `${Math.ceil(bytes / 102.4) / 10} KB`;
}

/** Marks a name field as invalid while its name is too long. @param {HTMLInputElement} input */
export function watchLength(input) {
  const bytesMax = Number(input.dataset.bytesMax);
  const check = () => input.setCustomValidity(lengthError(excessCharacters(input.value, bytesMax)));
  input.addEventListener("input", check);
  check();
}

/** @param {number} excess */
function lengthError(excess) {
  if (excess === 0) return "";
  return `This name is ${excess} ${excess === 1 ? "character" : "characters"} too long.`;
}

/**
 * How many characters (grapheme clusters) to remove from the end.
 * @param {string} name
 * @param {number} bytesMax
 */
function excessCharacters(name, bytesMax) {
  const line = name.trim().replace(/\s+/g, " ");
  const characters = [...new Intl.Segmenter().segment(line)].map(({ segment }) => segment);
  let bytes = bytesOf(line);
  let excess = 0;
  while (bytes > bytesMax) {
    bytes -= bytesOf(characters.pop() ?? "");
    excess += 1;
  }
  return excess;
}
