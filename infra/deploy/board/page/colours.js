/** Colours that can be told apart on white and on black. */

const LINES = [
  ...["#3b82f6", "#f59e0b", "#10b981", "#ef4444", "#a78bfa", "#06b6d4"],
  ...["#ec4899", "#84cc16", "#f97316", "#14b8a6", "#8b5cf6", "#b08968"],
];
const PROCESSES = LINES.filter((colour) => colour !== "#ef4444");
/** What a request's time went to, the same colour on every page. */
const STAGES = {
  queue: "#b08968",
  authentication: "#ec4899",
  pool: "#ef4444",
  sql: "#3b82f6",
  wait: "#a78bfa",
  application: "#10b981",
  serialisation: "#f59e0b",
  send: "#06b6d4",
};

/**
 * Return the colour of a line by its place; a stage of requests has its own wherever it is drawn.
 *
 * @param {number} i
 * @param {string} [name]
 */
export function colourOf(i, name = "") {
  return STAGES[/** @type {keyof STAGES} */ (name)] ?? LINES[i % LINES.length];
}

/**
 * Return the colour of a process in a trace: never red, which marks failures there.
 *
 * @param {number} i
 */
export function colourOfProcess(i) {
  return PROCESSES[i % PROCESSES.length];
}

/**
 * Tell lines of the second round from those of the first, by dashes.
 *
 * @param {number} i
 * @returns {number[] | undefined}
 */
export function dashOf(i) {
  return i < LINES.length ? undefined : [6, 3];
}

/**
 * Return the colours of axes and grid, which the style sheet chooses.
 *
 * @param {Element} element
 */
export function themeOf(element) {
  const style = getComputedStyle(element);
  return {
    text: style.getPropertyValue("--muted").trim(),
    grid: style.getPropertyValue("--grid").trim(),
    diamond: style.getPropertyValue("--diamond").trim(),
    heat: style.getPropertyValue("--heat").trim(),
  };
}
