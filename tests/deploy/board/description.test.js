import assert from "node:assert/strict";
import { test } from "node:test";

import { partsOf } from "../../../infra/deploy/board/page/description.js";

const DASHBOARDS = [
  { uid: "capacity", title: "Capacity" },
  { uid: "endpoint-breakdown", title: "Endpoint breakdown" },
];

test("a description leads to the dashboards and lists that it names", () => {
  const parts = partsOf("Bad: 503. Next: Capacity, then `make slow`; Endpoint breakdown, sql.", DASHBOARDS);

  assert.deepEqual(
    parts.filter(({ uid }) => uid).map(({ text, uid }) => [text, uid]),
    [
      ["Capacity", "capacity"],
      ["`make slow`", "slow"],
      ["Endpoint breakdown", "endpoint-breakdown"],
    ],
  );
  assert.equal(
    parts.map(({ text }) => text).join(""),
    "Bad: 503. Next: Capacity, then `make slow`; Endpoint breakdown, sql.",
  );
});

test("a word that only contains a dashboard's name is text", () => {
  assert.deepEqual(partsOf("Capacity2 and Incapacity", DASHBOARDS), [
    { text: "Capacity2 and Incapacity", uid: "", runbook: "" },
  ]);
});

test("a description leads to its runbooks", () => {
  const runbooks = (text) =>
    partsOf(text, DASHBOARDS)
      .map(({ runbook }) => runbook)
      .filter(Boolean);

  assert.deepEqual(runbooks("Bad: LogShortened. Runbook: BrokerLostRecords."), ["BrokerLostRecords"]);
  assert.deepEqual(runbooks("Runbooks: SloBurning, SloBurningSlowly. Others."), ["SloBurning", "SloBurningSlowly"]);
  assert.deepEqual(runbooks("who holds them (runbook PoolExhausted)."), ["PoolExhausted"]);
});
