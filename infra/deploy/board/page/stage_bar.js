/** The stages of a request, as a bar whose parts add up to its duration. */

import { colourOf } from "./colours.js";
import { h } from "./dom.js";
import { inOrder, stagesOf } from "./slowest.js";
import { format } from "./units.js";

/** @typedef {import("./jaeger.js").Span} Span */

/** A part of the bar that is narrower is not seen, and needs no name. */
const LEAST_SHARE = 0.005;

/**
 * Draw the stages in the order in which a request meets them, so that bars can be compared.
 *
 * @param {Span} span
 * @param {number} width its share of the room that there is, 0 to 1
 */
export function stageBar(span, width = 1) {
  const stages = stagesOf(span);
  const whole = sumOf(stages);
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
  const stages = stagesOf(span);
  const least = sumOf(stages) * LEAST_SHARE;
  const told = stages.slice(0, most).filter(({ seconds }) => seconds >= least);
  return h(
    "div",
    { class: "stage-names" },
    ...told.map(({ name, seconds }) =>
      h("span", {}, h("i", { style: `background:${colourOf(0, name)}` }), `${name} ${format(seconds, "s")}`),
    ),
  );
}

/** @param {{seconds: number}[]} stages */
function sumOf(stages) {
  return stages.reduce((sum, { seconds }) => sum + seconds, 0);
}
