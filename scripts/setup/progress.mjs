/** Says on stderr what the setup is doing and how long it took, and what to do where it cannot go on. */

/** The setup cannot go on. `message` is one sentence saying what is wrong, `hint` one with the next step. */
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
 * Runs one named step, such as `installing packages`. A long one says every 15 s that it lives: a first install takes
 * minutes on a slow line, and silence looks like a hang.
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
