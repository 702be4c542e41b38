/** The verdict of a check with several runs. It passes only if each run checked something and found no failure. */

/** @typedef {{ name: string, passed: number, failed: number }} Count */

/**
 * Returns a sentence for each run that did not pass, and the exit code.
 * @param {Count[]} counts
 * @returns {{ code: number, says: string[] }}
 */
export function verdictOf(counts) {
  const says = counts.flatMap(({ name, passed, failed }) => {
    if (failed > 0) return [`${name}: ${failed} failed`]
    return passed === 0 ? [`${name}: nothing was checked`] : []
  })
  if (counts.length === 0) says.push('nothing was checked')
  return { code: says.length === 0 ? 0 : 1, says }
}

/**
 * Returns the verdict if no run is possible: skipped on a person's computer, failed in CI, where nobody reads the output.
 * @param {Record<string, string | undefined>} env
 * @param {string} why
 * @returns {{ code: number, says: string[] }}
 */
export function verdictWithout(env, why) {
  const isWatched = env.CI !== undefined && env.CI !== '' && env.CI !== 'false'
  return isWatched
    ? { code: 1, says: [`failed, because CI is set and nothing was checked: ${why}`] }
    : { code: 0, says: [`skipped: ${why}`] }
}
