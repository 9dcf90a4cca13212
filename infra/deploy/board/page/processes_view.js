/** Every process that Prometheus watches: whether it answers, and what it uses; and all alerts. */

import { fill, h, message } from "./dom.js";
import { PrometheusError, query, readAlertRules, readTargets } from "./prometheus.js";
import { format } from "./units.js";

/** @typedef {import("./main.js").Page} Page */
/** @typedef {{title: string, unit: string, expression: string, bad: number}} Figure */

const EACH = "by (job, instance)";
/** @type {Figure[]} `bad`: from there on the figure is marked */
const FIGURES = [
  {
    title: "up for",
    unit: "s",
    expression: `max ${EACH} (time() - process_start_time_seconds)`,
    bad: Infinity,
  },
  {
    title: "CPU",
    unit: "percentunit",
    expression: `sum ${EACH} (rate(process_cpu_seconds_total[1m]))`,
    bad: 0.8,
  },
  {
    title: "memory",
    unit: "bytes",
    expression: `sum ${EACH} (process_resident_memory_bytes)`,
    bad: 256 * 2 ** 20,
  },
  {
    title: "requests",
    unit: "reqps",
    expression: `sum ${EACH} (rate(http_requests_total{handler!~"/metrics|/health.*"}[1m]))`,
    bad: Infinity,
  },
  {
    title: "events",
    unit: "eps",
    expression: `sum ${EACH} (rate(events_consumed_total[1m]))`,
    bad: Infinity,
  },
  {
    title: "loop lag p99",
    unit: "s",
    expression: `histogram_quantile(0.99, sum by (job, instance, le) (rate(asyncio_loop_lag_seconds_bucket[1m])))`,
    bad: 0.05,
  },
];
/** Go's own programs may be larger than our containers. */
const OURS = /-(api|worker)$/;

export class ProcessesView {
  /** Every figure is that of now. */
  static hasPeriod = false;
  static isLive = true;

  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.targets = h("div", { class: "table", id: "targets" });
    this.alerts = h("div", { class: "table" });
  }

  async open() {
    document.title = "Processes · Comptoir";
    fill(this.page.tools);
    fill(this.page.main, h("h2", {}, "Processes"), this.targets, h("h2", {}, "Alerts"), this.alerts);
  }

  async draw() {
    try {
      const [targets, rules, ...answers] = await Promise.all([
        readTargets(),
        readAlertRules(),
        ...FIGURES.map(({ expression }) => query(expression)),
      ]);
      fill(this.targets, this.#targetTable(targets, answers));
      fill(this.alerts, ...alertContent(rules));
    } catch (fault) {
      if (!(fault instanceof PrometheusError)) throw fault;
      fill(this.targets, message("No data", fault.message));
    }
  }

  close() {}

  /**
   * @param {Awaited<ReturnType<typeof readTargets>>} targets
   * @param {Awaited<ReturnType<typeof query>>[]} answers one per figure
   */
  #targetTable(targets, answers) {
    const valueOf = (/** @type {number} */ figure, /** @type {{job: string, instance: string}} */ target) => {
      const found = answers[figure].find(
        ({ metric }) => metric.job === target.job && metric.instance === target.instance,
      );
      return found ? Number(found.value[1]) : null;
    };
    const rows = [...targets]
      .sort(
        (a, b) =>
          Number(OURS.test(b.job)) - Number(OURS.test(a.job)) ||
          a.job.localeCompare(b.job) ||
          a.instance.localeCompare(b.instance),
      )
      .map((target) =>
        h(
          "tr",
          {},
          h(
            "td",
            {},
            h("span", { class: target.health === "up" ? "state up" : "state down" }, target.health),
            target.job,
          ),
          h("td", {}, target.instance),
          ...FIGURES.map(({ unit, bad }, i) =>
            figureCell(valueOf(i, target), unit, OURS.test(target.job) ? bad : Infinity),
          ),
          h(
            "td",
            { class: "text" },
            h("a", { href: target.url, target: "_blank" }, "metrics"),
            target.error && h("b", { class: "failed" }, ` ${target.error}`),
          ),
        ),
      );
    const head = h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("th", {}, "process"),
        h("th", {}, "address"),
        ...FIGURES.map(({ title }) => h("th", {}, title)),
        h("th"),
      ),
    );
    return h("table", {}, head, h("tbody", {}, ...rows));
  }
}

/**
 * @param {number | null} value
 * @param {string} unit
 * @param {number} bad
 */
function figureCell(value, unit, bad) {
  return h(
    "td",
    { class: value !== null && value >= bad ? "number bad" : "number" },
    value === null ? "" : format(value, unit),
  );
}

/** @param {Awaited<ReturnType<typeof readAlertRules>>} rules */
function alertContent(rules) {
  const alerts = rules.flatMap((rule) => rule.alerts.map((alert) => ({ name: rule.name, ...alert })));
  if (alerts.length === 0)
    return [h("p", { class: "lead" }, `None is pending or firing. Prometheus evaluates ${rules.length} of them.`)];
  const rows = alerts.map(({ name, state, labels, annotations, activeAt }) =>
    h(
      "tr",
      {},
      h("td", {}, h("span", { class: state === "firing" ? "state down" : "state pending" }, state), name),
      h("td", { class: "text" }, annotations.summary ?? ""),
      h("td", {}, [labels.job, labels.instance, labels.slo].filter(Boolean).join(" ")),
      h("td", {}, new Date(activeAt).toLocaleTimeString(undefined, { hour12: false })),
      h("td", {}, annotations.runbook_url && h("a", { href: annotations.runbook_url, target: "_blank" }, name)),
    ),
  );
  const head = h(
    "thead",
    {},
    h("tr", {}, ...["alert", "what", "where", "since", "runbook"].map((title) => h("th", {}, title))),
  );
  return [h("table", {}, head, h("tbody", {}, ...rows))];
}
