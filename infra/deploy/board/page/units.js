/** Values as people read them, by Grafana's names of units. */

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

/** @type {[number, string][]} largest first */
const TIMES = [
  [DAY, "d"],
  [HOUR, "h"],
  [MINUTE, "min"],
  [1, "s"],
  [1e-3, "ms"],
  [1e-6, "µs"],
  [1e-9, "ns"],
];
/** @type {[number, string][]} */
const BYTES = [
  [2 ** 40, "TiB"],
  [2 ** 30, "GiB"],
  [2 ** 20, "MiB"],
  [2 ** 10, "KiB"],
  [1, "B"],
];
/** @type {[number, string][]} */
const THOUSANDS = [
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
  [1, ""],
];
/** @type {Record<string, string>} */
const RATES = { reqps: "req/s", eps: "ev/s", ops: "op/s" };

/**
 * Return a value with its unit: `4.21 ms`, `1.5 k`, `12.3 %`.
 *
 * @param {number | null | undefined} value
 * @param {string} [unit] Grafana's name of the unit
 */
export function format(value, unit = "short") {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
  if (unit === "s") return scale(value, TIMES, " ", "0 s");
  if (unit === "bytes") return scale(value, BYTES, " ", "0 B");
  if (unit === "percentunit") return `${digits(value * 100)} %`;
  const number = scale(value, THOUSANDS, "", "0");
  return unit in RATES ? `${number} ${RATES[unit]}` : number;
}

/**
 * Return the moment of a point with its date, as a tooltip shows it.
 *
 * @param {number} seconds since 1970
 */
export function formatTime(seconds) {
  const date = new Date(seconds * 1000);
  const clock = date.toLocaleTimeString(undefined, { hour12: false });
  return isToday(date) ? clock : `${date.toLocaleDateString()} ${clock}`;
}

/** @param {Date} date */
function isToday(date) {
  return date.toDateString() === new Date().toDateString();
}

/**
 * @param {number} value
 * @param {[number, string][]} sizes
 * @param {string} space
 * @param {string} zero
 */
function scale(value, sizes, space, zero) {
  if (value === 0) return zero;
  const smallest = sizes[sizes.length - 1];
  const [size, name] = sizes.find(([each]) => Math.abs(value) >= each * 0.9995) ?? smallest;
  return `${digits(value / size)}${space}${name}`.trimEnd();
}

/**
 * Return three significant digits, without an exponent.
 *
 * @param {number} value
 */
function digits(value) {
  return Math.abs(value) >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
