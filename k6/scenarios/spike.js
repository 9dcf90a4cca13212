// Spike: ten times the visitors at once, then the usual rate again. Tills retry until served.
import { KEPT_PROMISES } from "../lib/answers.js";
import { COMMON, rate, seconds } from "../lib/bounds.js";
import { counted, mark, stepwise } from "../lib/phases.js";
import { NOTHING_ABANDONED } from "../lib/till.js";
import { visit } from "../lib/visits.js";
export { prepareChain as setup } from "../lib/chain.js";

const TIMES = 10;
const usual = rate(30);
const each = Math.max(1, Math.round(seconds(40) / 4));
const PHASES = [
  { name: "before", rate: usual, seconds: each },
  { name: "peak", rate: TIMES * usual, seconds: each },
  { name: "ebb", rate: usual, seconds: each },
  { name: "after", rate: usual, seconds: each },
];

export const options = {
  ...COMMON,
  scenarios: { visitors: stepwise("visitors", PHASES) },
  thresholds: {
    ...KEPT_PROMISES,
    ...NOTHING_ABANDONED,
    ...counted(PHASES),
    checks: ["rate==1"],
    "requests_shed{phase:before}": ["count==0"],
    "requests_shed{phase:after}": ["count==0"],
  },
};

export function visitors(chain) {
  visit(chain, () => mark(PHASES));
}
