/**
 * Jaeger's HTTP API, which allows this page's origin (`cors` in infra/deploy/jaeger/config.yaml).
 *
 * @typedef {object} Span times are microseconds; `started` counts from 1970
 * @property {string} id
 * @property {string | null} parent
 * @property {string} process
 * @property {string} instance
 * @property {string} name
 * @property {number} started
 * @property {number} duration
 * @property {Record<string, any>} attributes
 * @property {{trace: string, span: string}[]} links
 *
 * @typedef {{id: string, spans: Span[]}} Trace
 * @typedef {{service: string, tags: Record<string, string>, from: number, to: number}} Search
 */

/** The element that Jaeger's own interface begins with; a Jaeger without one answers another page. */
const INTERFACE = "jaeger-ui-root";

/** Why there is no trace to show, in a sentence. */
export class JaegerError extends Error {}

export class Jaeger {
  /** @param {string | null} url */
  constructor(url) {
    this.url = url;
  }

  /** Tell whether it has an interface of its own. */
  async hasInterface() {
    if (!this.url) return false;
    const page = await fetch(`${this.url}/search`).then(
      (response) => response.text(),
      () => "",
    );
    return page.includes(INTERFACE);
  }

  /**
   * @param {string} id
   * @returns {Promise<Trace>}
   */
  async readTrace(id) {
    const traces = await this.#ask(`/api/traces/${encodeURIComponent(id)}`);
    if (traces.length === 0)
      throw new JaegerError(
        `Jaeger has no trace ${id}: it was not kept, it has not arrived yet (some ten seconds), or Jaeger was restarted since.`,
      );
    return parseTrace(traces[0]);
  }

  /** @returns {Promise<string[]>} */
  async listServices() {
    return ((await this.#ask("/api/services")) ?? []).filter((/** @type {string} */ name) => name !== "jaeger").sort();
  }

  /**
   * Return the HTTP methods that a service has answered.
   *
   * @param {string} service
   * @returns {Promise<string[]>}
   */
  async listMethods(service) {
    const operations = await this.#ask("/api/operations", { service, spanKind: "server" });
    return [...new Set(operations.map((/** @type {any} */ each) => each.name.split(" ")[0]))].sort();
  }

  /**
   * Return the newest traces with a matching span of at least `microseconds`.
   *
   * @param {Search} search
   * @param {number} microseconds
   * @param {number} most
   * @returns {Promise<Trace[]>}
   */
  async findTraces({ service, tags, from, to }, microseconds, most) {
    const found = await this.#ask("/api/traces", {
      service,
      start: String(Math.floor(from * 1e6)),
      end: String(Math.ceil(to * 1e6)),
      minDuration: `${Math.floor(microseconds)}us`,
      tags: JSON.stringify(tags),
      limit: String(most),
    });
    return found.map(parseTrace);
  }

  /**
   * @param {string} path
   * @param {Record<string, string>} parameters
   * @returns {Promise<any>}
   */
  async #ask(path, parameters = {}) {
    if (!this.url) throw new JaegerError("There is no Jaeger beside this Prometheus: make observability installs it.");
    const response = await fetch(`${this.url}${path}?${new URLSearchParams(parameters)}`).catch(() => {
      throw new JaegerError(
        `Jaeger does not answer at ${this.url}, or does not allow this page's address (${location.origin}).`,
      );
    });
    if (response.status === 404) return [];
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new JaegerError(`Jaeger refuses: ${answer.errors?.[0]?.msg ?? response.status}`);
    return answer.data ?? [];
  }
}

/**
 * @param {any} json
 * @returns {Trace}
 */
export function parseTrace(json) {
  const spans = json.spans.map((/** @type {any} */ span) => parseSpan(span, json.processes[span.processID]));
  return {
    id: json.traceID,
    // Jaeger's own order changes from one answer to the next.
    spans: spans.sort(
      (/** @type {Span} */ a, /** @type {Span} */ b) =>
        a.started - b.started || a.process.localeCompare(b.process) || a.id.localeCompare(b.id),
    ),
  };
}

/**
 * @param {any} span
 * @param {any} process
 * @returns {Span}
 */
function parseSpan(span, process) {
  const parent = span.references.find((/** @type {any} */ each) => each.refType === "CHILD_OF");
  const links = span.references.filter((/** @type {any} */ each) => each.refType === "FOLLOWS_FROM");
  return {
    id: span.spanID,
    parent: parent?.spanID ?? null,
    process: process.serviceName,
    instance: valuesOf(process.tags)["service.instance.id"] ?? "",
    name: span.operationName,
    started: span.startTime,
    duration: span.duration,
    attributes: valuesOf(span.tags),
    links: links.map((/** @type {any} */ each) => ({ trace: each.traceID, span: each.spanID })),
  };
}

/**
 * @param {{key: string, value: any}[]} tags
 * @returns {Record<string, any>}
 */
function valuesOf(tags) {
  return Object.fromEntries(tags.map(({ key, value }) => [key, value]));
}
