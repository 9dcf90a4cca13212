/** A list in which several values of a variable can be ticked; none ticked means all. */

import { fill, h } from "./dom.js";

export class VariableChoice {
  /**
   * @param {string} name
   * @param {(values: string[]) => void} onchange
   * @param {AbortSignal} leaving when it is no longer shown
   */
  constructor(name, onchange, leaving) {
    this.name = name;
    this.onchange = onchange;
    this.summary = h("summary", {}, `${name}: all`);
    this.list = h("div", { class: "choices" });
    this.element = h("details", { class: "variable" }, this.summary, this.list);
    // It closes when the pointer is pressed elsewhere, as a select does.
    const close = (/** @type {PointerEvent} */ { target }) => {
      if (target instanceof Node && !this.element.contains(target)) this.element.open = false;
    };
    document.addEventListener("pointerdown", close, { signal: leaving });
    this.offered = "";
  }

  /**
   * @param {string[]} values
   * @param {string[]} chosen
   */
  offer(values, chosen) {
    const all = [...new Set([...values, ...chosen])].sort();
    const offered = JSON.stringify([all, chosen]);
    // A list that somebody is reading stays as it is.
    if (offered === this.offered) return;
    this.offered = offered;
    this.summary.textContent = `${this.name}: ${chosen.length === 0 ? "all" : chosen.length === 1 ? chosen[0] : `${chosen.length} chosen`}`;
    const tick = (/** @type {string} */ value) =>
      this.onchange(chosen.includes(value) ? chosen.filter((each) => each !== value) : [...chosen, value]);
    fill(
      this.list,
      h("button", { onclick: () => this.onchange([]) }, "all"),
      ...all.map((value) =>
        h(
          "label",
          {},
          h("input", { type: "checkbox", checked: chosen.includes(value), onchange: () => tick(value) }),
          value,
        ),
      ),
    );
  }
}
