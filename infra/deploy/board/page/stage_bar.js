/** The stages of a request, as a bar whose parts add up to its duration. */

import { colourOf } from "./colours.js";
import { h } from "./dom.js";
import { inOrder, stagesOf } from "./slowest.js";
import { format } from "./units.js";

/** @typedef {import("./jaeger.js").Span} Span */

/**
 * Draw the stages in the order in which a request meets them, so that bars can be compared.
 *
 * @param {Span} span
 * @param {number} width its share of the room that there is, 0 to 1
 */
export function stageBar(span, width = 1) {
  const stages = stagesOf(span);
  const whole = stages.reduce((sum, { seconds }) => sum + seconds, 0);
  const parts = inOrder(stages).map(({ name, seconds }) =>
    h("i", {
      style: `width:${(seconds / whole) * 100}%; background:${colourOf(0, name)}`,
      title: `${name} ${format(seconds, "s")}`,
    }),
  );
  return h("div", { class: "stages", style: `width:${Math.max(0.5, width * 100)}%` }, ...parts);
}

/**
 * @param {Span} span
 * @param {number} most how many stages are named
 */
export function stageNames(span, most = 8) {
  const told = stagesOf(span)
    .slice(0, most)
    .filter(({ seconds }) => seconds >= 0.00005);
  return h(
    "div",
    { class: "stage-names" },
    ...told.map(({ name, seconds }) =>
      h("span", {}, h("i", { style: `background:${colourOf(0, name)}` }), `${name} ${format(seconds, "s")}`),
    ),
  );
}
