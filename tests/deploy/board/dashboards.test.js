import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { HOME } from "../../../infra/deploy/board/page/address.js";
import { metricsIn, parseDashboard } from "../../../infra/deploy/board/page/dashboards.js";
import { partsOf, runbookOf } from "../../../infra/deploy/board/page/description.js";
import { tell } from "../../../infra/deploy/board/page/no_data.js";
import { parseQuery } from "../../../infra/deploy/board/page/variables.js";

const FOLDER = new URL("../../../infra/deploy/grafana/dashboards/", import.meta.url);
const FILES = readdirSync(FOLDER);
const read = (name) => parseDashboard(JSON.parse(readFileSync(new URL(name, FOLDER), "utf8")));

for (const name of FILES) {
  test(`${name}: the board understands every panel and variable`, () => {
    const { uid, panels, variables } = read(name);

    assert.equal(`${uid}.json`, name);
    assert.ok(panels.length > 0);
    for (const { title, place, targets } of panels) {
      assert.ok(place.x + place.w <= 24, title);
      assert.ok(
        targets.every(({ expr }) => metricsIn(expr).length > 0),
        title,
      );
    }
    for (const { query } of variables) parseQuery(query);
  });
}

test("the first dashboard leads to all others", () => {
  const home = read(`${HOME}.json`);

  assert.deepEqual(
    [HOME, ...home.linked.map(({ uid }) => uid)].sort(),
    FILES.map((name) => name.replace(".json", "")).sort(),
  );
});

test("every runbook that a panel names exists", () => {
  const texts = FILES.flatMap((name) => read(name).panels.map(({ description }) => description));
  const runbooks = texts.flatMap((text) => partsOf(text, [])).flatMap(({ runbook }) => runbook || []);

  assert.ok(runbooks.length > 0);
  assert.deepEqual(
    runbooks.filter((name) => !existsSync(new URL(`../../../${runbookOf(name)}`, import.meta.url))),
    [],
  );
});

test("a panel of a kind that the board cannot draw is told, not left out", () => {
  assert.throws(() => parseDashboard({ panels: [{ type: "geomap", title: "Where" }] }), /Where.*geomap/);
});

test("the metrics of an expression are neither functions nor labels", () => {
  const expression =
    'histogram_quantile(0.95, sum by (le, job) (rate(a_bucket{handler=~"b.*"}[1m]))) or on () vector(0)';

  assert.deepEqual(metricsIn(expression), ["a_bucket"]);
  assert.deepEqual(metricsIn("slo:bad_ratio:rate1h / on (slo) slo:budget"), ["slo:bad_ratio:rate1h", "slo:budget"]);
});

test("an empty panel says which metric nobody has sent", () => {
  assert.match(tell(["k6_vus"], ["k6_vus"]), /Nobody has sent k6_vus.*make load/);
  assert.match(tell(["a", "b"], []), /a and b were measured/);
});
