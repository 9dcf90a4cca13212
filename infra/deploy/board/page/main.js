/** Shows what the address asks for, and draws it again as time goes on. */

import { format, HOME, linkTo, parse } from "./address.js";
import { restoreTheme, showPeriod, showTabs } from "./controls.js";
import { readDashboard } from "./dashboards.js";
import { DashboardView } from "./dashboard_view.js";
import { fill, message } from "./dom.js";
import { Jaeger } from "./jaeger.js";
import { resolve, secondsOf } from "./period.js";
import { ProcessesView } from "./processes_view.js";
import { findGraphPage, readAlertRules } from "./prometheus.js";
import { readSettings } from "./settings.js";
import { SlowView } from "./slow_view.js";
import { TraceView } from "./trace_view.js";

/** @typedef {import("./address.js").Address} Address */
/** @typedef {DashboardView | ProcessesView | SlowView | TraceView} View */
/** @typedef {{hasPeriod: boolean, isLive: boolean}} Uses which choices of the bar have an effect */

/** @type {Record<string, (new (page: Page) => View) & Uses>} */
const VIEWS = { processes: ProcessesView, slow: SlowView, trace: TraceView };
/** The longest that drawing may take, as a share of the time: a search asks Jaeger dozens of times. */
const MOST_BUSY = 0.2;

export class Page {
  main = element("main");
  tools = element("#tools");
  jaeger = new Jaeger(null);
  hasJaegerInterface = false;
  graphPage = "";
  /** How many alerts fire. */
  firing = 0;
  address = parse(location.hash);
  /** @type {{uid: string, title: string}[]} */
  dashboards = [];
  /** @type {View | null} */
  view = null;
  /** What the open view was opened for: a change of period or panel only draws it again. */
  opened = "";
  timer = 0;

  async start() {
    restoreTheme();
    this.jaeger = new Jaeger((await readSettings()).jaeger);
    const [home, graphPage] = await Promise.all([readDashboard(HOME), findGraphPage()]);
    this.dashboards = [home, ...home.linked];
    this.graphPage = graphPage;
    addEventListener("hashchange", () => this.show());
    addEventListener(
      "keydown",
      ({ key }) => key === "Escape" && this.address.panel && this.go({ ...this.address, panel: null }),
    );
    document.addEventListener("visibilitychange", () => document.hidden || this.draw());
    await this.show();
    this.hasJaegerInterface = await this.jaeger.hasInterface();
    showTabs(element("#tabs"), this.dashboards, this);
  }

  get #kind() {
    return VIEWS[this.address.view] ?? DashboardView;
  }

  /** @param {Address} address */
  go(address) {
    location.hash = format(address);
  }

  /** Show what the address asks for. */
  async show() {
    const address = parse(location.hash);
    this.address = address;
    showTabs(element("#tabs"), this.dashboards, this);
    showPeriod(element("#period"), this, this.#kind);
    const wanted = [address.view, address.trace, address.order, address.route, address.tag].join("/");
    if (wanted !== this.opened) {
      this.view?.close();
      this.view = null;
      this.opened = wanted;
      const view = new this.#kind(this);
      try {
        await view.open(address);
      } catch (fault) {
        fill(this.tools);
        this.#tell(fault);
        return;
      }
      // The person has gone on meanwhile.
      if (wanted !== this.opened) {
        view.close();
        return;
      }
      this.view = view;
      scrollTo(0, 0);
    }
    await this.draw();
  }

  /** Draw the view with what is known now, and plan the next time. */
  async draw() {
    clearTimeout(this.timer);
    const { view } = this;
    if (!view) return;
    const began = performance.now();
    await Promise.all([view.draw(this.address).catch((fault) => this.#tell(fault)), this.#countAlerts()]);
    document.documentElement.dataset.drawn = this.opened;
    const wanted = secondsOf(this.address.refresh) * 1000;
    const { hasPeriod, isLive } = this.#kind;
    const goesOn = isLive && (!hasPeriod || this.address.to === "now");
    clearTimeout(this.timer);
    if (view === this.view && goesOn && wanted && !document.hidden) {
      const took = performance.now() - began;
      this.timer = setTimeout(() => this.draw(), Math.max(wanted, took / MOST_BUSY));
    }
  }

  /**
   * @param {number} from seconds since 1970
   * @param {number} to
   */
  showPeriod(from, to) {
    this.go({ ...this.address, from: String(Math.round(from * 1000)), to: String(Math.round(to * 1000)) });
  }

  /** Show twice the period around the same middle, up to now at most. */
  zoomOut() {
    const now = Date.now() / 1000;
    const { from, to } = resolve(this.address.from, this.address.to, now);
    const half = (to - from) / 2;
    this.showPeriod(from - half, Math.min(now, to + half));
  }

  /** @param {string} trace */
  traceLink(trace) {
    return this.hasJaegerInterface ? `${this.jaeger.url}/trace/${trace}` : linkTo(this.address, "trace", trace);
  }

  /** @param {string} trace */
  openTrace(trace) {
    const link = this.traceLink(trace);
    if (link.startsWith("#")) location.hash = link;
    else open(link, "_blank");
  }

  async #countAlerts() {
    // Without an answer the view says so.
    const rules = await readAlertRules().catch(() => []);
    const firing = rules.flatMap(({ alerts }) => alerts).filter(({ state }) => state === "firing").length;
    if (firing === this.firing) return;
    this.firing = firing;
    showTabs(element("#tabs"), this.dashboards, this);
  }

  /** @param {unknown} fault */
  #tell(fault) {
    const reason = fault instanceof Error ? fault.message : String(fault);
    fill(this.main, message("This cannot be shown", reason));
  }
}

/** @param {string} selector */
function element(selector) {
  return /** @type {HTMLElement} */ (document.querySelector(selector));
}

await new Page().start();
