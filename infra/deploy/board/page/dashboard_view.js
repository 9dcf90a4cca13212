/** A dashboard: its variables in the bar, its panels in Grafana's grid. */

import { readDashboard } from "./dashboards.js";
import { described } from "./description.js";
import { fill, h } from "./dom.js";
import { PanelView } from "./panel.js";
import { pointsOf, resolve, stepOf } from "./period.js";
import { labelValues } from "./prometheus.js";
import { VariableChoice } from "./variable_choice.js";
import { parseQuery } from "./variables.js";

/** @typedef {import("./address.js").Address} Address */
/** @typedef {import("./main.js").Page} Page */

export class DashboardView {
  static hasPeriod = true;
  static isLive = true;

  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.grid = h("div", { class: "grid" });
    /** @type {import("./variables.js").Variable[]} */
    this.variables = [];
    /** @type {PanelView[]} */
    this.panels = [];
    /** @type {VariableChoice[]} */
    this.choices = [];
    /** @type {Address | null} */
    this.linkedFrom = null;
    this.leaving = new AbortController();
  }

  /** @param {Address} address */
  async open(address) {
    const { title, description, variables, panels } = await readDashboard(address.view);
    document.title = `${title} · Comptoir`;
    this.variables = variables;
    this.choices = variables.map(
      ({ name }) =>
        new VariableChoice(
          name,
          (values) =>
            this.page.go({ ...this.page.address, variables: { ...this.page.address.variables, [name]: values } }),
          this.leaving.signal,
        ),
    );
    fill(this.page.tools, ...this.choices.map((choice) => choice.element));
    this.panels = panels.map(
      (panel) =>
        new PanelView(panel, {
          onopen: () =>
            this.page.go({ ...this.page.address, panel: this.page.address.panel === panel.id ? null : panel.id }),
          onselect: (from, to) => this.page.showPeriod(from, to),
          onexemplar: (trace) => this.page.openTrace(trace),
        }),
    );
    fill(this.grid, ...this.panels.map((panel) => panel.element));
    fill(this.page.main, h("p", { class: "lead" }, description.replaceAll("`", "")), this.grid);
  }

  /** @param {Address} address */
  async draw(address) {
    const period = resolve(address.from, address.to, Date.now() / 1000);
    const step = stepOf(period);
    const shown = this.panels.filter(({ definition }) => address.panel === null || definition.id === address.panel);
    this.grid.classList.toggle("alone", address.panel !== null);
    this.#link(address);
    for (const panel of this.panels) panel.element.hidden = !shown.includes(panel);
    const request = {
      ...{ period, step, moments: pointsOf(period, step) },
      ...{
        variables: this.variables,
        chosen: address.variables,
        signal: this.leaving.signal,
        graphPage: this.page.graphPage,
      },
    };
    await Promise.all([...shown.map((panel) => panel.draw(request)), this.#offer(address, period)]);
  }

  close() {
    this.leaving.abort();
    for (const panel of this.panels) panel.remove();
  }

  /**
   * Let descriptions lead to other dashboards; only a new address changes their links.
   *
   * @param {Address} address
   */
  #link(address) {
    if (this.linkedFrom === address) return;
    this.linkedFrom = address;
    for (const { definition, description } of this.panels) {
      fill(description, ...described(definition.description, this.page.dashboards, address));
    }
  }

  /**
   * @param {Address} address
   * @param {import("./period.js").Period} period
   */
  async #offer(address, period) {
    await Promise.all(
      this.variables.map(async ({ name, query }, i) => {
        const { metric, label } = parseQuery(query);
        // An answer that does not come is told by the panels.
        const values = await labelValues(label, metric, period).catch(() => []);
        this.choices[i].offer(values, address.variables[name] ?? []);
      }),
    );
  }
}
