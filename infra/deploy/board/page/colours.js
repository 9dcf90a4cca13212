/** Colours that can be told apart on white and on black. */

const LINES = [
  ...["#3b82f6", "#f59e0b", "#10b981", "#ef4444", "#a78bfa", "#06b6d4"],
  ...["#ec4899", "#84cc16", "#f97316", "#14b8a6", "#8b5cf6", "#b08968"],
];
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

/** @param {number} i */
export function colourOf(i) {
  return LINES[i % LINES.length];
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

/** @param {string} stage */
export function colourOfStage(stage) {
  return STAGES[/** @type {keyof STAGES} */ (stage)] ?? "#94a3b8";
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
