/** Prometheus' HTTP API; the page has its origin, so there is neither address nor CORS. */

/** @typedef {import("./series.js").Matrix} Matrix */
/** @typedef {import("./series.js").Exemplar} Exemplar */

const API = "../api/v1/";

/** Why Prometheus has no answer, in a sentence. */
export class PrometheusError extends Error {}

/**
 * @param {string} path
 * @param {Record<string, string>} parameters
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
async function ask(path, parameters = {}, signal) {
  const url = `${API}${path}?${new URLSearchParams(parameters)}`;
  const response = await fetch(url, { signal }).catch((fault) => {
    if (signal?.aborted) throw fault;
    throw new PrometheusError("Prometheus does not answer. Does it still run?");
  });
  const answer = await response.json().catch(() => ({ error: `status ${response.status}` }));
  if (answer.status !== "success") throw new PrometheusError(`Prometheus refuses: ${answer.error}`);
  return answer.data;
}

/**
 * @param {string} query
 * @param {{from: number, to: number, step: number}} period
 * @param {AbortSignal} [signal]
 * @returns {Promise<Matrix[]>}
 */
export async function queryRange(query, { from, to, step }, signal) {
  const parameters = { query, start: String(from), end: String(to), step: String(step) };
  return (await ask("query_range", parameters, signal)).result;
}

/**
 * @param {string} query
 * @param {AbortSignal} [signal]
 * @returns {Promise<{metric: Record<string, string>, value: [number, string]}[]>}
 */
export async function query(query, signal) {
  return (await ask("query", { query }, signal)).result;
}

/**
 * @param {string} query
 * @param {{from: number, to: number}} period
 * @param {AbortSignal} [signal]
 * @returns {Promise<Exemplar[]>}
 */
export async function queryExemplars(query, { from, to }, signal) {
  const found = await ask("query_exemplars", { query, start: String(from), end: String(to) }, signal);
  const exemplars = found.flatMap((/** @type {any} */ series) => series.exemplars);
  return exemplars
    .filter((/** @type {any} */ each) => each.labels.trace_id)
    .map((/** @type {any} */ each) => ({
      timestamp: each.timestamp,
      value: Number(each.value),
      trace: each.labels.trace_id,
    }));
}

/**
 * Return the values of a label in a metric's series.
 *
 * @param {string} label
 * @param {string} metric
 * @param {{from: number, to: number}} period
 * @returns {Promise<string[]>}
 */
export function labelValues(label, metric, { from, to }) {
  return ask(`label/${label}/values`, { "match[]": metric, start: String(from), end: String(to) });
}

/**
 * Return the address of Prometheus' own page for expressions, which its releases call `graph`,
 * `query` or `classic/graph`: its first page leads there.
 */
export function findGraphPage() {
  return fetch("../").then(
    ({ url }) => url,
    () => "../graph",
  );
}

/** @returns {Promise<{job: string, instance: string, health: string, url: string, error: string}[]>} */
export async function readTargets() {
  const { activeTargets } = await ask("targets", { state: "active" });
  return activeTargets.map((/** @type {any} */ each) => ({
    job: each.labels.job,
    instance: each.labels.instance,
    health: each.health,
    url: each.scrapeUrl,
    error: each.lastError,
  }));
}

/** @returns {Promise<{name: string, state: string, health: string, alerts: {state: string, labels: Record<string, string>, annotations: Record<string, string>, activeAt: string}[]}[]>} */
export async function readAlertRules() {
  const { groups } = await ask("rules", { type: "alert" });
  return groups.flatMap((/** @type {any} */ group) => group.rules);
}
