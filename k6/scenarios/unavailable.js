// Unavailable: PostgreSQL freezes, stops and starts again under load. This script logs when;
// `make load` reads the log and acts.
import exec from "k6/execution";
import { KEPT_PROMISES } from "../lib/answers.js";
import { arrivals, COMMON, rate, seconds } from "../lib/bounds.js";
import { counted, mark, stepwise, total } from "../lib/phases.js";
import { NOTHING_ABANDONED } from "../lib/till.js";
import { readAnything, sellForSure } from "../lib/visits.js";
export { prepareChain as setup } from "../lib/chain.js";
export { readAnything };

const perSecond = rate(20);
const each = Math.max(3, Math.round(seconds(48) / 6));
// Tills that retry while PostgreSQL starts are served in `back`; `after` is as `before`.
const LASTING = { before: each, frozen: each, stopped: each, back: 2 * each, after: each };
const PHASES = Object.entries(LASTING).map(([name, lasting]) => ({
  name,
  rate: perSecond,
  seconds: lasting,
}));
const announced = ["frozen", "stopped", "back"];

function director(name) {
  return {
    executor: "per-vu-iterations",
    exec: "announce",
    vus: 1,
    iterations: 1,
    startTime: `${each * PHASES.findIndex((phase) => phase.name === name)}s`,
  };
}

export const options = {
  ...COMMON,
  scenarios: {
    tills: stepwise("tills", PHASES),
    readers: arrivals("readAnything", 5, total(PHASES)),
    ...Object.fromEntries(announced.map((name) => [name, director(name)])),
  },
  thresholds: {
    ...KEPT_PROMISES,
    ...NOTHING_ABANDONED,
    ...counted(PHASES),
    checks: ["rate==1"],
    "requests_shed{phase:before}": ["count==0"],
    "requests_shed{phase:after}": ["count==0"],
  },
};

export function announce() {
  console.info(`database: ${exec.scenario.name}`);
}

export function tills(chain) {
  sellForSure(chain, () => mark(PHASES));
}
