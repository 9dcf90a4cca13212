// Soak: the same rate of visits for up to two hours, to see whether anything grows.
import { NOTHING_SHED } from "../lib/answers.js";
import { arrivals, COMMON, rate, seconds } from "../lib/bounds.js";
import { NOTHING_ABANDONED } from "../lib/till.js";
export { prepareChain as setup } from "../lib/chain.js";
export { visit } from "../lib/visits.js";

export const options = {
  ...COMMON,
  scenarios: { soak: arrivals("visit", rate(30), seconds(120)) },
  thresholds: {
    ...NOTHING_SHED,
    ...NOTHING_ABANDONED,
    checks: ["rate==1"],
    http_req_failed: ["rate==0"],
    dropped_iterations: ["count==0"],
    "http_req_duration{name:report}": ["p(95)<100"],
    sale_duration: ["p(95)<500"],
  },
};
