/**
 * A trace as rows: children below their parents, in the order of their start.
 *
 * @typedef {import("./jaeger.js").Span} Span
 * @typedef {import("./jaeger.js").Trace} Trace
 * @typedef {{span: Span, depth: number, left: number, width: number, isWait: boolean, failure: string}} Row `left` and `width` are shares of the trace
 */

/** Spans during which nobody computes: something else is waited for; `sql` is another's statement. */
const WAITS = ["outbox wait", "kafka wait", "batch wait", "wait", "pool", "queue", "sql"];
export const STATEMENT = "db.query.text";
/** Statements that took a larger share of the trace are shown with their text. */
const LARGE = 0.1;

/** @param {Trace} trace */
export function spanOf({ spans }) {
  const started = Math.min(...spans.map((span) => span.started));
  const ended = Math.max(...spans.map((span) => span.started + span.duration));
  return { started, duration: Math.max(1, ended - started) };
}

/**
 * @param {Trace} trace
 * @returns {Row[]}
 */
export function rowsOf(trace) {
  const { started, duration } = spanOf(trace);
  return inOrder(trace.spans).map(({ span, depth }) => ({
    span,
    depth,
    left: (span.started - started) / duration,
    width: span.duration / duration,
    isWait: WAITS.includes(span.name),
    failure: failureOf(span),
  }));
}

/**
 * Return the spans that took much of the trace and have a statement's text, the longest first.
 *
 * @param {Trace} trace
 */
export function largeStatements(trace) {
  const { duration } = spanOf(trace);
  return trace.spans
    .filter((span) => STATEMENT in span.attributes && span.duration > LARGE * duration)
    .sort((a, b) => b.duration - a.duration);
}

/**
 * Return the name of each span's process: its service, and its instance where the service has
 * several in this trace. They come in the order in which they take part.
 *
 * @param {Trace} trace
 * @returns {Map<Span, string>}
 */
export function processesOf({ spans }) {
  /** @type {Map<string, Set<string>>} */
  const instances = new Map();
  for (const { process, instance } of spans)
    instances.set(process, (instances.get(process) ?? new Set()).add(instance));
  const isAlone = (/** @type {string} */ process) => (instances.get(process)?.size ?? 0) < 2;
  return new Map(
    spans.map((span) => [span, isAlone(span.process) ? span.process : `${span.process} ${span.instance}`]),
  );
}

/** What PostgreSQL's codes mean that a slow request meets. */
const MEANINGS = new Map([
  ["55P03", "another session held a lock"],
  ["57014", "it ran into the time limit"],
]);

/** @param {Span} span */
function failureOf(span) {
  if (!span.attributes.error) return "";
  const told = String(span.attributes["error.type"] ?? span.attributes["otel.status_description"] ?? "error");
  const meaning = MEANINGS.get(told);
  return meaning ? `${told}: ${meaning}` : told;
}

/**
 * @param {Span[]} spans
 * @returns {{span: Span, depth: number}[]}
 */
function inOrder(spans) {
  const known = new Set(spans.map((span) => span.id));
  /** @type {Map<string | null, Span[]>} */
  const children = new Map();
  for (const span of spans) {
    // Children of a span that is not in the trace, such as the caller's, become roots.
    const parent = span.parent !== null && known.has(span.parent) ? span.parent : null;
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  /**
   * @param {string | null} parent
   * @param {number} depth
   * @returns {{span: Span, depth: number}[]}
   */
  const below = (parent, depth) =>
    (children.get(parent) ?? []).flatMap((span) => [{ span, depth }, ...below(span.id, depth + 1)]);
  return below(null, 0);
}
