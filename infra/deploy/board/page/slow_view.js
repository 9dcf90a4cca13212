/** The slowest requests of the period, as `make slow` lists them; each opens its trace. */

import { fill, h } from "./dom.js";
import { JaegerError } from "./jaeger.js";
import { resolve } from "./period.js";
import { labelValues } from "./prometheus.js";
import { findSlowest } from "./slowest.js";
import { stageBar, stageNames } from "./stage_bar.js";
import { format, formatTime } from "./units.js";

/** @typedef {import("./address.js").Address} Address */
/** @typedef {import("./jaeger.js").Span} Span */
/** @typedef {import("./main.js").Page} Page */

const MOST = 25;
const HANDLERS = { label: "handler", metric: "http_request_duration_seconds_count" };

export class SlowView {
  /** A search asks Jaeger dozens of times: it is done once, and again when asked for. */
  isLive = false;

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
    const choice = h(
      "select",
      { title: "Endpoint", onchange: (/** @type {Event} */ event) => this.page.go({ ...this.page.address, route: /** @type {HTMLSelectElement} */ (event.target).value }) },
      h("option", { value: "" }, "route: all"),
      ...offered.map((route) => h("option", { value: route, selected: route === address.route }, route)),
    );
    fill(this.page.tools, choice, h("button", { onclick: () => this.page.draw() }, "Search again"));
    fill(this.page.main, h("p", { class: "lead" }, "The slowest requests that Jaeger kept in this period. All slow and failed requests are kept, and a share of the others. Bad: the same stage at the front of most rows. Next: open one."), this.list);
  }

  /** @param {Address} address */
  async draw(address) {
    const period = resolve(address.from, address.to, Date.now() / 1000);
    try {
      const found = await findSlowest(this.page.jaeger, period, MOST, address.route);
      if (found.length) fill(this.list, ...this.#rows(found));
      else this.#say("Jaeger kept no request of this period. It holds the newest 10,000 traces, and none from before its start. A trace takes some ten seconds to arrive.");
    } catch (fault) {
      if (!(fault instanceof JaegerError)) throw fault;
      this.#say(fault.message);
    }
  }

  close() {}

  /** @param {string} reason */
  #say(reason) {
    fill(this.list, h("div", { class: "message" }, h("b", {}, "No requests"), h("span", {}, reason)));
  }

  /** @param {{trace: string, span: Span}[]} found */
  #rows(found) {
    const longest = found[0].span.duration;
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

