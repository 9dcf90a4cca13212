// One load of the benchmark: `send` sends requests in turn; `sell` also asks for the sale's report.
// RATE is per second; without it CONNECTIONS users send as fast as they are answered.
import http from "k6/http";
import exec from "k6/execution";
import { Counter, Trend } from "k6/metrics";

const requests = JSON.parse(open(__ENV.REQUESTS));
const connections = Number(__ENV.CONNECTIONS);
const duration = `${__ENV.SECONDS}s`;
// Metrics must exist before the first request.
const KNOWN = [0, 200, 201, 202, 304, 503];
const statuses = new Map(KNOWN.map((each) => [each, new Counter(`status_${each}`)]));
const unknown = new Counter("status_999");
const answered = new Trend("answered", true);
const seen = new Trend("seen", true);
const notSeen = new Counter("not_seen");

const busy = { executor: "constant-vus", vus: connections, duration };
const steady = {
  executor: "constant-arrival-rate",
  // k6 takes whole numbers only.
  rate: Math.round(60 * Number(__ENV.RATE)),
  timeUnit: "1m",
  duration,
  preAllocatedVUs: connections,
};
const run = `${Date.now()}`;

export const options = {
  scenarios: { load: { ...(__ENV.RATE ? steady : busy), exec: __ENV.SEEN_URL ? "sell" : "send" } },
  summaryTrendStats: ["med", "p(95)", "p(99)", "max"],
  // Bodies and tags cost k6 CPU on the cores that are measured.
  discardResponseBodies: true,
  systemTags: [],
};

export function send() {
  const number = exec.scenario.iterationInTest;
  const { method, url, headers, body } = requests[number % requests.length];
  const own = body ? { ...headers, "idempotency-key": `${run}-${number}` } : headers;
  const answer = http.request(method, url, body, { headers: own });
  (statuses.get(answer.status) || unknown).add(1);
  answered.add(answer.timings.duration);
  return answer;
}

export function sell() {
  const sale = send();
  if (sale.status !== 201 || exec.scenario.iterationInTest % Number(__ENV.SEEN_EVERY)) return;
  const id = sale.headers.Location.split("/").pop();
  const headers = { "x-token": __ENV.SEEN_KEY };
  const url = `${__ENV.SEEN_URL}?apres_vente=${id}&attendre_ms=5000`;
  const report = http.get(url, { headers, responseType: "text" });
  if (report.status === 200 && report.json("a_jour")) seen.add(report.timings.duration);
  else notSeen.add(1);
}
