// A till retries a sale under one Idempotency-Key until it knows the outcome, as a real one does.
import http from "k6/http";
import { sleep } from "k6";
import exec from "k6/execution";
import { Counter, Trend } from "k6/metrics";
import { judge, SHED, verify } from "./answers.js";
import { asTill, RUN, SALES } from "./system.js";

const begun = new Counter("sales_begun");
const accepted = new Counter("sales_accepted");
const abandoned = new Counter("sales_abandoned");
const repeats = new Counter("sales_repeated");
// The time that the customer waits: from the first try to the receipt.
const duration = new Trend("sale_duration", true);

const FIRST_PAUSE_SECONDS = 0.1;
const LONGEST_PAUSE_SECONDS = 2;
// 202: the stock has not decided yet. `ressource-occupee`: another request has the same key.
const AGAIN = [0, 202, 429, 502, 503, 504];
const isExpected = http.expectedStatuses(201, 202, ...SHED);

const pick = (list) => list[Math.floor(Math.random() * list.length)];

// Each k6 user has a copy of this module, so this counts the sales of one user.
let sold = 0;

export function basket(store, products) {
  const lines = Array.from({ length: 1 + Math.floor(Math.random() * 5) }, () => pick(products));
  const panier = [...new Set(lines)].map((id) => ({
    produit_id: id,
    quantite: 1 + Math.floor(Math.random() * 3),
  }));
  return { magasin_id: store, panier };
}

// With a patience of 0 a till tries once, and the customer leaves.
export function sell(sale, patienceSeconds = 60, beforeEachTry = () => {}) {
  const vu = exec.vu.idInTest;
  const body = JSON.stringify({ ...sale, caisse: `k6/${RUN}/${vu}` });
  const key = { "Idempotency-Key": `k6-${RUN}-${vu}-${(sold += 1)}` };
  const request = { ...asTill("sale", key), responseCallback: isExpected };
  const started = Date.now();
  beforeEachTry();
  begun.add(1);
  for (let pause = FIRST_PAUSE_SECONDS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_SECONDS)) {
    const answer = judge(http.post(`${SALES}/api/ventes/`, body, request));
    if (answer.status === 201) {
      accepted.add(1);
      duration.add(Date.now() - started);
      return;
    }
    const left = patienceSeconds - (Date.now() - started) / 1000;
    if (!isPassing(answer) || left <= 0) {
      abandoned.add(1);
      verify(answer, "a sale is refused only for a time", isPassing(answer));
      return;
    }
    repeats.add(1);
    const asked = Number(answer.headers["Retry-After"] || 0);
    // With jitter: tills that were refused together must not retry together.
    sleep(Math.min(Math.max(pause, asked), LONGEST_PAUSE_SECONDS) * (0.5 + Math.random()));
    beforeEachTry();
  }
}

function isPassing(answer) {
  return AGAIN.includes(answer.status) || problem(answer) === "ressource-occupee";
}

function problem(answer) {
  const isProblem = (answer.headers["Content-Type"] || "").startsWith("application/problem+json");
  return isProblem ? answer.json("code") : null;
}

// Every sale must get a final answer.
export const NOTHING_ABANDONED = { sales_abandoned: ["count==0"] };
