import assert from "node:assert/strict";
import { test } from "node:test";

import {
  align,
  cellsOf,
  entriesOf,
  linesOf,
  nameOf,
  stack,
  summarise,
  thinOut,
} from "../../../infra/deploy/board/page/series.js";

test("a moment without a value, or with none that is a number, stays empty", () => {
  assert.deepEqual(
    align(
      [
        [5, "1.5"],
        [10, "NaN"],
        [20, "+Inf"],
        [25, "0"],
      ],
      [5, 10, 15, 20, 25],
    ),
    [1.5, null, null, null, 0],
  );
});

test("a legend is filled in with labels", () => {
  assert.equal(nameOf("{{job}} {{ instance }}", { job: "sales-api", instance: "a:1" }), "sales-api a:1");
  assert.equal(nameOf("p95", {}), "p95");
  assert.equal(nameOf("repeated {{scenario}}", {}), "repeated");
  assert.equal(nameOf("", { __name__: "up", job: "x" }), 'up{job="x"}');
});

test("lines come by name, and numbers in names by size", () => {
  const stores = ["10", "7", "8"].map((store) => ({ metric: { store }, values: [[5, store]] }));

  assert.deepEqual(linesOf(stores, "{{store}}", [5]), [
    { name: "7", points: [7] },
    { name: "8", points: [8] },
    { name: "10", points: [10] },
  ]);
});

test("a legend tells the last value that there was, and the largest", () => {
  assert.deepEqual(summarise([null, 3, 2, null]), { last: 2, max: 3 });
  assert.deepEqual(summarise([null]), { last: null, max: null });
});

test("a legend has the largest line first where the panel says so", () => {
  const lines = [
    { name: "a", points: [1] },
    { name: "b", points: [null] },
    { name: "c", points: [2] },
    { name: "d", points: [1] },
  ];
  const names = (isLargestFirst) => entriesOf(lines, isLargestFirst).map(({ name }) => name);

  assert.deepEqual(names(true), ["c", "a", "d", "b"]);
  assert.deepEqual(names(false), ["a", "b", "c", "d"]);
  assert.equal(entriesOf(lines, true)[0].place, 2);
});

test("stacked lines add up; one without a value adds nothing", () => {
  assert.deepEqual(
    stack([
      [1, null, null],
      [2, 5, null],
      [null, 1, null],
    ]),
    [
      [1, 0, null],
      [3, 5, null],
      [3, 6, null],
    ],
  );
});

test("a bucket of a heatmap holds only what the smaller ones do not", () => {
  const bucket = (le, value) => ({ metric: { le }, values: [[5, value]] });

  const { bounds, counts, most } = cellsOf([bucket("+Inf", "10"), bucket("0.1", "4"), bucket("0.5", "9")], [5]);

  assert.deepEqual(bounds, [0.1, 0.5, Infinity]);
  assert.deepEqual(counts, [[4], [5], [1]]);
  assert.equal(most, 5);
});

test("of exemplars that would cover each other the highest is shown", () => {
  const exemplar = (timestamp, value) => ({ timestamp, value, trace: `${timestamp}` });

  const shown = thinOut([exemplar(1, 0.1), exemplar(2, 0.9), exemplar(3, 0.5), exemplar(21, 0.2)], 20);

  assert.deepEqual(
    shown.map(({ timestamp }) => timestamp),
    [2, 21],
  );
});
