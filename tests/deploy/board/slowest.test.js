import assert from "node:assert/strict";
import { test } from "node:test";

import { findSlowest, inOrder, stagesOf } from "../../../infra/deploy/board/page/slowest.js";

/** A Jaeger that answers as the real one: the newest traces above the least duration, up to a limit. */
class FakeJaeger {
  constructor(durations) {
    this.traces = durations.map((duration, i) => ({
      id: `trace ${i}`,
      spans: [{ duration, attributes: { "http.request.method": "GET", "http.route": i % 2 ? "/odd" : "/even" } }],
    }));
    this.searches = 0;
  }

  async listServices() {
    return ["sales-api"];
  }

  async listMethods() {
    return ["GET"];
  }

  async findTraces({ tags }, least, most) {
    this.searches += 1;
    const route = tags["http.route"];
    return this.traces
      .filter(({ spans: [span] }) => span.duration >= least && (!route || span.attributes["http.route"] === route))
      .slice(-most);
  }
}

const PERIOD = { from: 0, to: 900 };
const durationsOf = (found) => found.map(({ span }) => span.duration);

test("of many requests the slowest are found, not the newest", async () => {
  const jaeger = new FakeJaeger([3_000_000, ...Array.from({ length: 500 }, (_, i) => 20_000 + i)]);

  const found = await findSlowest(jaeger, PERIOD, 3, "");

  assert.equal(durationsOf(found)[0], 3_000_000);
  assert.equal(found.length, 3);
  assert.ok(jaeger.searches < 40);
});

test("of fewer requests than asked for all are listed, the slowest first", async () => {
  assert.deepEqual(
    durationsOf(await findSlowest(new FakeJaeger([5, 2000, 900_000]), PERIOD, 10, "")),
    [900_000, 2000, 5],
  );
});

test("an endpoint is listed alone", async () => {
  assert.deepEqual(durationsOf(await findSlowest(new FakeJaeger([10, 20, 30, 40]), PERIOD, 10, "/odd")), [40, 20]);
});

test("without requests the list is empty", async () => {
  assert.deepEqual(await findSlowest(new FakeJaeger([]), PERIOD, 10, ""), []);
});

test("the stages of a request come longest first, without those that took no time", () => {
  const span = {
    attributes: { "comptoir.stage.sql": 0.02, "comptoir.stage.pool": 0, "comptoir.stage.wait": 0.3, "http.route": "/" },
  };

  assert.deepEqual(stagesOf(span), [
    { name: "wait", seconds: 0.3 },
    { name: "sql", seconds: 0.02 },
  ]);
});

test("bars show the stages in the order in which a request meets them", () => {
  const stages = ["send", "sql", "queue"].map((name) => ({ name, seconds: 1 }));

  assert.deepEqual(
    inOrder(stages).map(({ name }) => name),
    ["queue", "sql", "send"],
  );
});
