/** Exemplars: each diamond is one request, and opens its trace. */

/** @typedef {import("../uplot/uPlot.esm.js")} Plot */
/** @typedef {import("./series.js").Exemplar} Exemplar */

const HALF = 4;
const REACH = 11;

/**
 * @param {Plot} plot
 * @param {Exemplar[]} exemplars
 * @param {string} colour
 */
export function drawDiamonds(plot, exemplars, colour) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.fillStyle = colour;
  for (const { timestamp, value } of exemplars) {
    const [x, y] = [plot.valToPos(timestamp, "x", true), plot.valToPos(value, "y", true)];
    if (x < bbox.left || x > bbox.left + bbox.width || y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.beginPath();
    ctx.moveTo(x, y - HALF * ratio);
    ctx.lineTo(x + HALF * ratio, y);
    ctx.lineTo(x, y + HALF * ratio);
    ctx.lineTo(x - HALF * ratio, y);
    ctx.fill();
  }
  ctx.restore();
}

/**
 * Return the exemplar at a place of the chart, if there is one.
 *
 * @param {Plot} plot
 * @param {Exemplar[]} exemplars
 * @param {number} left
 * @param {number} top
 * @returns {Exemplar | null}
 */
export function findDiamond(plot, exemplars, left, top) {
  let nearest = null;
  let reach = REACH;
  for (const each of exemplars) {
    const distance = Math.hypot(plot.valToPos(each.timestamp, "x") - left, plot.valToPos(each.value, "y") - top);
    if (distance < reach) [nearest, reach] = [each, distance];
  }
  return nearest;
}
