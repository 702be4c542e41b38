/** What a check of several runs comes to: it is good only where each of them looked at something, and found nothing. */

/** @typedef {{ name: string, passed: number, failed: number }} Count */

/**
 * A sentence for each run that does not count as good, and the exit code.
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
 * What it comes to where nothing can be run: on somebody's own computer that is no failure; in CI nobody would look.
 * @param {Record<string, string | undefined>} env
 * @param {string} why
 * @returns {{ code: number, says: string[] }}
 */
export function verdictWithout(env, why) {
  const isWatched = env.CI !== undefined && env.CI !== '' && env.CI !== 'false'
  return isWatched
    ? { code: 1, says: [`failed, since CI is set and nothing was checked: ${why}`] }
    : { code: 0, says: [`skipped: ${why}`] }
}
