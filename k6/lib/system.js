// Addresses and keys, from the environment that `make load` sets.

const address = (variable, port) => __ENV[variable] || `http://127.0.0.1:${port}`;

export const SALES = address("COMPTOIR_SALES_URL", 8001);
export const STOCK = address("COMPTOIR_STOCK_URL", 8002);
export const REPORT = address("COMPTOIR_REPORT_URL", 8003);

// The name of this run. Each sale has it in `caisse`, so the check finds it in the database.
export const RUN = __ENV.LOAD_RUN || `at-${Date.now()}`;

// Longer than any wait inside the services (docs/limits.md).
const TIMEOUT = "20s";

function parameters(key, name, more) {
  const headers = { "x-token": __ENV[key], "content-type": "application/json", ...more };
  return { headers, tags: { name }, timeout: TIMEOUT };
}

export const asTill = (name, more = {}) => parameters("COMPTOIR_TILL_KEY", name, more);
export const asHeadOffice = (name, more = {}) => parameters("COMPTOIR_HEAD_OFFICE_KEY", name, more);
