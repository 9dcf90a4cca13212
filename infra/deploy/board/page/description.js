/** Descriptions of panels: where they name another dashboard, they lead there. */

import { linkTo } from "./address.js";
import { h } from "./dom.js";

/** @typedef {import("./address.js").Address} Address */
/** @typedef {{uid: string, title: string}} Named */

/** What `Runbook: ` or `Runbooks: One, ` stands before. */
const RUNBOOK = "(?<=[Rr]unbooks?:? (?:\\w+, )*)[A-Z]\\w+";

/**
 * Return a text in parts. `uid` is the view that a part names, `runbook` the runbook.
 *
 * @param {string} text
 * @param {Named[]} dashboards
 * @returns {{text: string, uid: string, runbook: string}[]}
 */
export function partsOf(text, dashboards) {
  const uids = new Map(dashboards.map(({ uid, title }) => [title, uid]));
  uids.set("`make slow`", "slow");
  const names = [...uids.keys()].sort((a, b) => b.length - a.length).join("|");
  const parts = text.split(new RegExp(`(${RUNBOOK}|(?<!\\w)(?:${names})(?!\\w))`));
  // What matched stands at each second place.
  return parts
    .map((part, i) => ({
      text: part,
      uid: (i % 2 && uids.get(part)) || "",
      runbook: i % 2 && !uids.has(part) ? part : "",
    }))
    .filter(({ text: part }) => part);
}

/** @param {string} alert */
export function runbookOf(alert) {
  return `docs/runbooks/${alert}.md`;
}

/**
 * @param {string} text
 * @param {Named[]} dashboards
 * @param {Address} address
 */
export function described(text, dashboards, address) {
  return partsOf(text, dashboards).map(({ text: quoted, uid, runbook }) => {
    const part = quoted.replaceAll("`", "");
    if (runbook) return h("a", { href: runbookOf(runbook), target: "_blank" }, part);
    return uid && uid !== address.view ? h("a", { href: linkTo(address, uid) }, part) : part;
  });
}
