/** How commands end: the exit codes, and the failure that carries one. */

/** So that a script or a supervisor can tell what happened. */
export const EXIT = {
  ok: 0,
  failed: 1,
  wrongSetting: 2,
  directory: 3,
  port: 4,
  browser: 5,
  notRunning: 6,
} as const

/** What each means, for the documentation. */
export const EXIT_MEANINGS = {
  ok: 'Done. A server: it was stopped, cleanly.',
  failed: 'It did not work; standard error says why. A check: something is wrong.',
  wrongSetting: 'A flag, variable or argument is wrong.',
  directory: 'The session directory cannot be used, or another process uses it.',
  port: 'The address or port cannot be bound.',
  browser: 'The browser named in the settings cannot be used.',
  notRunning: 'No server answers at the address.',
} as const satisfies Record<keyof typeof EXIT, string>

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** A command cannot do its work. `message` is one sentence, `hint` the next step; both are shown, then the process ends. */
export class CommandError extends Error {
  readonly hint: string
  readonly exitCode: ExitCode

  constructor(message: string, hint: string, exitCode: ExitCode, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CommandError'
    this.hint = hint
    this.exitCode = exitCode
  }
}
