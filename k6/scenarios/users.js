// Users: the original system's load scripts as they were: no user pauses, all have one key and one
// address. No limit of a key or of an address may refuse them.
import { NOTHING_SHED } from "../lib/answers.js";
import { COMMON, seconds } from "../lib/bounds.js";
import { changeProduct, readStock } from "../lib/head_office.js";
export { prepareChain as setup } from "../lib/chain.js";

const GROWING = [10, 30, 60, 100];
const part = Math.max(1, Math.round(seconds(90) / 3));
const step = Math.max(1, Math.round(part / GROWING.length));
const common = { gracefulStop: "60s" };

export const options = {
  ...COMMON,
  scenarios: {
    twenty: { ...common, executor: "constant-vus", exec: "read", vus: 20, duration: `${part}s` },
    changes: {
      ...common,
      executor: "constant-vus",
      exec: "change",
      vus: 10,
      duration: `${part}s`,
      startTime: `${part}s`,
    },
    hundred: {
      ...common,
      executor: "ramping-vus",
      exec: "read",
      startVUs: GROWING[0],
      stages: GROWING.map((target) => ({ target, duration: `${step}s` })),
      gracefulRampDown: "60s",
      startTime: `${2 * part}s`,
    },
  },
  thresholds: { ...NOTHING_SHED, checks: ["rate==1"], http_req_failed: ["rate==0"] },
};

export function read({ permissive }) {
  readStock(permissive[0]);
}

export function change({ permissive, products }) {
  changeProduct(products[0], { prix: 9.99, quantite_stock: 100, magasin_id: permissive[0] });
}
