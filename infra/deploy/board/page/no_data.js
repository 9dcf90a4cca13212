/** Why a panel draws nothing, in a sentence. */

import { metricsIn } from "./dashboards.js";
import { query } from "./prometheus.js";

/**
 * Say why the expressions have no value in a period: nobody has sent the metric, or it is there and
 * nothing happened.
 *
 * @param {string[]} expressions
 * @param {{from: number, to: number, isLive: boolean}} period
 * @param {AbortSignal} signal
 */
export async function explain(expressions, period, signal) {
  const metrics = [...new Set(expressions.flatMap(metricsIn))];
  const missing = [];
  for (const metric of metrics) {
    if (!(await wasSeen(metric, period, signal))) missing.push(metric);
  }
  return tell(metrics, missing);
}

/**
 * @param {string[]} metrics
 * @param {string[]} missing
 */
export function tell(metrics, missing) {
  if (missing.length === 0) {
    return `${metrics.join(" and ")} ${metrics.length > 1 ? "were" : "was"} measured, but had nothing to show in this period: no request, no event, or none of the chosen kind. A rate begins ten seconds after the first.`;
  }
  if (missing.every((metric) => metric.includes(":"))) {
    return `Prometheus has not computed ${missing.join(" or ")} in this period. It begins some 20 s after the first request.`;
  }
  const hint = missing.some((metric) => metric.startsWith("k6_"))
    ? "k6 sends it while make load runs."
    : "Do the processes answer? A counter of rare events begins with the first one.";
  return `Nobody has sent ${missing.join(" or ")} in this period. ${hint}`;
}

/**
 * @param {string} metric
 * @param {{from: number, to: number}} period
 * @param {AbortSignal} signal
 */
async function wasSeen(metric, { from, to }, signal) {
  const seconds = Math.ceil(to - from);
  const found = await query(`count(present_over_time(${metric}[${seconds}s] @ ${to}))`, signal);
  return found.length > 0;
}
