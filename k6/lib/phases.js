// An open loop whose rate changes by steps; every sample says in `phase` to which step it belongs.
import exec from "k6/execution";
import { Gauge } from "k6/metrics";
import { MOST_USERS } from "./bounds.js";

const lasting = new Gauge("phase_seconds");

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
    preAllocatedVUs: MOST_USERS,
    maxVUs: MOST_USERS,
    gracefulStop: "60s",
  };
}

export function total(phases) {
  return phases.reduce((sum, { seconds }) => sum + seconds, 0);
}

// Tags what the running iteration measures from here on.
export function mark(phases) {
  let left = (Date.now() - exec.scenario.startTime) / 1000;
  const phase = phases.find(({ seconds }) => (left -= seconds) < 0) || phases[phases.length - 1];
  exec.vu.metrics.tags.phase = phase.name;
  lasting.add(phase.seconds);
}

// The summary has a figure by phase only where a threshold asks for it; these hold always.
export function counted(phases) {
  const counters = ["sales_begun", "sales_accepted", "requests_shed"];
  return Object.fromEntries(
    phases.flatMap(({ name }) => [
      ...counters.map((counter) => [`${counter}{phase:${name}}`, ["count>=0"]]),
      [`phase_seconds{phase:${name}}`, ["value>=0"]],
      [`sale_duration{phase:${name}}`, ["max>=0"]],
    ]),
  );
}
