/**
 * The dashboards: Grafana's own files, read as they are.
 *
 * @typedef {import("./variables.js").Variable} Variable
 * @typedef {{expr: string, legendFormat: string, exemplar: boolean}} Target
 *
 * @typedef {object} Panel
 * @property {number} id
 * @property {string} title
 * @property {string} description
 * @property {string} unit
 * @property {boolean} isHeatmap
 * @property {boolean} isStacked
 * @property {boolean} isLargestFirst the legend's order: else by name
 * @property {{x: number, y: number, w: number, h: number}} place columns of 24, rows
 * @property {Target[]} targets
 *
 * @typedef {{uid: string, title: string, description: string, variables: Variable[], panels: Panel[], linked: {uid: string, title: string}[]}} Dashboard
 */

const KINDS = ["timeseries", "heatmap"];

/**
 * Read a dashboard by its uid.
 *
 * @param {string} uid
 */
export async function readDashboard(uid) {
  const response = await fetch(`dashboards/${encodeURIComponent(uid)}.json`, { cache: "no-cache" });
  if (!response.ok) throw new Error(`There is no dashboard ${uid}.`);
  return parseDashboard(await response.json());
}

/**
 * Return what the page needs of Grafana's JSON; a panel of an unknown kind is an error.
 *
 * @param {any} json
 * @returns {Dashboard}
 */
export function parseDashboard(json) {
  return {
    uid: json.uid,
    title: json.title,
    description: json.description ?? "",
    variables: json.templating?.list ?? [],
    panels: json.panels.map(parsePanel),
    linked: (json.links ?? []).map((/** @type {any} */ link) => ({
      uid: link.url.split("/").pop(),
      title: link.title,
    })),
  };
}

/**
 * @param {any} json
 * @returns {Panel}
 */
function parsePanel(json) {
  if (!KINDS.includes(json.type))
    throw new Error(`${json.title}: the board draws ${KINDS.join(" and ")}, not ${json.type}`);
  const { unit, custom } = json.fieldConfig?.defaults ?? {};
  const { sortBy, sortDesc } = json.options?.legend ?? {};
  return {
    id: json.id,
    title: json.title,
    description: json.description ?? "",
    unit: unit ?? json.options?.yAxis?.unit ?? "short",
    isHeatmap: json.type === "heatmap",
    isStacked: custom?.stacking?.mode === "normal",
    isLargestFirst: sortBy === "Max" && sortDesc === true,
    place: json.gridPos,
    targets: json.targets,
  };
}

/**
 * Return the metrics that an expression asks for: what is neither function, keyword, label nor text.
 *
 * @param {string} expression
 * @returns {string[]}
 */
export function metricsIn(expression) {
  const bare = expression
    .replace(/"(?:[^"\\]|\\.)*"/g, "")
    .replace(/\{[^}]*\}|\[[^\]]*\]/g, " ")
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, " ");
  const words = bare.match(/(?<![\w.:])[a-zA-Z_:][\w:]*(?![\w:]|\s*\()/g) ?? [];
  return [...new Set(words.filter((word) => !["and", "or", "unless", "bool", "offset"].includes(word)))];
}
