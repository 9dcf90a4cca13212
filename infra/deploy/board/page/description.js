/** Descriptions of panels: where they name another dashboard, they lead there. */

import { linkTo } from "./address.js";
import { h } from "./dom.js";

/** @typedef {import("./address.js").Address} Address */
/** @typedef {{uid: string, title: string}} Named */

/**
 * Return a text in parts; `uid` is the dashboard that a part names.
 *
 * @param {string} text
 * @param {Named[]} dashboards
 * @returns {{text: string, uid: string}[]}
 */
export function partsOf(text, dashboards) {
  const uids = new Map(dashboards.map(({ uid, title }) => [title, uid]));
  uids.set("`make slow`", "slow");
  const names = [...uids.keys()].sort((a, b) => b.length - a.length).join("|");
  return text
    .split(new RegExp(`(?<!\\w)(${names})(?!\\w)`))
    .filter(Boolean)
    .map((part) => ({ text: part, uid: uids.get(part) ?? "" }));
}

/**
 * @param {string} text
 * @param {Named[]} dashboards
 * @param {Address} address
 */
export function described(text, dashboards, address) {
  return partsOf(text, dashboards).map(({ text: part, uid }) => (uid && uid !== address.view ? h("a", { href: linkTo(address, uid) }, part) : part));
}
