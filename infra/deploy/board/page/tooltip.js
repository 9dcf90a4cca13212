/** What stands under the pointer: the moment, and the values of all lines, the largest first. */

import { colourOf } from "./colours.js";
import { fill, h } from "./dom.js";
import { NOTHING } from "./drawing.js";
import { format, formatTime } from "./units.js";

/** @typedef {import("../uplot/uPlot.esm.js")} Plot */
/** @typedef {import("./drawing.js").Drawing} Drawing */
/** @typedef {import("./series.js").Exemplar} Exemplar */

const MOST_ROWS = 16;
const GAP = 14;

export class Tooltip {
  /**
   * @param {HTMLElement} box
   * @param {string} unit
   */
  constructor(box, unit) {
    this.box = box;
    this.unit = unit;
    this.element = h("div", { class: "tooltip", hidden: true });
    document.body.append(this.element);
    this.drawing = NOTHING;
    /** @type {Exemplar | null} */
    this.diamond = null;
  }

  /** @param {Drawing} drawing */
  show(drawing) {
    this.drawing = drawing;
  }

  /** @param {Exemplar | null} diamond */
  point(diamond) {
    this.diamond = diamond;
  }

  remove() {
    this.element.remove();
  }

  /**
   * Follow the pointer; a crosshair that comes from another chart shows no values.
   *
   * @param {Plot} plot
   */
  follow(plot) {
    const { left = -1, top = -1, idx } = plot.cursor;
    this.element.hidden = true;
    if (left < 0 || idx === null || idx === undefined || !plot.over.matches(":hover")) return;
    this.element.hidden = false;
    fill(
      this.element,
      h("time", {}, formatTime(this.drawing.moments[idx])),
      ...this.#rows(idx, plot.posToVal(top, "y")),
      this.#trace(),
    );
    this.#place(plot.over.getBoundingClientRect(), left, top);
  }

  /**
   * @param {number} at
   * @param {number} height
   */
  #rows(at, height) {
    const { cells } = this.drawing;
    const rows = cells ? this.#cell(cells, at, height) : this.#values(at);
    return rows.length ? rows : [h("div", { class: "row" }, "no value")];
  }

  /** @param {number} at */
  #values(at) {
    const values = this.drawing.lines
      .map((line, i) => ({ name: line.name, value: line.points[at], colour: colourOf(i, line.name) }))
      .filter(({ value }) => value !== null)
      .sort((a, b) => Number(b.value) - Number(a.value));
    const rows = values
      .slice(0, MOST_ROWS)
      .map(({ name, value, colour }) => this.#row(colour, name, format(value, this.unit)));
    const hidden = values.length - rows.length;
    return hidden > 0 ? [...rows, h("div", { class: "row" }, `and ${hidden} smaller ones`)] : rows;
  }

  /**
   * @param {import("./series.js").Cells} cells
   * @param {number} at
   * @param {number} height
   */
  #cell({ bounds, counts }, at, height) {
    const row = bounds.findIndex((bound) => height <= bound);
    if (row < 0) return [];
    const range = `${format(row ? bounds[row - 1] : 0, this.unit)} to ${format(bounds[row], this.unit)}`;
    return [this.#row("var(--heat-solid)", range, format(counts[row][at]))];
  }

  #trace() {
    return (
      this.diamond &&
      h("div", { class: "row trace" }, `◆ ${format(this.diamond.value, this.unit)}: click to open its trace`)
    );
  }

  /**
   * @param {string} colour
   * @param {string} name
   * @param {string} value
   */
  #row(colour, name, value) {
    return h(
      "div",
      { class: "row" },
      h("i", { style: `background:${colour}` }),
      h("span", {}, name),
      h("b", {}, value),
    );
  }

  /**
   * @param {DOMRect} over
   * @param {number} left
   * @param {number} top
   */
  #place(over, left, top) {
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const x = over.left + left;
    const right = x + GAP + width < innerWidth ? x + GAP : x - GAP - width;
    this.element.style.left = `${Math.max(4, right)}px`;
    this.element.style.top = `${Math.max(4, Math.min(over.top + top + GAP, innerHeight - height - 4))}px`;
  }
}
