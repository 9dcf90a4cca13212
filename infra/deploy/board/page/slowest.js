/**
 * The slowest requests of a period. Jaeger sorts by time only, so the search bisects the least
 * duration until few enough traces are left.
 *
 * @typedef {import("./jaeger.js").Jaeger} Jaeger
 * @typedef {import("./jaeger.js").Search} Search
 * @typedef {import("./jaeger.js").Span} Span
 * @typedef {import("./jaeger.js").Trace} Trace
 */

const STAGE = "comptoir.stage.";
const FIRST_GUESS = 1_000_000;
const SHORTEST = 1_000;
/** Durations that near need no order among each other. */
const NEAR = 1.1;

/**
 * Return the server spans with the longest durations, the longest first.
 *
 * @param {Jaeger} jaeger
 * @param {{from: number, to: number}} period
 * @param {number} most
 * @param {string} route one endpoint; empty for all
 * @returns {Promise<{trace: string, span: Span}[]>}
 */
export async function findSlowest(jaeger, period, most, route) {
  const services = await jaeger.listServices();
  const searches = (await Promise.all(services.map((service) => searchesIn(jaeger, service, period, route)))).flat();
  const traces = await longest(jaeger, searches, most);
  return traces
    .flatMap(({ id, spans }) => spans.filter((span) => isRequest(span, route)).map((span) => ({ trace: id, span })))
    .sort((a, b) => b.span.duration - a.span.duration)
    .slice(0, most);
}

/**
 * Search by an attribute that only server spans have; Jaeger cannot search by a span's kind.
 *
 * @param {Jaeger} jaeger
 * @param {string} service
 * @param {{from: number, to: number}} period
 * @param {string} route
 * @returns {Promise<Search[]>}
 */
export async function searchesIn(jaeger, service, { from, to }, route) {
  if (route) return [{ service, tags: { "http.route": route }, from, to }];
  const methods = await jaeger.listMethods(service);
  return methods.map((method) => ({ service, tags: { "http.request.method": method }, from, to }));
}

/**
 * @param {Span} span
 * @param {string} route
 */
export function isRequest(span, route) {
  return "http.request.method" in span.attributes && (!route || span.attributes["http.route"] === route);
}

/**
 * Return at least `most` of the longest traces. Above `few` Jaeger returns all traces, but too few;
 * above `many` it returns only a part.
 *
 * @param {Jaeger} jaeger
 * @param {Search[]} searches
 * @param {number} most
 * @returns {Promise<Trace[]>}
 */
async function longest(jaeger, searches, most) {
  let [few, many] = [0, 0];
  /** @type {Trace[]} */
  let known = [];
  let least = FIRST_GUESS;
  for (;;) {
    const { traces, areAll } = await findAbove(jaeger, searches, least, 2 * most);
    if (areAll && (traces.length >= most || least === 0)) return traces;
    if (areAll) [few, known] = [least, traces];
    else many = least;
    if (few && many && few / many < NEAR)
      return unique([...known, ...(await findAbove(jaeger, searches, many, 2 * most)).traces]);
    if (!few) least *= 4;
    else if (many) least = Math.sqrt(few * many);
    else least = least > SHORTEST ? least / 4 : 0;
  }
}

/**
 * @param {Jaeger} jaeger
 * @param {Search[]} searches
 * @param {number} least
 * @param {number} most
 */
async function findAbove(jaeger, searches, least, most) {
  const found = await Promise.all(searches.map((search) => jaeger.findTraces(search, least, most)));
  return { traces: unique(found.flat()), areAll: least === 0 || found.every((traces) => traces.length < most) };
}

/** @param {Trace[]} traces */
export function unique(traces) {
  return [...new Map(traces.map((trace) => [trace.id, trace])).values()];
}

/**
 * Return the stages of a request that took time, in seconds, the longest first.
 *
 * @param {Span} span
 * @returns {{name: string, seconds: number}[]}
 */
export function stagesOf(span) {
  return Object.entries(span.attributes)
    .filter(([name]) => name.startsWith(STAGE))
    .map(([name, seconds]) => ({ name: name.slice(STAGE.length), seconds: Number(seconds) }))
    .filter(({ seconds }) => seconds > 0)
    .sort((a, b) => b.seconds - a.seconds);
}

/** As `Stage` of the service kit has them. */
const ORDER = ["queue", "authentication", "pool", "sql", "wait", "application", "serialisation", "send"];

/**
 * Return stages in the order in which a request meets them.
 *
 * @param {{name: string, seconds: number}[]} stages
 */
export function inOrder(stages) {
  return [...stages].sort((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name));
}
