// Load: the original system's test, 10, 30, 60 and 100 users who pause between two requests.
import { sleep } from "k6";
import { NOTHING_SHED } from "../lib/answers.js";
import { COMMON, seconds } from "../lib/bounds.js";
import { NOTHING_ABANDONED } from "../lib/till.js";
import { visit } from "../lib/visits.js";
export { prepareChain as setup } from "../lib/chain.js";

const USERS = [10, 30, 60, 100];
// The original system reached about 120 requests a second with 100 users.
const PAUSE_SECONDS = 0.5;
const each = Math.max(1, Math.round(seconds(80) / USERS.length));

export const options = {
  ...COMMON,
  scenarios: {
    load: {
      executor: "ramping-vus",
      startVUs: USERS[0],
      stages: USERS.flatMap((target) => [
        { target, duration: "1s" },
        { target, duration: `${each}s` },
      ]),
      gracefulStop: "60s",
      gracefulRampDown: "60s",
    },
  },
  thresholds: {
    ...NOTHING_SHED,
    ...NOTHING_ABANDONED,
    checks: ["rate==1"],
    http_req_failed: ["rate==0"],
    "http_req_duration{name:report}": ["p(95)<100"],
    "http_req_duration{name:period}": ["p(95)<100"],
    "http_req_duration{name:performance}": ["p(95)<100"],
    "http_req_duration{name:stock}": ["p(95)<100"],
    sale_duration: ["p(95)<500"],
  },
};

export default function (chain) {
  visit(chain);
  sleep(PAUSE_SECONDS * (0.5 + Math.random()));
}
