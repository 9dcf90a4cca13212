import assert from "node:assert/strict";
import { test } from "node:test";

import { format, linkTo, parse } from "../../../infra/deploy/board/page/address.js";

test("without an address the page shows the golden signals of the last quarter of an hour", () => {
  const { view, from, to, panel, variables } = parse("");

  assert.deepEqual(
    { view, from, to, panel, variables },
    { view: "golden-signals", from: "now-15m", to: "now", panel: null, variables: {} },
  );
});

test("a link keeps period, variables and the panel that is shown alone", () => {
  const link =
    "#/endpoint-breakdown?from=1790000000000&to=1790000900000&viewPanel=3&var-handler=%2Fapi%2Fventes%2F&var-handler=none";

  assert.deepEqual(parse(link).variables, { handler: ["/api/ventes/", "none"] });
  assert.equal(parse(link).panel, 3);
  assert.equal(format(parse(link)), link);
});

test("another dashboard shows the same period, and all its panels", () => {
  const address = parse("#/capacity?from=now-1h&viewPanel=2&var-handler=none");

  assert.equal(linkTo(address, "business"), "#/business?from=now-1h&var-handler=none");
});

test("a trace has an address of its own", () => {
  const address = parse("#/slow?from=now-1h");

  assert.equal(parse(linkTo(address, "trace", "4bf9")).trace, "4bf9");
});
