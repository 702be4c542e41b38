/** Writes to stderr what the setup does, how long it takes, and the next step if it fails. */

/** The setup failed. `message` is a sentence that says what is wrong, `hint` a sentence with the next step. */
export class SetupError extends Error {
  /**
   * @param {string} message
   * @param {string} hint
   * @param {ErrorOptions} [options]
   */
  constructor(message, hint, options) {
    super(message, options)
    this.name = 'SetupError'
    this.hint = hint
  }
}

/** @param {string} line */
export function say(line) {
  process.stderr.write(`setup: ${line}\n`)
}

/**
 * Runs one named step, such as `installing packages`. Prints a line every 15 s: a first install can take minutes on a slow
 * connection, and without output it looks like a hang.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} action
 * @returns {Promise<T>}
 */
export async function step(name, action) {
  const startedAt = performance.now()
  const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(1)
  say(`${name} …`)
  const alive = setInterval(() => say(`still ${name} (${seconds()} s)`), 15_000)
  try {
    const result = await action()
    say(`${name}: done in ${seconds()} s`)
    return result
  } finally {
    clearInterval(alive)
  }
}
