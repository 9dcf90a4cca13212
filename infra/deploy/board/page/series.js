/**
 * From Prometheus' answers to what charts draw.
 *
 * @typedef {Record<string, string>} Labels
 * @typedef {{metric: Labels, values: [number, string][]}} Matrix one series of a range query
 * @typedef {(number | null)[]} Points
 * @typedef {{name: string, points: Points}} Line
 * @typedef {{name: string, place: number, last: number | null, max: number | null}} Entry a line in the legend; `place` is the line's among all
 * @typedef {{timestamp: number, value: number, trace: string}} Exemplar
 */

/**
 * Return the values at `moments`; null where there is none.
 *
 * @param {[number, string][]} values
 * @param {number[]} moments
 * @returns {Points}
 */
export function align(values, moments) {
  const known = new Map(values.map(([moment, value]) => [moment, Number(value)]));
  return moments.map((moment) => {
    const value = known.get(moment);
    return value === undefined || !Number.isFinite(value) ? null : value;
  });
}

/**
 * Return the name of a series by a format such as `{{job}} {{instance}}`.
 *
 * @param {string} format
 * @param {Labels} labels
 */
export function nameOf(format, labels) {
  if (format) return format.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => labels[label] ?? "").trim() || "none";
  const { __name__: metric = "", ...others } = labels;
  const told = Object.entries(others).map(([label, value]) => `${label}="${value}"`);
  return told.length ? `${metric}{${told.join(", ")}}` : metric || "value";
}

/** Numbers in names count as numbers: store 7 comes before store 10. */
const NAMES = new Intl.Collator("en", { numeric: true });

/**
 * Return the series of an expression as lines, in the order of their names.
 *
 * @param {Matrix[]} series
 * @param {string} format
 * @param {number[]} moments
 * @returns {Line[]}
 */
export function linesOf(series, format, moments) {
  return series
    .map(({ metric, values }) => ({ name: nameOf(format, metric), points: align(values, moments) }))
    .sort((a, b) => NAMES.compare(a.name, b.name));
}

/**
 * Return the last value and the largest one; null when there is no value.
 *
 * @param {Points} points
 */
export function summarise(points) {
  const values = points.filter((value) => value !== null);
  if (!values.length) return { last: null, max: null };
  return { last: values[values.length - 1], max: values.reduce((a, b) => Math.max(a, b)) };
}

/**
 * Return the entries of a legend, in the order of the lines or with the largest value first.
 *
 * @param {Line[]} lines
 * @param {boolean} isLargestFirst
 * @returns {Entry[]}
 */
export function entriesOf(lines, isLargestFirst) {
  const entries = lines.map(({ name, points }, place) => ({ name, place, ...summarise(points) }));
  if (!isLargestFirst) return entries;
  const size = (/** @type {Entry} */ { max }) => max ?? -Number.MAX_VALUE;
  return entries.sort((a, b) => size(b) - size(a));
}

/**
 * Return each line with all former ones below it; a moment at which no line has a value stays empty.
 *
 * @param {Points[]} lines
 * @returns {Points[]}
 */
export function stack(lines) {
  /** @type {Points} */
  let below = [];
  return lines.map((points) => {
    below = points.map((value, i) => {
      const former = below[i] ?? null;
      return value === null && lines.every((line) => line[i] === null) ? null : (value ?? 0) + (former ?? 0);
    });
    return below;
  });
}

/**
 * @typedef {object} Cells counts by bucket (outer) and moment (inner)
 * @property {number[]} bounds the upper bounds of the buckets, ascending
 * @property {number[][]} counts
 * @property {number} most
 */

/**
 * Return what falls into each bucket of a histogram; Prometheus counts all smaller ones too.
 *
 * @param {Matrix[]} buckets
 * @param {number[]} moments
 * @returns {Cells}
 */
export function cellsOf(buckets, moments) {
  const ordered = buckets
    .map(({ metric, values }) => ({
      bound: Number(metric.le.replace("+Inf", "Infinity")),
      points: align(values, moments),
    }))
    .sort((a, b) => a.bound - b.bound);
  const counts = ordered.map(({ points }, i) =>
    points.map((value, at) => Math.max(0, (value ?? 0) - ((i && ordered[i - 1].points[at]) || 0))),
  );
  return { bounds: ordered.map(({ bound }) => bound), counts, most: Math.max(0, ...counts.flat()) };
}

/**
 * Return the highest exemplar of each stretch of time: diamonds on top of each other help nobody.
 *
 * @param {Exemplar[]} exemplars
 * @param {number} stretch seconds
 */
export function thinOut(exemplars, stretch) {
  /** @type {Map<number, Exemplar>} */
  const highest = new Map();
  for (const each of exemplars) {
    const cell = Math.floor(each.timestamp / stretch);
    const known = highest.get(cell);
    if (!known || each.value > known.value) highest.set(cell, each);
  }
  return [...highest.values()].sort((a, b) => a.timestamp - b.timestamp);
}
