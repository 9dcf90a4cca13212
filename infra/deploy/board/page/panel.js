/** One panel of a dashboard: title, description, chart and legend. */

import { Chart } from "./chart.js";
import { fill, h } from "./dom.js";
import { showLegend } from "./legend.js";
import { explain } from "./no_data.js";
import { PrometheusError, queryExemplars, queryRange } from "./prometheus.js";
import { cellsOf, entriesOf, linesOf, thinOut } from "./series.js";
import { substitute } from "./variables.js";

/** @typedef {import("./dashboards.js").Panel} Definition */
/** @typedef {import("./series.js").Line} Line */
/** @typedef {import("./series.js").Exemplar} Exemplar */

/**
 * @typedef {object} Request what all panels of a dashboard ask for
 * @property {import("./period.js").Period} period
 * @property {number[]} moments
 * @property {number} step
 * @property {import("./variables.js").Variable[]} variables
 * @property {Record<string, string[]>} chosen
 * @property {AbortSignal} signal
 * @property {string} graphPage Prometheus' own page for expressions
 */

/** Exemplars closer together than this many points cover each other. */
const STRETCH = 4;

export class PanelView {
  /**
   * @param {Definition} definition
   * @param {import("./chart.js").Reactions & {onopen: () => void}} reactions
   */
  constructor(definition, reactions) {
    this.definition = definition;
    this.description = h("span", {}, definition.description);
    this.plot = h("div", { class: "plot" });
    this.message = h("div", { class: "message", hidden: true });
    this.legend = h("div", { class: "legend" });
    this.explore = h(
      "a",
      { class: "explore", target: "_blank", title: "Open the expression in Prometheus" },
      "PromQL ↗",
    );
    const { x, w, h: height } = definition.place;
    this.element = h(
      "section",
      { class: "panel", id: `panel-${definition.id}`, style: `grid-column:${x + 1} / span ${w}; --rows:${height}` },
      h(
        "header",
        {},
        h(
          "h2",
          {},
          h(
            "button",
            { onclick: reactions.onopen, title: "Show this panel alone, or all again (Esc)" },
            definition.title,
          ),
        ),
        this.explore,
      ),
      h("p", { class: "description" }, this.description),
      h("div", { class: "stage" }, this.plot, this.message),
      this.legend,
    );
    this.chart = new Chart(this.plot, definition.unit, reactions);
    /** @type {string | null} the only line that is drawn */
    this.alone = null;
    /** @type {(() => void) | null} draws the last answer once more */
    this.redraw = null;
    /** @type {Request | null} an answer to an older one comes too late */
    this.latest = null;
  }

  /** @param {Request} request */
  async draw(request) {
    this.latest = request;
    const expressions = this.definition.targets.map(({ expr }) =>
      substitute(expr, request.variables, request.chosen, { step: request.step, ...request.period }),
    );
    this.explore.href = exploreLink(expressions, request.period, request.graphPage);
    try {
      const [answers, exemplars] = await Promise.all([
        this.#read(expressions, request),
        this.#readExemplars(expressions, request),
      ]);
      const reason = hasValues(answers) ? "" : await explain(expressions, request.period, request.signal);
      if (this.latest !== request) return;
      if (reason) this.#say(reason);
      else this.#show(answers, exemplars, request);
    } catch (fault) {
      if (request.signal.aborted || this.latest !== request) return;
      if (!(fault instanceof PrometheusError)) throw fault;
      this.#say(fault.message);
    }
  }

  remove() {
    this.chart.remove();
  }

  /**
   * @param {string[]} expressions
   * @param {Request} request
   */
  #read(expressions, { moments, step, signal }) {
    const period = { from: moments[0], to: moments[moments.length - 1], step };
    return Promise.all(expressions.map((expression) => queryRange(expression, period, signal)));
  }

  /**
   * Read the exemplars of the first expression that has them: p50, p95 and p99 share theirs.
   *
   * @param {string[]} expressions
   * @param {Request} request
   * @returns {Promise<Exemplar[]>}
   */
  async #readExemplars(expressions, { period, step, signal }) {
    const first = this.definition.targets.findIndex(({ exemplar }) => exemplar);
    if (first < 0) return [];
    return thinOut(await queryExemplars(expressions[first], period, signal), step * STRETCH);
  }

  /**
   * @param {import("./series.js").Matrix[][]} answers one per target
   * @param {Exemplar[]} exemplars
   * @param {Request} request
   */
  #show(answers, exemplars, { moments, step }) {
    const { isHeatmap, isStacked, isLargestFirst, unit, targets } = this.definition;
    const lines = answers.flatMap((series, i) => linesOf(series, targets[i].legendFormat, moments));
    const cells = isHeatmap ? cellsOf(answers[0], moments) : null;
    this.redraw = () => {
      if (!lines.some(({ name }) => name === this.alone)) this.alone = null;
      const drawn =
        this.alone === null
          ? lines
          : lines.map((line) => (line.name === this.alone ? line : { ...line, points: line.points.map(() => null) }));
      this.message.hidden = true;
      this.chart.draw({ moments, step, lines: isHeatmap ? [] : drawn, cells, isStacked, exemplars });
      if (!isHeatmap) {
        const entries = entriesOf(lines, isLargestFirst);
        showLegend(this.legend, entries, unit, this.alone, (name) => this.#choose(name));
      }
    };
    this.redraw();
    this.element.dataset.state = "drawn";
  }

  /** @param {string} name */
  #choose(name) {
    this.alone = this.alone === name ? null : name;
    this.redraw?.();
  }

  /** @param {string} reason */
  #say(reason) {
    this.chart.clear();
    fill(this.legend);
    fill(this.message, h("b", {}, "No data"), h("span", {}, reason));
    this.message.hidden = false;
    this.element.dataset.state = "empty";
  }
}

/** @param {import("./series.js").Matrix[][]} answers */
function hasValues(answers) {
  return answers.flat().some(({ values }) => values.some(([, value]) => Number.isFinite(Number(value))));
}

/**
 * Return the address of Prometheus' own page for the expressions.
 *
 * @param {string[]} expressions
 * @param {import("./period.js").Period} period
 * @param {string} page
 */
function exploreLink(expressions, { from, to }, page) {
  const query = new URLSearchParams();
  expressions.forEach((expression, i) => {
    query.set(`g${i}.expr`, expression);
    query.set(`g${i}.tab`, "0");
    query.set(`g${i}.range_input`, `${Math.round(to - from)}s`);
    query.set(`g${i}.end_input`, new Date(to * 1000).toISOString().slice(0, 19).replace("T", " "));
  });
  return `${page}?${query}`;
}
