/** The table below a chart: each line with its last and its largest value. */

import { colourOf } from "./colours.js";
import { fill, h } from "./dom.js";
import { format } from "./units.js";

/** @typedef {import("./series.js").Entry} Entry */

/**
 * @param {Element} element
 * @param {Entry[]} entries of all lines, also of those that are not drawn
 * @param {string} unit
 * @param {string | null} alone the only line that is drawn
 * @param {(name: string) => void} onchoose
 */
export function showLegend(element, entries, unit, alone, onchoose) {
  const rows = entries.map(({ name, place, last, max }) => {
    const isOff = alone !== null && name !== alone;
    return h(
      "tr",
      { class: isOff ? "off" : "", onclick: () => onchoose(name), title: "Show this line alone, or all again" },
      h("td", {}, h("i", { style: `background:${colourOf(place, name)}` }), name),
      h("td", {}, format(last, unit)),
      h("td", {}, format(max, unit)),
    );
  });
  const head = h("thead", {}, h("tr", {}, h("th"), h("th", {}, "last"), h("th", {}, "max")));
  fill(element, h("table", {}, head, h("tbody", {}, ...rows)));
}
