import assert from "node:assert/strict";
import { test } from "node:test";

import { parseTrace } from "../../../infra/deploy/board/page/jaeger.js";
import { largeStatements, processesOf, rowsOf } from "../../../infra/deploy/board/page/waterfall.js";

const tag = (key, value) => ({ key, value });
const span = (spanID, parent, startTime, duration, operationName = spanID, tags = [], processID = "p1") => ({
  ...{ spanID, startTime, duration, operationName, tags, processID },
  references: parent ? [{ refType: "CHILD_OF", traceID: "t", spanID: parent }] : [],
});
const trace = (...spans) =>
  parseTrace({
    traceID: "t",
    spans,
    processes: {
      p1: { serviceName: "sales-api", tags: [tag("service.instance.id", "a:1")] },
      p2: { serviceName: "stock-worker", tags: [tag("service.instance.id", "a:2")] },
      p3: { serviceName: "stock-worker", tags: [tag("service.instance.id", "a:3")] },
    },
  });

test("children stand below their parents, in the order of their start", () => {
  const rows = rowsOf(
    trace(
      span("late", "root", 50, 10),
      span("root", null, 0, 100),
      span("below", "early", 20, 5),
      span("early", "root", 10, 20),
    ),
  );

  assert.deepEqual(
    rows.map(({ span, depth }) => [span.name, depth]),
    [
      ["root", 0],
      ["early", 1],
      ["below", 2],
      ["late", 1],
    ],
  );
});

test("a bar has its place in the whole trace, also after its parent's end", () => {
  const [, later] = rowsOf(trace(span("request", null, 1000, 100), span("event", "request", 1150, 50)));

  assert.equal(later.left, 0.75);
  assert.equal(later.width, 0.25);
});

test("a span whose parent is not in the trace is a root", () => {
  assert.deepEqual(
    rowsOf(trace(span("request", "the till's own span", 0, 10))).map(({ depth }) => depth),
    [0],
  );
});

test("waits and failures are told apart from work", () => {
  const [wait, failed, work] = rowsOf(
    trace(
      span("outbox wait", null, 0, 10),
      span("INSERT sales", null, 1, 10, "INSERT sales", [tag("error", true), tag("error.type", "55P03")]),
      span("SELECT stores", null, 2, 10),
    ),
  );

  assert.deepEqual([wait.isWait, failed.isWait, work.isWait], [true, false, false]);
  assert.deepEqual([wait.failure, failed.failure, work.failure], ["", "55P03: another session held a lock", ""]);
});

test("statements that took much of the trace are listed with their text, the longest first", () => {
  const statement = (id, duration) => span(id, null, 0, duration, id, [tag("db.query.text", `SELECT ${id}`)]);

  const found = largeStatements(
    trace(span("request", null, 0, 100), statement("a", 20), statement("b", 60), statement("c", 5)),
  );

  assert.deepEqual(
    found.map(({ name }) => name),
    ["b", "a"],
  );
});

test("processes come in the order in which they take part", () => {
  const processes = processesOf(trace(span("b", "a", 5, 1, "b", [], "p2"), span("a", null, 0, 9)));

  assert.deepEqual([...processes.values()], ["sales-api", "stock-worker"]);
});

test("instances of one service are told apart", () => {
  const processes = processesOf(trace(span("a", null, 0, 9, "a", [], "p2"), span("b", "a", 5, 1, "b", [], "p3")));

  assert.deepEqual([...processes.values()], ["stock-worker a:2", "stock-worker a:3"]);
});

test("spans that begin together come in the same order, whatever Jaeger's order is", () => {
  const spans = [
    span("writes", null, 0, 5, "kafka wait", [], "p2"),
    span("sells", null, 0, 5, "POST", [], "p1"),
    span("reads", null, 0, 5, "kafka wait", [], "p2"),
  ];
  const shown = (given) => trace(...given).spans.map(({ id }) => id);

  assert.deepEqual(shown(spans), ["sells", "reads", "writes"]);
  assert.deepEqual(shown([...spans].reverse()), ["sells", "reads", "writes"]);
});
