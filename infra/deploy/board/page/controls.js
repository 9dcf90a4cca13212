/** The bar: which view, which period, how often, light or dark. */

import { linkTo } from "./address.js";
import { chosenIn, fill, h } from "./dom.js";
import { describe, PERIODS, REFRESHES } from "./period.js";

/** @typedef {import("./address.js").Address} Address */
/** @typedef {import("./main.js").Page} Page */

const FURTHER = [
  { uid: "slow", title: "Slow requests" },
  { uid: "processes", title: "Processes" },
];
/** Where the alerts are listed. */
const ALERTS = "processes";
const CUSTOM = "custom";
const THEME = "comptoir.theme";

/**
 * @param {Element} element
 * @param {{uid: string, title: string}[]} dashboards
 * @param {Page} page
 */
export function showTabs(element, dashboards, page) {
  const { address } = page;
  const own = [...dashboards, ...FURTHER].map(({ uid, title }) =>
    h(
      "a",
      { href: linkTo(address, uid), class: uid === address.view ? "on" : "" },
      title,
      uid === ALERTS && page.firing > 0 && h("b", { title: "Alerts that fire" }, page.firing),
    ),
  );
  const elsewhere = [
    h("a", { href: page.graphPage, target: "_blank" }, "Prometheus ↗"),
    page.hasJaegerInterface && h("a", { href: page.jaeger.url, target: "_blank" }, "Jaeger ↗"),
  ];
  fill(element, ...own, ...elsewhere);
}

/**
 * Offer what has an effect on the open view.
 *
 * @param {Element} element
 * @param {Page} page
 * @param {import("./main.js").Uses} uses
 */
export function showPeriod(element, page, { hasPeriod, isLive }) {
  fill(
    element,
    ...(hasPeriod ? periodChoice(page) : []),
    isLive && refreshChoice(page),
    h("button", { title: "Light or dark", onclick: () => switchTheme(page) }, "◐"),
  );
}

/** @param {Page} page */
function periodChoice(page) {
  const { from, to } = page.address;
  const isListed = to === "now" && from in PERIODS;
  const periods = Object.entries(PERIODS).map(([value, title]) =>
    h("option", { value, selected: isListed && value === from }, title),
  );
  const custom = isListed ? [] : [h("option", { value: CUSTOM, selected: true }, describe(from, to))];
  return [
    h("button", { title: "Twice the period", onclick: () => page.zoomOut() }, "−"),
    h(
      "select",
      {
        title: "Period; drag across a chart to choose another",
        onchange: (/** @type {Event} */ event) => page.go({ ...page.address, from: chosenIn(event), to: "now" }),
      },
      ...custom,
      ...periods,
    ),
  ];
}

/** @param {Page} page */
function refreshChoice(page) {
  const { refresh } = page.address;
  return h(
    "select",
    {
      title: "Refresh",
      onchange: (/** @type {Event} */ event) => page.go({ ...page.address, refresh: chosenIn(event) }),
    },
    ...Object.entries(REFRESHES).map(([value, title]) => h("option", { value, selected: value === refresh }, title)),
  );
}

/** Show the theme that was chosen last; without a choice the browser's. */
export function restoreTheme() {
  document.documentElement.dataset.theme =
    localStorage.getItem(THEME) ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

/** @param {Page} page */
function switchTheme(page) {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  localStorage.setItem(THEME, theme);
  document.documentElement.dataset.theme = theme;
  page.draw();
}
