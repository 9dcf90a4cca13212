/**
 * The period that charts show, and how finely.
 *
 * @typedef {object} Period
 * @property {number} from seconds since 1970
 * @property {number} to
 * @property {boolean} isLive whether it ends now
 */

import { formatTime } from "./units.js";

/** As in prometheus.yml; a shorter step would draw gaps. */
export const SCRAPE_SECONDS = 5;
const SECONDS = { s: 1, m: 60, h: 3600, d: 86400 };
const STEPS = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400];
/** A chart is some 700 pixels wide: more points would not be seen. */
const MOST_POINTS = 240;

export const PERIODS = {
  "now-5m": "Last 5 minutes",
  "now-15m": "Last 15 minutes",
  "now-30m": "Last 30 minutes",
  "now-1h": "Last hour",
  "now-3h": "Last 3 hours",
  "now-6h": "Last 6 hours",
  "now-12h": "Last 12 hours",
  "now-1d": "Last 24 hours",
  "now-7d": "Last 7 days",
};
export const REFRESHES = {
  off: "Refresh: off",
  "5s": "Every 5 s",
  "10s": "Every 10 s",
  "30s": "Every 30 s",
  "1m": "Every minute",
};

/**
 * Return the seconds of a duration such as `15m`; 0 when it is none.
 *
 * @param {string} duration
 */
export function secondsOf(duration) {
  const match = /^(\d+)([smhd])$/.exec(duration);
  return match ? Number(match[1]) * SECONDS[/** @type {"s"|"m"|"h"|"d"} */ (match[2])] : 0;
}

/**
 * Return the moment of `now`, `now-15m` or milliseconds since 1970.
 *
 * @param {string} moment
 * @param {number} now seconds since 1970
 */
function secondsAt(moment, now) {
  return moment.startsWith("now") ? now - secondsOf(moment.slice(4)) : Number(moment) / 1000;
}

/**
 * Return the period between two moments; the default when they are not in order.
 *
 * @param {string} from
 * @param {string} to
 * @param {number} now seconds since 1970
 * @returns {Period}
 */
export function resolve(from, to, now) {
  const period = { from: secondsAt(from, now), to: secondsAt(to, now), isLive: to === "now" };
  return period.from < period.to ? period : { from: now - 900, to: now, isLive: true };
}

/**
 * Return the distance of two points, in seconds.
 *
 * @param {Period} period
 */
export function stepOf({ from, to }) {
  const wanted = (to - from) / MOST_POINTS;
  return STEPS.find((step) => step >= wanted) ?? STEPS[STEPS.length - 1];
}

/**
 * Return the moments of a period's points: multiples of the step, so that a chart that goes on
 * asks for the same points again.
 *
 * @param {Period} period
 * @param {number} step
 */
export function pointsOf({ from, to }, step) {
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, i) => (first + i) * step);
}

/**
 * Return the period as a person reads it.
 *
 * @param {string} from
 * @param {string} to
 */
export function describe(from, to) {
  if (to === "now" && from in PERIODS) return PERIODS[/** @type {keyof PERIODS} */ (from)];
  const told = [from, to].map((each) => (each.startsWith("now") ? each : formatTime(Number(each) / 1000)));
  return told.join(" to ");
}
