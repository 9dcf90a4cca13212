/** The stages of a request, as a bar whose parts add up to its duration. */

import { colourOfStage } from "./colours.js";
import { h } from "./dom.js";
import { stagesOf } from "./slowest.js";
import { format } from "./units.js";

/** @typedef {import("./jaeger.js").Span} Span */

/**
 * @param {Span} span
 * @param {number} width its share of the room that there is, 0 to 1
 */
export function stageBar(span, width = 1) {
  const stages = stagesOf(span);
  const parts = stages.map(({ name, seconds }) =>
    h("i", { style: `flex:${seconds} 0 0; background:${colourOfStage(name)}`, title: `${name} ${format(seconds, "s")}` }),
  );
  return h("div", { class: "stages", style: `width:${Math.max(0.5, width * 100)}%` }, ...parts);
}

/**
 * @param {Span} span
 * @param {number} most how many stages are named
 */
export function stageNames(span, most = 8) {
  const told = stagesOf(span).slice(0, most).filter(({ seconds }) => seconds >= 0.00005);
  return h("div", { class: "stage-names" }, ...told.map(({ name, seconds }) => h("span", {}, h("i", { style: `background:${colourOfStage(name)}` }), `${name} ${format(seconds, "s")}`)));
}
