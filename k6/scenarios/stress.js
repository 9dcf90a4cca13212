// Stress: sales arrive ever faster, to the knee and beyond it; then the rate of the first step.
// Who is refused leaves, so the arrivals stay what they are and the excess is seen as shed.
import { KEPT_PROMISES } from "../lib/answers.js";
import { arrivals, COMMON, rate, seconds } from "../lib/bounds.js";
import { counted, mark, stepwise, total } from "../lib/phases.js";
import { readAnything, sellOnce } from "../lib/visits.js";
export { prepareChain as setup } from "../lib/chain.js";
export { readAnything };

const STEPS = 6;
const top = rate(1600);
const each = Math.max(1, Math.round(seconds(64) / (STEPS + 2)));
const climb = Array.from({ length: STEPS }, (_, step) => {
  const arriving = Math.max(1, Math.round(top / 2 ** (STEPS - 1 - step)));
  return { name: `${arriving}-a-second`, rate: arriving, seconds: each };
});
const calm = { rate: climb[0].rate, seconds: each };
// Those who wait are served or refused within the first; all is as before in the second.
const PHASES = [...climb, { ...calm, name: "ebb" }, { ...calm, name: "after" }];

export const options = {
  ...COMMON,
  scenarios: {
    tills: stepwise("tills", PHASES),
    readers: arrivals("readAnything", 5, total(PHASES)),
  },
  thresholds: {
    ...KEPT_PROMISES,
    ...counted(PHASES),
    checks: ["rate==1"],
    "sales_accepted{phase:after}": ["count>0"],
    "requests_shed{phase:after}": ["count==0"],
  },
};

export function tills(chain) {
  sellOnce(chain, () => mark(PHASES));
}
