/**
 * A chart of a panel: lines, stacked areas or a heatmap, with diamonds for exemplars.
 *
 * @typedef {import("./drawing.js").Drawing} Drawing
 *
 * @typedef {object} Reactions
 * @property {(from: number, to: number) => void} onselect a period was chosen by dragging
 * @property {(trace: string) => void} onexemplar a diamond was clicked
 */

import uPlot from "../uplot/uPlot.esm.js";
import { timeAxis, valueAxis } from "./axes.js";
import { colourOf, dashOf, themeOf } from "./colours.js";
import { drawDiamonds, findDiamond } from "./diamonds.js";
import { NOTHING } from "./drawing.js";
import { boundsOf, drawCells } from "./heatmap.js";
import { stack } from "./series.js";
import { Tooltip } from "./tooltip.js";

/** One crosshair for all charts of a page; a period is dragged in one chart only. */
const CROSSHAIR = {
  key: uPlot.sync("board").key,
  filters: { pub: (/** @type {string} */ type) => ["mousemove", "mouseleave"].includes(type) },
};

export class Chart {
  /**
   * @param {HTMLElement} box
   * @param {string} unit
   * @param {Reactions} reactions
   */
  constructor(box, unit, reactions) {
    this.box = box;
    this.unit = unit;
    this.reactions = reactions;
    this.tooltip = new Tooltip(box, unit);
    /** @type {uPlot | null} */
    this.plot = null;
    this.drawing = NOTHING;
    this.shape = "";
    this.resizing = new ResizeObserver(() => this.#fit());
    this.resizing.observe(box);
  }

  /** @param {Drawing} drawing */
  draw(drawing) {
    this.drawing = drawing;
    this.tooltip.show(drawing);
    const theme = themeOf(this.box);
    const shape = JSON.stringify([
      drawing.lines.map((line) => line.name),
      drawing.cells?.bounds,
      drawing.isStacked,
      theme,
    ]);
    if (this.plot && shape === this.shape) {
      this.plot.setData(this.#data());
      return;
    }
    // A new set of lines: uPlot cannot exchange its series one by one and keep their order.
    this.shape = shape;
    this.plot?.destroy();
    this.plot = new uPlot(this.#options(theme), this.#data(), this.box);
  }

  clear() {
    this.plot?.destroy();
    this.plot = null;
    this.shape = "";
  }

  remove() {
    this.resizing.disconnect();
    this.clear();
    this.tooltip.remove();
  }

  #fit() {
    if (this.plot && this.box.clientWidth) this.plot.setSize(this.#size());
  }

  #size() {
    return { width: this.box.clientWidth, height: Math.max(60, this.box.clientHeight) };
  }

  /** Stacked areas are drawn from the highest down; each is filled down to the next. */
  #order() {
    const order = this.drawing.lines.map((_, i) => i);
    return this.drawing.isStacked ? order.reverse() : order;
  }

  /** @returns {uPlot.AlignedData} */
  #data() {
    const { moments, lines, cells, isStacked } = this.drawing;
    if (cells) return [moments, moments.map(() => null)];
    const points = lines.map((line) => line.points);
    const drawn = isStacked ? stack(points) : points;
    return [moments, ...this.#order().map((i) => drawn[i])];
  }

  /**
   * @param {ReturnType<typeof themeOf>} theme
   * @returns {uPlot.Options}
   */
  #options(theme) {
    const { cells, lines, isStacked } = this.drawing;
    return {
      ...this.#size(),
      legend: { show: false },
      padding: [8, 28, 0, 0],
      scales: { x: { time: true, range: () => this.#period() }, y: this.#scale() },
      axes: [timeAxis(theme), valueAxis(theme, this.unit, cells && boundsOf(cells))],
      cursor: {
        sync: { ...CROSSHAIR, setSeries: false },
        drag: { x: true, y: false, setScale: false },
        points: { size: 6 },
        focus: { prox: 24 },
      },
      series: [{}, ...(cells ? [{ show: true, points: { show: false } }] : this.#order().map((i) => this.#series(i)))],
      bands: cells || !isStacked ? [] : lines.slice(1).map((_, i) => ({ series: [i + 1, i + 2] })),
      hooks: {
        draw: [(/** @type {uPlot} */ plot) => this.#drawOver(plot, theme)],
        setCursor: [(/** @type {uPlot} */ plot) => this.tooltip.follow(plot)],
        setSelect: [(/** @type {uPlot} */ plot) => this.#select(plot)],
        ready: [(/** @type {uPlot} */ plot) => this.#listen(plot)],
      },
    };
  }

  /** @returns {uPlot.Range.MinMax} */
  #period() {
    const { moments } = this.drawing;
    return [moments[0], moments[moments.length - 1]];
  }

  /** @returns {uPlot.Scale} */
  #scale() {
    if (this.drawing.cells) {
      const [least, most] = boundsOf(this.drawing.cells);
      return { distr: 3, range: () => [least, most] };
    }
    return {
      range: (/** @type {uPlot} */ _, /** @type {number} */ low, /** @type {number} */ high) => [
        Math.min(0, low ?? 0),
        high > 0 ? high * 1.08 : 1,
      ],
    };
  }

  /**
   * @param {number} i
   * @returns {uPlot.Series}
   */
  #series(i) {
    const colour = colourOf(i, this.drawing.lines[i].name);
    const isAlone = this.drawing.lines.length === 1;
    return {
      stroke: colour,
      width: 1.5,
      dash: dashOf(i),
      points: { show: hasNoNeighbours, size: 4, fill: colour },
      fill: this.drawing.isStacked ? `${colour}b0` : isAlone ? `${colour}1f` : undefined,
    };
  }

  /**
   * @param {uPlot} plot
   * @param {ReturnType<typeof themeOf>} theme
   */
  #drawOver(plot, theme) {
    const { cells, moments, step, exemplars } = this.drawing;
    if (cells) drawCells(plot, cells, moments, step, theme.heat);
    drawDiamonds(plot, exemplars, theme.diamond);
  }

  /** @param {uPlot} plot */
  #select(plot) {
    const { left, width } = plot.select;
    if (width < 4) return;
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    this.reactions.onselect(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
  }

  /** @param {uPlot} plot */
  #listen(plot) {
    const under = (/** @type {MouseEvent} */ event) =>
      findDiamond(plot, this.drawing.exemplars, event.offsetX, event.offsetY);
    plot.over.addEventListener("mousemove", (/** @type {MouseEvent} */ event) => {
      const diamond = under(event);
      plot.over.style.cursor = diamond ? "pointer" : "";
      this.tooltip.point(diamond);
    });
    plot.over.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const diamond = under(event);
      if (diamond) this.reactions.onexemplar(diamond.trace);
    });
  }
}

/**
 * Show the points of a line that no segment would show.
 *
 * @param {uPlot} plot
 * @param {number} i
 */
function hasNoNeighbours(plot, i) {
  const points = /** @type {import("./series.js").Points} */ (plot.data[i]);
  return points.filter((value) => value !== null).length === 1;
}
