/** One trace as a waterfall, for where Jaeger has no interface. */

import { linkTo } from "./address.js";
import { colourOfProcess } from "./colours.js";
import { fill, h, message } from "./dom.js";
import { JaegerError } from "./jaeger.js";
import { stageBar, stageNames } from "./stage_bar.js";
import { stagesOf } from "./slowest.js";
import { format, formatTime } from "./units.js";
import { largeStatements, processesOf, rowsOf, spanOf, STATEMENT } from "./waterfall.js";

/** @typedef {import("./address.js").Address} Address */
/** @typedef {import("./jaeger.js").Span} Span */
/** @typedef {import("./jaeger.js").Trace} Trace */
/** @typedef {import("./main.js").Page} Page */

const TICKS = [0, 0.25, 0.5, 0.75, 1];
const MICROSECONDS = 1e6;

export class TraceView {
  static hasPeriod = false;
  static isLive = false;

  /** @param {Page} page */
  constructor(page) {
    this.page = page;
  }

  /** @param {Address} address */
  async open(address) {
    document.title = `Trace ${address.trace.slice(0, 8)} · Comptoir`;
    fill(this.page.tools);
    fill(this.page.main, h("p", { class: "lead" }, `Reading trace ${address.trace} …`));
  }

  /** @param {Address} address */
  async draw(address) {
    try {
      const trace = await this.page.jaeger.readTrace(address.trace);
      fill(this.page.main, h("article", { class: "trace" }, ...this.#content(trace)));
    } catch (fault) {
      if (!(fault instanceof JaegerError)) throw fault;
      fill(this.page.main, message("No trace", fault.message));
    }
  }

  close() {}

  /** @param {Trace} trace */
  #content(trace) {
    const { started, duration } = spanOf(trace);
    const request = trace.spans.find((span) => "http.request.method" in span.attributes);
    const processes = processesOf(trace);
    const names = [...new Set(processes.values())];
    const colour = (/** @type {Span} */ span) => colourOfProcess(names.indexOf(processes.get(span) ?? ""));
    return [
      h(
        "header",
        {},
        h("h2", {}, (request ?? trace.spans[0]).name),
        h(
          "p",
          {},
          `${formatTime(started / MICROSECONDS)} · ${seconds(duration)} · ${trace.spans.length} spans · `,
          h("code", {}, trace.id),
          this.#jaegerLink(trace),
        ),
        request &&
          stagesOf(request).length > 0 &&
          h(
            "section",
            { class: "request" },
            h("h3", {}, `The request took ${seconds(request.duration)}`),
            stageBar(request),
            stageNames(request),
          ),
        h(
          "div",
          { class: "processes" },
          ...names.map((name, i) => h("span", {}, h("i", { style: `background:${colourOfProcess(i)}` }), name)),
          h("span", {}, h("i", { class: "wait" }), "waits"),
        ),
      ),
      h(
        "div",
        { class: "waterfall" },
        h(
          "div",
          { class: "ticks" },
          ...TICKS.map((share) => h("span", { style: `left:${share * 100}%` }, seconds(share * duration))),
        ),
        ...rowsOf(trace).flatMap((row) => this.#row(row, colour(row.span), started)),
      ),
      ...statements(trace),
    ];
  }

  /** @param {Trace} trace */
  #jaegerLink(trace) {
    return (
      this.page.hasJaegerInterface &&
      h("a", { href: `${this.page.jaeger.url}/trace/${trace.id}`, target: "_blank" }, " Jaeger ↗")
    );
  }

  /**
   * @param {import("./waterfall.js").Row} row
   * @param {string} colour
   * @param {number} begin
   */
  #row({ span, depth, left, width, isWait, failure }, colour, begin) {
    const details = h("div", { class: "details", hidden: true });
    const open = () => {
      if (!details.hasChildNodes()) fill(details, ...this.#details(span, begin));
      details.hidden = !details.hidden;
    };
    // Beside the bar where there is room, else before it.
    const side = left + width > 0.85 ? `right:${(1 - left) * 100}%` : `left:${(left + width) * 100}%`;
    const bar = h("i", {
      class: isWait ? "bar wait" : failure ? "bar failed" : "bar",
      style: `left:${left * 100}%; width:max(2px, ${width * 100}%); --colour:${colour}`,
    });
    return [
      h(
        "button",
        { class: "row", onclick: open, title: "Show or hide the attributes" },
        h(
          "span",
          { class: "name", style: `padding-left:${depth * 12 + 8}px; border-color:${colour}` },
          span.name,
          failure && h("b", {}, ` ${failure}`),
        ),
        h("span", { class: "lane" }, bar, h("span", { class: "took", style: side }, seconds(span.duration))),
      ),
      details,
    ];
  }

  /**
   * @param {Span} span
   * @param {number} begin
   */
  #details(span, begin) {
    const { [STATEMENT]: text, ...others } = span.attributes;
    const facts = {
      process: `${span.process} ${span.instance}`,
      after: seconds(span.started - begin),
      duration: seconds(span.duration),
      ...others,
    };
    const links = span.links.map(({ trace }) => h("a", { href: linkTo(this.page.address, "trace", trace) }, trace));
    return [
      text && h("pre", {}, text),
      h(
        "table",
        {},
        h(
          "tbody",
          {},
          ...Object.entries(facts).map(([name, value]) => h("tr", {}, h("th", {}, name), h("td", {}, value))),
        ),
      ),
      links.length > 0 && h("p", {}, "Linked traces: ", ...links.flatMap((link) => [link, " "])),
    ];
  }
}

/** @param {number} microseconds */
function seconds(microseconds) {
  return format(microseconds / MICROSECONDS, "s");
}

/** @param {Trace} trace */
function statements(trace) {
  const large = largeStatements(trace);
  if (large.length === 0) return [];
  return [
    h("h3", {}, "Statements that took more than a tenth of the trace"),
    ...large.map((span) =>
      h(
        "figure",
        {},
        h("figcaption", {}, `${span.process}, ${span.name}, ${seconds(span.duration)}`),
        h("pre", {}, span.attributes[STATEMENT]),
      ),
    ),
  ];
}
