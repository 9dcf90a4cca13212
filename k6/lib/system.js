// Where the system is and who asks: from the environment, as `make load` sets it.

const address = (variable, port) => __ENV[variable] || `http://127.0.0.1:${port}`;

export const SALES = address("COMPTOIR_SALES_URL", 8001);
export const STOCK = address("COMPTOIR_STOCK_URL", 8002);
export const REPORT = address("COMPTOIR_REPORT_URL", 8003);

// Names the sales of this run: `caisse` of each, so that they can be counted in the database.
export const RUN = __ENV.LOAD_RUN || `at-${Date.now()}`;

// Longer than the longest wait that a service allows itself (docs/limits.md).
const TIMEOUT = "20s";

function parameters(key, name, more) {
  const headers = { "x-token": __ENV[key], "content-type": "application/json", ...more };
  return { headers, tags: { name }, timeout: TIMEOUT };
}

export const asTill = (name, more = {}) => parameters("COMPTOIR_TILL_KEY", name, more);
export const asHeadOffice = (name, more = {}) => parameters("COMPTOIR_HEAD_OFFICE_KEY", name, more);
