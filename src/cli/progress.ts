/** Shows the progress of long work on standard error. Short work prints nothing. */

/** Nothing is printed in the first second. Then the line is updated at most this often. */
const QUIET_MS = 1_000
const EVERY_MS = 500
/** In a file or a journal, each update is a line, so updates are rarer. */
const EVERY_LOGGED_MS = 10_000

/**
 * Returns a function to call, as often as needed, with the amount done. On a terminal the line is redrawn.
 * @param says renders the amount as text
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
