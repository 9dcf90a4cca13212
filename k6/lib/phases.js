// An open loop whose rate changes by steps; every sample says in `phase` to which step it belongs.
import exec from "k6/execution";
import { Gauge } from "k6/metrics";
import { USERS } from "./bounds.js";

// Seconds from the start of the scenario: says in the summary in which order, and how long.
const ends = new Gauge("phase_ends");

// `phases`: {name, rate, seconds} in order.
export function stepwise(run, phases) {
  return {
    executor: "ramping-arrival-rate",
    exec: run,
    startRate: phases[0].rate,
    timeUnit: "1s",
    stages: phases.flatMap(({ rate, seconds }) => [
      { target: rate, duration: "0s" },
      { target: rate, duration: `${seconds}s` },
    ]),
    preAllocatedVUs: USERS,
    maxVUs: USERS,
    gracefulStop: "60s",
  };
}

export function total(phases) {
  return phases.reduce((sum, { seconds }) => sum + seconds, 0);
}

// Tags what this user measures from here on.
export function mark(phases) {
  const now = (Date.now() - exec.scenario.startTime) / 1000;
  let end = 0;
  const phase = phases.find(({ seconds }) => now < (end += seconds)) || phases[phases.length - 1];
  exec.vu.metrics.tags.phase = phase.name;
  ends.add(end);
}

// The summary has a figure by phase only where a threshold asks for it; these hold always.
export function counted(phases) {
  const counters = ["sales_begun", "sales_accepted", "requests_shed"];
  return Object.fromEntries(
    phases.flatMap(({ name }) => [
      ...counters.map((counter) => [`${counter}{phase:${name}}`, ["count>=0"]]),
      [`phase_ends{phase:${name}}`, ["value>=0"]],
      [`sale_duration{phase:${name}}`, ["max>=0"]],
    ]),
  );
}
