// Stress: the rate of sales doubles in steps, beyond saturation; then the first rate again. A
// refused till gives up, so arrivals keep their rate and the excess is counted as shed.
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
// In `ebb`, waiting requests are served or refused. In `after`, nothing is refused any more.
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
