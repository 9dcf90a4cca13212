/** Which requests are listed: by order, by endpoint, by a tag; or one trace by its id. */

import { chosenIn, h } from "./dom.js";

/** @typedef {import("./main.js").Page} Page */

const ORDERS = { slowest: "The slowest", newest: "The newest", failed: "The failed" };
const TRACE = /^[0-9a-f]{32}$/;

/**
 * @param {Page} page
 * @param {string[]} routes
 */
export function requestSearch(page, routes) {
  const { address } = page;
  const field = h("input", {
    type: "search",
    value: address.tag,
    size: 34,
    placeholder: "trace id, or tag=value",
    title: "Such as http.response.status_code=409 or error.type=55P03",
  });
  const search = (/** @type {Event} */ event) => {
    event.preventDefault();
    const wanted = field.value.trim();
    if (TRACE.test(wanted)) page.go({ ...page.address, view: "trace", trace: wanted });
    else if (wanted === page.address.tag) page.draw();
    else page.go({ ...page.address, tag: wanted });
  };
  return [
    h(
      "select",
      {
        title: "Which requests",
        onchange: (/** @type {Event} */ event) => page.go({ ...page.address, order: chosenIn(event), tag: "" }),
      },
      ...Object.entries(ORDERS).map(([value, title]) =>
        h("option", { value, selected: value === address.order }, title),
      ),
    ),
    h(
      "select",
      {
        title: "Endpoint",
        onchange: (/** @type {Event} */ event) => page.go({ ...page.address, route: chosenIn(event) }),
      },
      h("option", { value: "" }, "route: all"),
      ...routes.map((route) => h("option", { value: route, selected: route === address.route }, route)),
    ),
    h("form", { onsubmit: search }, field, h("button", {}, "Search")),
  ];
}
