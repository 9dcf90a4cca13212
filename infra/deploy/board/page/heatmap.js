/** Heatmaps: how many requests fell into each bucket of a histogram. */

/** @typedef {import("../uplot/uPlot.esm.js")} Plot */
/** @typedef {import("./series.js").Cells} Cells */

/**
 * Return the lowest and the highest value that a heatmap shows; the infinite bucket gets as much
 * room as the one below it.
 *
 * @param {Cells} cells
 * @returns {[number, number]}
 */
export function boundsOf({ bounds }) {
  const finite = bounds.filter(Number.isFinite);
  if (finite.length === 0) return [0.001, 10];
  const highest = finite[finite.length - 1];
  return [finite[0] / 2, bounds.length > finite.length ? highest * 2 : highest];
}

/**
 * @param {Plot} plot
 * @param {Cells} cells
 * @param {number[]} moments
 * @param {number} step
 * @param {string} colour `r, g, b`
 */
export function drawCells(plot, cells, moments, step, colour) {
  const { ctx } = plot;
  const [least, most] = boundsOf(cells);
  ctx.save();
  ctx.beginPath();
  ctx.rect(plot.bbox.left, plot.bbox.top, plot.bbox.width, plot.bbox.height);
  ctx.clip();
  cells.counts.forEach((counts, row) => {
    const bottom = plot.valToPos(row ? cells.bounds[row - 1] : least, "y", true);
    const top = plot.valToPos(Math.min(cells.bounds[row], most), "y", true);
    counts.forEach((count, column) => {
      if (count <= 0) return;
      const left = plot.valToPos(moments[column] - step, "x", true);
      const right = plot.valToPos(moments[column], "x", true);
      // By the root, so that a single slow request beside a thousand quick ones is seen.
      ctx.fillStyle = `rgba(${colour}, ${0.15 + 0.85 * Math.sqrt(count / cells.most)})`;
      ctx.fillRect(left, top, Math.max(1, right - left - 1), Math.max(1, bottom - top - 1));
    });
  });
  ctx.restore();
}
