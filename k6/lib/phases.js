// An open loop whose rate changes in steps. The tag `phase` of a sample names its step.
import exec from "k6/execution";
import { Gauge } from "k6/metrics";
import { USERS } from "./bounds.js";

// The end of each step, in seconds from the scenario's start; order and lengths follow from it.
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

// Tags the further samples of this user.
export function mark(phases) {
  const now = (Date.now() - exec.scenario.startTime) / 1000;
  let end = 0;
  const phase = phases.find(({ seconds }) => now < (end += seconds)) || phases[phases.length - 1];
  exec.vu.metrics.tags.phase = phase.name;
  ends.add(end);
}

// k6's summary has a figure by phase only where a threshold names it. These always hold.
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
