/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * Return a new element. Text is always text: nothing that Prometheus or Jaeger says becomes HTML.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} [properties] attributes; `onclick` and the like are listeners
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") element.style.cssText = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...kept(children));
  return element;
}

/**
 * Put these children in the place of all former ones.
 *
 * @param {Element} element
 * @param {...Child} children
 */
export function fill(element, ...children) {
  element.replaceChildren(...kept(children));
}

/**
 * Return a message in the place of what cannot be shown.
 *
 * @param {string} title
 * @param {string} reason
 */
export function message(title, reason) {
  return h("div", { class: "message" }, h("b", {}, title), h("span", {}, reason));
}

/**
 * Return what was chosen in a `select`.
 *
 * @param {Event} event its `change`
 */
export function chosenIn(event) {
  return /** @type {HTMLSelectElement} */ (event.target).value;
}

/**
 * @param {Child[]} children
 * @returns {(Node | string)[]}
 */
function kept(children) {
  return children
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}
