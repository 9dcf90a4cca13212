/**
 * Variables of a dashboard and of Grafana itself, in expressions of PromQL.
 *
 * @typedef {object} Variable
 * @property {string} name
 * @property {string} query such as `label_values(http_requests_total, handler)`
 * @property {string} allValue what stands for all values
 */

import { SCRAPE_SECONDS } from "./period.js";

/**
 * Return the metric and the label whose values a variable offers.
 *
 * @param {string} query
 */
export function parseQuery(query) {
  const match = /^label_values\(\s*(.+?)\s*,\s*(\w+)\s*\)$/.exec(query);
  if (!match) throw new Error(`the board understands label_values(metric, label) only, not ${query}`);
  return { metric: match[1], label: match[2] };
}

/**
 * Return the seconds over which a rate must look: four scrapes at least, as Grafana has it.
 *
 * @param {number} step
 */
export function rateInterval(step) {
  return Math.max(step + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS);
}

/**
 * Return an expression with the chosen values in the place of `$variables`.
 *
 * @param {string} expression
 * @param {Variable[]} variables
 * @param {Record<string, string[]>} chosen
 * @param {{step: number, from: number, to: number}} period
 */
export function substitute(expression, variables, chosen, { step, from, to }) {
  /** @type {Record<string, string>} */
  const values = {
    __rate_interval: `${rateInterval(step)}s`,
    __interval: `${step}s`,
    __range: `${Math.round(to - from)}s`,
  };
  for (const { name, allValue } of variables) {
    values[name] = alternatives(chosen[name] ?? [], allValue || ".*");
  }
  return expression.replace(
    /\$(?:\{(\w+)(?::\w+)?\}|(\w+))/g,
    (whole, braced, plain) => values[braced ?? plain] ?? whole,
  );
}

/**
 * Return a regular expression, inside PromQL's quotes, that matches one of the values.
 *
 * @param {string[]} values
 * @param {string} all
 */
function alternatives(values, all) {
  if (!values.length) return all;
  const escaped = values.map((value) =>
    value.replace(/[\\^$.|?*+()[\]{}"]/g, (sign) => (sign === '"' ? '\\"' : `\\\\${sign}`)),
  );
  return escaped.length === 1 ? escaped[0] : `(${escaped.join("|")})`;
}
