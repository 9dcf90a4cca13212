// The mix of visitors: tills, readers and mistakes, in fixed shares.
import { askForNothing, sellNonsense } from "./mistakes.js";
import {
  readPerformance,
  readPeriod,
  readProducts,
  readReport,
  readStock,
} from "./head_office.js";
import { basket, sell } from "./till.js";

// Seconds for which a till retries.
const SURE = 60;

const any = (list) => list[Math.floor(Math.random() * list.length)];

// Percent of visits; together 100.
const SHARES = [
  [38, sellForSure],
  [4, ({ strict, products }, beforeEachTry) => sell(basket(strict, products), SURE, beforeEachTry)],
  [16, readReport],
  [6, readPeriod],
  [6, readPerformance],
  [15, ({ permissive }) => readStock(any(permissive))],
  [5, readProducts],
  [5, askForNothing],
  [5, sellNonsense],
];

export function visit(chain, beforeEachTry = () => {}) {
  let left = Math.random() * 100;
  const [, act] = SHARES.find(([percent]) => (left -= percent) < 0) || SHARES[0];
  beforeEachTry();
  act(chain, beforeEachTry);
}

export function visitOfEachKind(chain) {
  SHARES.forEach(([, act]) => act(chain));
}

export function sellOnce({ permissive, products }, beforeEachTry) {
  sell(basket(any(permissive), products), 0, beforeEachTry);
}

export function sellForSure({ permissive, products }, beforeEachTry) {
  sell(basket(any(permissive), products), SURE, beforeEachTry);
}

export function readAnything({ permissive }) {
  any([readReport, readPeriod, readPerformance, () => readStock(any(permissive))])();
}
