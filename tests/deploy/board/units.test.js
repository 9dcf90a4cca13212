import assert from "node:assert/strict";
import { test } from "node:test";

import { format } from "../../../infra/deploy/board/page/units.js";

const CASES = [
  [0.0000042, "s", "4.2 µs"],
  [0.04237, "s", "42.4 ms"],
  [0.9996, "s", "1 s"],
  [1.5, "s", "1.5 s"],
  [90, "s", "1.5 min"],
  [-0.002, "s", "-2 ms"],
  [0, "s", "0 s"],
  [172_000_000, "bytes", "164 MiB"],
  [0.1234, "percentunit", "12.3 %"],
  [12.345, "reqps", "12.3 req/s"],
  [0.5, "eps", "0.5 ev/s"],
  [1530, "short", "1.53k"],
  [0.002, "short", "0.002"],
  [3, "short", "3"],
  [null, "s", "–"],
  [Infinity, "s", "∞"],
  [7, "a unit that nobody knows", "7"],
];

for (const [value, unit, shown] of CASES) {
  test(`${value} in ${unit} reads ${shown}`, () => assert.equal(format(value, unit), shown));
}
