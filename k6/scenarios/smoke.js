// Smoke: a few visits of each kind; every answer must be the expected one.
import { NOTHING_SHED } from "../lib/answers.js";
import { arrivals, COMMON, rate, seconds } from "../lib/bounds.js";
import { NOTHING_ABANDONED } from "../lib/till.js";
export { prepareChain as setup } from "../lib/chain.js";
export { visitOfEachKind } from "../lib/visits.js";

export const options = {
  ...COMMON,
  scenarios: { smoke: arrivals("visitOfEachKind", rate(2), seconds(5)) },
  thresholds: {
    ...NOTHING_SHED,
    ...NOTHING_ABANDONED,
    checks: ["rate==1"],
    http_req_failed: ["rate==0"],
    sales_accepted: ["count>0"],
  },
};
