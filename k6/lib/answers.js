// Counts refusals, faults and missing answers: the only permitted 5xx is 503 with Retry-After.
// A 429, by the limit of an address or a key, counts as shed, too.
import { check } from "k6";
import { Counter } from "k6/metrics";

const faults = new Counter("server_faults");
const shed = new Counter("requests_shed");
const unanswered = new Counter("requests_unanswered");

export const SHED = [429, 503];

export function judge(answer) {
  if (answer.status === 0) {
    unanswered.add(1);
  } else if (SHED.includes(answer.status) && answer.headers["Retry-After"]) {
    shed.add(1);
  } else if (answer.status >= 500) {
    faults.add(1);
  }
  return answer;
}

export function verify(answer, sentence, holds) {
  if (!check(answer, { [sentence]: () => holds })) {
    console.warn(`${answer.status} ${answer.url}: expected that ${sentence}`);
  }
}

export const KEPT_PROMISES = {
  server_faults: ["count==0"],
  requests_unanswered: ["count==0"],
};
export const NOTHING_SHED = { ...KEPT_PROMISES, requests_shed: ["count==0"] };
