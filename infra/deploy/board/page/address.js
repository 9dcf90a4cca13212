/**
 * What the page shows stands in its address, so that a link shows the same to somebody else:
 * `#/endpoint-breakdown?from=now-1h&to=now&var-handler=/api/ventes/&viewPanel=2`, by Grafana's names.
 *
 * @typedef {object} Address
 * @property {string} view a dashboard's uid, `processes`, `slow` or `trace`
 * @property {string} trace the id of the trace that `trace` shows
 * @property {string} from
 * @property {string} to
 * @property {string} refresh
 * @property {string} route the endpoint that `slow` lists; empty for all
 * @property {string} order what `slow` lists: `slowest`, `newest` or `failed`
 * @property {string} tag `name=value`: `slow` lists the traces that have it
 * @property {number | null} panel the panel that is shown alone
 * @property {Record<string, string[]>} variables the chosen values; none means all
 */

export const HOME = "golden-signals";
const VARIABLE = "var-";
const DEFAULTS = { from: "now-15m", to: "now", refresh: "5s", order: "slowest", route: "", tag: "" };

/**
 * Return what a fragment such as `#/capacity?from=now-1h` asks for.
 *
 * @param {string} fragment
 * @returns {Address}
 */
export function parse(fragment) {
  const [path, query] = fragment.replace(/^#?\/?/, "").split("?", 2);
  const [view, trace] = path.split("/");
  const given = new URLSearchParams(query);
  /** @type {Record<string, string[]>} */
  const variables = {};
  for (const [name, value] of given) {
    if (name.startsWith(VARIABLE)) (variables[name.slice(VARIABLE.length)] ??= []).push(value);
  }
  return {
    view: view || HOME,
    trace: trace ?? "",
    from: given.get("from") ?? DEFAULTS.from,
    to: given.get("to") ?? DEFAULTS.to,
    refresh: given.get("refresh") ?? DEFAULTS.refresh,
    route: given.get("route") ?? DEFAULTS.route,
    order: given.get("order") ?? DEFAULTS.order,
    tag: given.get("tag") ?? DEFAULTS.tag,
    panel: Number(given.get("viewPanel")) || null,
    variables,
  };
}

/**
 * Return the fragment of an address; what is as usual is left out.
 *
 * @param {Address} address
 */
export function format(address) {
  const query = new URLSearchParams();
  for (const name of /** @type {const} */ (["from", "to", "refresh", "order", "route", "tag"])) {
    if (address[name] !== DEFAULTS[name]) query.set(name, address[name]);
  }
  if (address.panel) query.set("viewPanel", String(address.panel));
  for (const [name, values] of Object.entries(address.variables)) {
    for (const value of values) query.append(VARIABLE + name, value);
  }
  const path = address.trace ? `${address.view}/${address.trace}` : address.view;
  return `#/${path}${query.size ? `?${query}` : ""}`;
}

/**
 * Return the fragment of another view for the same period, with the same variables.
 *
 * @param {Address} address
 * @param {string} view
 * @param {string} trace
 */
export function linkTo(address, view, trace = "") {
  return format({ ...address, view, trace, panel: null });
}
