import assert from "node:assert/strict";
import { test } from "node:test";

import { pointsOf, resolve, SCRAPE_SECONDS, stepOf } from "../../../infra/deploy/board/page/period.js";

const NOW = 1_790_000_003;

test("a period is told by two moments, each an age or a date", () => {
  assert.deepEqual(resolve("now-1h", "now", NOW), { from: NOW - 3600, to: NOW, isLive: true });
  assert.deepEqual(resolve("1789990000000", "1789990060000", NOW), { from: 1789990000, to: 1789990060, isLive: false });
});

test("moments that are in no order give the usual period", () => {
  for (const [from, to] of [
    ["now", "now-1h"],
    ["yesterday", "now"],
    ["2", "1"],
  ]) {
    assert.deepEqual(resolve(from, to, NOW), { from: NOW - 900, to: NOW, isLive: true });
  }
});

test("no step is shorter than the distance of two scrapes, and no chart has too many points", () => {
  for (const seconds of [60, 300, 900, 3600, 86400, 7 * 86400]) {
    const period = { from: NOW - seconds, to: NOW, isLive: true };
    const step = stepOf(period);

    assert.ok(step >= SCRAPE_SECONDS);
    assert.ok(pointsOf(period, step).length <= 241);
  }
});

test("a chart that goes on asks for the same moments again", () => {
  const before = pointsOf({ from: NOW - 900, to: NOW, isLive: true }, 5);
  const after = pointsOf({ from: NOW - 895, to: NOW + 5, isLive: true }, 5);

  assert.deepEqual(after.slice(0, -1), before.slice(1));
  assert.ok(before.every((moment) => moment % 5 === 0));
});
