// Tills: the receipts of a real retailer, sold at a steady rate. `make load` prepares the file.
import exec from "k6/execution";
import { SharedArray } from "k6/data";
import { NOTHING_SHED } from "../lib/answers.js";
import { arrivals, COMMON, rate, seconds } from "../lib/bounds.js";
import { NOTHING_ABANDONED, sell } from "../lib/till.js";

// One copy for all users; each line is the body of a request.
const receipts = new SharedArray("receipts", () => JSON.parse(open(__ENV.LOAD_RECEIPTS)));
const perSecond = rate(40);
const lasting = Math.max(1, Math.min(seconds(60), Math.floor(receipts.length / perSecond)));

export const options = {
  ...COMMON,
  scenarios: { tills: arrivals("tills", perSecond, lasting) },
  thresholds: {
    ...NOTHING_SHED,
    ...NOTHING_ABANDONED,
    checks: ["rate==1"],
    http_req_failed: ["rate==0"],
    dropped_iterations: ["count==0"],
    sale_duration: ["p(95)<500"],
  },
};

export function tills() {
  sell(receipts[exec.scenario.iterationInTest % receipts.length]);
}
