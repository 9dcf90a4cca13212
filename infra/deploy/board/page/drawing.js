/**
 * What a chart shows.
 *
 * @typedef {object} Drawing
 * @property {number[]} moments
 * @property {import("./series.js").Line[]} lines empty for a heatmap
 * @property {import("./series.js").Cells | null} cells
 * @property {boolean} isStacked
 * @property {import("./series.js").Exemplar[]} exemplars
 * @property {number} step
 */

/** @type {Drawing} */
export const NOTHING = { moments: [], lines: [], cells: null, isStacked: false, exemplars: [], step: 0 };
