/** The axes of a chart: times below, values with their unit on the left. */

import { format } from "./units.js";

/** @typedef {import("../uplot/uPlot.esm.js")} Plot */
/** @typedef {ReturnType<typeof import("./colours.js").themeOf>} Theme */

const AXIS_WIDTH = 64;
/** Seconds between two labels of time. */
const TICKS = [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];
/** Steps between bytes: 1 to 2⁵⁰. */
const BINARY = Array.from({ length: 51 }, (_, power) => 2 ** power);

/**
 * @param {Theme} theme
 * @returns {import("../uplot/uPlot.esm.js").Axis}
 */
export function timeAxis(theme) {
  return { ...styleOf(theme), size: 28, space: roomOfTick, incrs: TICKS, values: formatTicks };
}

/**
 * @param {Theme} theme
 * @param {string} unit
 * @param {[number, number] | null} decadesOf the bounds of a heatmap, which has a label per decade
 * @returns {import("../uplot/uPlot.esm.js").Axis}
 */
export function valueAxis(theme, unit, decadesOf) {
  return {
    ...styleOf(theme),
    size: AXIS_WIDTH,
    values: (_, values) => values.map((value) => (value === null ? "" : format(value, unit))),
    ...(unit === "bytes" ? { incrs: BINARY } : {}),
    ...(decadesOf ? { splits: () => decades(decadesOf) } : {}),
  };
}

/** @param {Theme} theme */
function styleOf(theme) {
  return { stroke: theme.text, grid: { stroke: theme.grid, width: 1 }, ticks: { show: false }, font: "11px system-ui" };
}

/**
 * @param {[number, number]} bounds
 * @returns {number[]}
 */
function decades([least, most]) {
  const all = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000, 1e4, 1e5, 1e6];
  return all.filter((each) => each >= least && each <= most);
}

/**
 * Return the pixels that a label of time needs: more where it tells seconds.
 *
 * @param {Plot} _
 * @param {number} _axis
 * @param {number} from
 * @param {number} to
 * @param {number} width
 */
function roomOfTick(_, _axis, from, to, width) {
  return ((to - from) / width) * 44 < 60 ? 66 : 44;
}

/**
 * @param {Plot} _
 * @param {number[]} moments
 */
function formatTicks(_, moments) {
  const step = moments.length > 1 ? moments[1] - moments[0] : 60;
  /** @type {Intl.DateTimeFormatOptions} */
  const clock = { hour: "2-digit", minute: "2-digit", hour12: false, ...(step < 60 ? { second: "2-digit" } : {}) };
  /** @type {Intl.DateTimeFormatOptions} */
  const day = { day: "numeric", month: "short" };
  return moments.map((moment) => new Date(moment * 1000).toLocaleString(undefined, step < 86400 ? clock : day));
}
