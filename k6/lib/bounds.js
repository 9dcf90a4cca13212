// DURATION and RATE from the environment, and the most that any run may ask of a machine.

const UNITS = { s: 1, m: 60, h: 3600 };
const LONGEST_SECONDS = 2 * 3600;
const HIGHEST_RATE = 5000;
const MOST_USERS = 2000;
// More than the limit of a process (MOST_REQUESTS), so that it must refuse some.
const USUAL_USERS = 1200;

// The most requests that wait for an answer at a time.
export const USERS = Math.min(Number(__ENV.USERS || USUAL_USERS), MOST_USERS);

// `90s`, `5m`, `1h`, or a number of seconds.
export function seconds(otherwise) {
  const given = /^(\d+)([smh]?)$/.exec(__ENV.DURATION || String(otherwise));
  if (!given) {
    throw new Error(`DURATION=${__ENV.DURATION}: give 90s, 5m or 1h`);
  }
  return Math.min(Number(given[1]) * UNITS[given[2] || "s"], LONGEST_SECONDS);
}

// Arrivals per second.
export function rate(otherwise) {
  const given = Number(__ENV.RATE || otherwise);
  if (!(given >= 1)) {
    throw new Error(`RATE=${__ENV.RATE}: give a number of arrivals per second`);
  }
  return Math.min(Math.round(given), HIGHEST_RATE);
}

export const COMMON = {
  // Without `url`, by which each sale and each store would be a series of its own.
  systemTags: ["scenario", "name", "method", "status", "expected_response", "error_code"],
  summaryTrendStats: ["count", "med", "p(95)", "p(99)", "max"],
  setupTimeout: "120s",
};

// An open loop: arrivals do not wait until earlier ones are served.
export function arrivals(exec, perSecond, lasting) {
  return {
    executor: "constant-arrival-rate",
    exec,
    rate: perSecond,
    timeUnit: "1s",
    duration: `${lasting}s`,
    preAllocatedVUs: Math.min(Math.max(50, perSecond), USERS),
    maxVUs: Math.min(Math.max(100, 20 * perSecond), USERS),
    gracefulStop: "60s",
  };
}
