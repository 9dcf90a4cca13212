import assert from "node:assert/strict";
import { test } from "node:test";

import { parseQuery, rateInterval, substitute } from "../../../infra/deploy/board/page/variables.js";

const HANDLER = [{ name: "handler", query: "label_values(http_requests_total, handler)", allValue: ".*" }];
const PERIOD = { step: 5, from: 0, to: 900 };

test("nothing chosen means all", () => {
  assert.equal(substitute('a{handler=~"$handler"}', HANDLER, {}, PERIOD), 'a{handler=~".*"}');
});

test("a chosen value is text, not an expression", () => {
  const chosen = { handler: ["/api/magasins/{store_id}/stock"] };

  assert.equal(
    substitute('a{handler=~"$handler"}', HANDLER, chosen, PERIOD),
    'a{handler=~"/api/magasins/\\\\{store_id\\\\}/stock"}',
  );
});

test("several chosen values are alternatives", () => {
  assert.equal(
    substitute('a{handler=~"${handler}"}', HANDLER, { handler: ["one", "two"] }, PERIOD),
    'a{handler=~"(one|two)"}',
  );
});

test("what is no variable stays as it is", () => {
  assert.equal(substitute('a{b=~"c$"} + $unknown', HANDLER, {}, PERIOD), 'a{b=~"c$"} + $unknown');
});

test("a rate looks over four scrapes at least, and over more than a step", () => {
  assert.equal(rateInterval(5), 20);
  assert.equal(rateInterval(300), 305);
  assert.equal(substitute("rate(a[$__rate_interval])", [], {}, PERIOD), "rate(a[20s])");
  assert.equal(substitute("a[$__range] + b[$__interval]", [], {}, PERIOD), "a[900s] + b[5s]");
});

test("a variable asks for the values of a label", () => {
  assert.deepEqual(parseQuery("label_values(http_requests_total, handler)"), {
    metric: "http_requests_total",
    label: "handler",
  });
  assert.throws(() => parseQuery("query_result(up)"), /label_values/);
});
