/** The newest requests of a period: all, the failed ones, or those of traces with a tag. */

import { isRequest, searchesIn, unique } from "./slowest.js";

/** @typedef {import("./jaeger.js").Jaeger} Jaeger */
/** @typedef {import("./jaeger.js").Span} Span */
/** @typedef {import("./jaeger.js").Trace} Trace */

/** The services mark the requests that failed; a search for `error=true` finds nothing. */
export const FAILED = "comptoir.keep=error";

/**
 * @param {Jaeger} jaeger
 * @param {{from: number, to: number}} period
 * @param {number} most
 * @param {{route: string, tag: string}} wanted
 * @returns {Promise<{trace: string, span: Span}[]>} the newest first
 */
export async function findNewest(jaeger, period, most, { route, tag }) {
  const services = await jaeger.listServices();
  const searches = tag
    ? services.map((service) => ({ service, tags: parseTag(tag), ...period }))
    : (await Promise.all(services.map((service) => searchesIn(jaeger, service, period, route)))).flat();
  const traces = unique((await Promise.all(searches.map((search) => jaeger.findTraces(search, 0, most)))).flat());
  return traces
    .map((trace) => ({ trace: trace.id, span: entryOf(trace, route) }))
    .filter(({ span }) => !route || isRequest(span, route))
    .sort((a, b) => b.span.started - a.span.started)
    .slice(0, most);
}

/**
 * @param {string} tag
 * @returns {Record<string, string>}
 */
export function parseTag(tag) {
  const [name, ...value] = tag.split("=");
  return { [name.trim()]: value.join("=").trim() };
}

/**
 * Return the request that a trace began with; its first span when no request is in it.
 *
 * @param {Trace} trace
 * @param {string} route
 */
function entryOf({ spans }, route) {
  return spans.find((span) => isRequest(span, route)) ?? spans[0];
}
