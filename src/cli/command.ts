/** The row of a command. Dispatch, `--help` and docs/cli.md are derived from it. */
import type { z } from 'zod'
import type { GivenSettings, Row, SettingName } from '../config.ts'
import type { EXIT } from './exit-codes.ts'

/** The flags that belong to one command, by name without the dashes. */
export type Flags = Record<string, Row>

/** The parsed and checked arguments. */
export type Given<Own extends Flags = Flags> = {
  /** The settings that were given as flags, as text. They take precedence over the environment. */
  settings: GivenSettings
  /** Every flag of {@link Command.flags}, parsed; the default if it was omitted. */
  flags: { [Name in keyof Own]: z.output<Own[Name]['schema']> }
  /** One for each name in {@link Command.operands}; fewer if optional ones were omitted. */
  operands: string[]
  /** The other flags, of a command that {@link Command.takesFields}. A flag without a value is null. */
  fields: Record<string, string | null>
}

export type Command<Own extends Flags = Flags> = {
  name: string
  /** One line for the list of commands. */
  summary: string
  /** More details, for the help of this command. */
  about: string
  /** The arguments after the name, such as `['CHAT', '[MESSAGE]']`: optional ones in brackets, at the end. */
  operands: readonly string[]
  /** True if it takes any other flag, as `--name VALUE`, and any other argument of the form `name=value`. */
  takesFields?: true
  /** The argument behind each API field that the command fills in: `{ chat_id: 'CHAT', limit: '--limit' }`. */
  fields?: Record<string, string>
  /** The settings that the command accepts as flags. */
  settings: readonly SettingName[]
  /** The sources of the settings, for the help. Default: flags, environment, `.env` of the working directory. */
  settingsFrom?: string
  flags: Own
  /** At least one command line, without the program's name, and what it does. */
  examples: readonly (readonly [line: string, does: string])[]
  /** The possible exit codes, besides 0 (success), 1 (failure) and 2 (wrong arguments). */
  exits: readonly (keyof typeof EXIT)[]
  /** Resolves with the exit code. Imports its code when it runs, so that other commands do not load it. */
  run(given: Given<Own>): Promise<number>
}

/** Returns the row. Checks `run` against the types of `flags`. */
export function defineCommand<const Own extends Flags>(row: Command<Own>): Command<Own> {
  return row
}
