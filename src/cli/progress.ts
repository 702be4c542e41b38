/** How far something long has come, on standard error: nothing at all where it is short. */

/** Nothing is said in the first second, then so often at most. */
const QUIET_MS = 1_000
const EVERY_MS = 500
/** Where it goes into a file or a journal, a line each is enough. */
const EVERY_LOGGED_MS = 10_000

/**
 * A function to be called with how much is done, as often as one likes. On a terminal the line is redrawn.
 * @param says it in words
 */
export function createProgress(says: (done: number) => string): (done: number) => void {
  const { stderr } = process
  const begun = performance.now()
  let said = Number.NEGATIVE_INFINITY
  return (done) => {
    const now = performance.now()
    const pause = stderr.isTTY ? EVERY_MS : EVERY_LOGGED_MS
    if (now - begun < QUIET_MS || now - said < pause) return
    if (said === Number.NEGATIVE_INFINITY && stderr.isTTY)
      process.once('exit', () => void stderr.write('\r\u001b[K'))
    said = now
    stderr.write(stderr.isTTY ? `\r\u001b[K${says(done)}` : `${says(done)}\n`)
  }
}
