import assert from "node:assert/strict";
import { test } from "node:test";

import { findNewest, parseTag } from "../../../infra/deploy/board/page/tagged.js";

const request = (started, route) => ({
  started,
  duration: 5,
  attributes: { "http.request.method": "GET", "http.route": route },
});
const TRACES = [
  { id: "old", spans: [request(1, "/a")] },
  { id: "new", spans: [request(3, "/b")] },
  { id: "event", spans: [{ started: 2, duration: 1, attributes: {} }] },
];
const jaeger = {
  searches: [],
  listServices: async () => ["sales-api", "report-api"],
  listMethods: async () => ["GET"],
  findTraces: async (search) => {
    jaeger.searches.push(search.tags);
    return TRACES;
  },
};
const PERIOD = { from: 0, to: 9 };
const idsOf = (found) => found.map(({ trace }) => trace);

test("the newest stand first, each trace once", async () => {
  assert.deepEqual(idsOf(await findNewest(jaeger, PERIOD, 10, { route: "", tag: "" })), ["new", "event", "old"]);
  assert.deepEqual(idsOf(await findNewest(jaeger, PERIOD, 1, { route: "", tag: "" })), ["new"]);
});

test("a tag is asked of every service, and an endpoint is listed alone", async () => {
  jaeger.searches = [];

  assert.deepEqual(idsOf(await findNewest(jaeger, PERIOD, 10, { route: "/a", tag: "error.type=55P03" })), ["old"]);
  assert.deepEqual(jaeger.searches, [{ "error.type": "55P03" }, { "error.type": "55P03" }]);
});

test("the value of a tag may have an equals sign", () => {
  assert.deepEqual(parseTag(" a = b=c "), { a: "b=c" });
});
