// @ts-check
// The vertical coordinate of a textarea's caret, measured on a hidden copy of its text.

const COPIED = /** @type {const} */ ([
  "boxSizing", "width", "paddingTop", "paddingRight", "paddingBottom", "paddingLeft",
  "borderTopWidth", "borderRightWidth", "borderBottomWidth", "borderLeftWidth", "borderStyle",
  "fontFamily", "fontSize", "fontWeight", "fontStyle", "fontFeatureSettings", "lineHeight",
  "letterSpacing", "wordSpacing", "tabSize", "textIndent", "wordBreak", "overflowWrap",
]);

/**
 * The distance from the top of the text to the caret's line, in pixels.
 * @param {HTMLTextAreaElement} textarea
 */
export function caretTop(textarea) {
  const copy = document.createElement("div");
  const style = getComputedStyle(textarea);
  for (const property of COPIED) copy.style[property] = style[property];
  Object.assign(copy.style, {
    position: "absolute",
    insetInlineStart: "-200vw",
    visibility: "hidden",
    whiteSpace: "pre-wrap",
  });
  const { value, selectionEnd } = textarea;
  const caret = document.createElement("span");
  // The rest of the word determines where the line breaks.
  caret.textContent = /^\S*/.exec(value.slice(selectionEnd, selectionEnd + 200))?.[0] || "\u200b";
  copy.append(value.slice(0, selectionEnd), caret);
  document.body.append(copy);
  const top = caret.offsetTop;
  copy.remove();
  return top;
}
