import assert from "node:assert/strict";
import { test } from "node:test";

import { timeAxis, valueAxis } from "../../../infra/deploy/board/page/axes.js";

const THEME = { text: "#000", grid: "#eee" };

test("labels of time get more room where they tell seconds", () => {
  const { space, values } = timeAxis(THEME);

  const [seconds, minutes] = [300, 3600].map((period) => space(null, 0, 0, period, 500));
  assert.ok(seconds > minutes);
  assert.match(values(null, [1790000000, 1790000030])[0], /\d\d:\d\d:\d\d/);
  assert.doesNotMatch(values(null, [1790000000, 1790000060])[0], /\d\d:\d\d:\d\d/);
});

test("bytes are marked at powers of two, and a heatmap at powers of ten", () => {
  assert.ok(valueAxis(THEME, "bytes", null).incrs.includes(2 ** 20));
  assert.deepEqual(valueAxis(THEME, "s", [0.0005, 20]).splits(), [0.001, 0.01, 0.1, 1, 10]);
  assert.deepEqual(valueAxis(THEME, "s", null).values(null, [0.5, null]), ["500 ms", ""]);
});
