/** The exit codes of commands, and the error that sets one. */

/** Exit codes, for scripts and supervisors. */
export const EXIT = {
  ok: 0,
  failed: 1,
  wrongSetting: 2,
  directory: 3,
  port: 4,
  browser: 5,
  notRunning: 6,
} as const

/** The meaning of each exit code, for help and documentation. */
export const EXIT_MEANINGS = {
  ok: 'Success. For a server: it was stopped cleanly.',
  failed: 'Failure; standard error has the reason. For a check: there is a problem.',
  wrongSetting: 'A flag, variable or argument is wrong.',
  directory: 'The session directory cannot be used, or another process uses it.',
  port: 'The address or port cannot be bound.',
  browser: 'The browser named in the settings cannot be used.',
  notRunning: 'No server responds at the address.',
} as const satisfies Record<keyof typeof EXIT, string>

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The error of a command. `message` is one sentence, `hint` the next step. Both are printed, then the process ends. */
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
