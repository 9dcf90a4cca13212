/** The slowest requests of the period, as `make slow` lists them, or others; each opens its trace. */

import { fill, h, message } from "./dom.js";
import { JaegerError } from "./jaeger.js";
import { resolve } from "./period.js";
import { labelValues } from "./prometheus.js";
import { requestSearch } from "./request_search.js";
import { findSlowest } from "./slowest.js";
import { stageBar, stageNames } from "./stage_bar.js";
import { FAILED, findNewest } from "./tagged.js";
import { format, formatTime } from "./units.js";

/** @typedef {import("./address.js").Address} Address */
/** @typedef {import("./jaeger.js").Span} Span */
/** @typedef {import("./main.js").Page} Page */

const MOST = 25;
const LEAD =
  "Requests that Jaeger kept in this period: all slow and all failed ones, and a share of the others. " +
  "Bad: one stage that takes most of many bars. Next: open one.";
const HANDLERS = { label: "handler", metric: "http_request_duration_seconds_count" };

export class SlowView {
  static hasPeriod = true;
  static isLive = true;
  /** What the newest search looks for: an older one may end after it. */
  sought = {};

  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.list = h("div", { class: "slow" }, h("p", { class: "message" }, "Searching …"));
  }

  /** @param {Address} address */
  async open(address) {
    document.title = "Slow requests · Comptoir";
    const period = resolve(address.from, address.to, Date.now() / 1000);
    const routes = await labelValues(HANDLERS.label, HANDLERS.metric, period).catch(() => []);
    const offered = [...new Set([...routes, address.route].filter((route) => route.startsWith("/api")))].sort();
    fill(this.page.tools, ...requestSearch(this.page, offered));
    fill(this.page.main, h("p", { class: "lead" }, LEAD), this.list);
  }

  /** @param {Address} address */
  async draw(address) {
    const period = resolve(address.from, address.to, Date.now() / 1000);
    this.sought = period;
    try {
      const found = await this.#find(address, period);
      if (period !== this.sought) return;
      if (found.length) fill(this.list, ...this.#rows(found));
      else
        this.#say(
          "Jaeger kept no such request of this period. It holds the newest 10,000 traces, and none from before its start. A trace takes some ten seconds to arrive.",
        );
    } catch (fault) {
      if (!(fault instanceof JaegerError)) throw fault;
      this.#say(fault.message);
    }
  }

  close() {}

  /**
   * @param {Address} address
   * @param {import("./period.js").Period} period
   */
  #find({ order, route, tag }, period) {
    if (order === "slowest" && !tag) return findSlowest(this.page.jaeger, period, MOST, route);
    return findNewest(this.page.jaeger, period, MOST, { route, tag: tag || (order === "failed" ? FAILED : "") });
  }

  /** @param {string} reason */
  #say(reason) {
    fill(this.list, message("No requests", reason));
  }

  /** @param {{trace: string, span: Span}[]} found */
  #rows(found) {
    const longest = Math.max(...found.map(({ span }) => span.duration));
    return found.map(({ trace, span }) => {
      const status = span.attributes["http.response.status_code"] ?? "?";
      const link = this.page.traceLink(trace);
      return h(
        "a",
        { class: "request-row", href: link, target: link.startsWith("#") ? null : "_blank" },
        h("time", {}, formatTime(span.started / 1e6)),
        h("b", {}, format(span.duration / 1e6, "s")),
        h("span", { class: Number(status) >= 500 ? "status failed" : "status" }, status),
        h("span", { class: "route" }, span.name),
        h("div", { class: "breakdown" }, stageBar(span, span.duration / longest), stageNames(span, 4)),
      );
    });
  }
}
