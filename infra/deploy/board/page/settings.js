/**
 * What differs from one place to another, in `settings.json` beside the page.
 *
 * @typedef {{jaeger: string | null}} Settings `jaeger` is its address, without a slash at its end
 */

/** @returns {Promise<Settings>} */
export async function readSettings() {
  const response = await fetch("settings.json", { cache: "no-cache" });
  if (!response.ok) throw new Error("settings.json is missing beside the page.");
  return response.json();
}
