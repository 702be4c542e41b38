/** What a command is: one row that dispatch, `--help` and docs/cli.md are derived from. */
import type { z } from 'zod'
import type { GivenSettings, Row, SettingName } from '../config.ts'
import type { EXIT } from './exit-codes.ts'

/** A command's own flags, by name without the dashes. */
export type Flags = Record<string, Row>

/** What the person typed, checked. */
export type Given<Own extends Flags = Flags> = {
  /** The settings that were given as flags, still as text: they win over the environment. */
  settings: GivenSettings
  /** Every flag of the command's own, parsed; its default where it was left out. */
  flags: { [Name in keyof Own]: z.output<Own[Name]['schema']> }
  /** As many as {@link Command.operands} names. */
  operands: string[]
}

export type Command<Own extends Flags = Flags> = {
  name: string
  /** One line for the list of commands. */
  summary: string
  /** What else a person should know, for the help of this command. */
  about: string
  /** What must stand after the name, such as `['NUMBER', 'MESSAGE']`. */
  operands: readonly string[]
  /** Fields of the API that the command fills in, and what was typed for each: `{ phone_number: 'NUMBER' }`. */
  fields?: Record<string, string>
  /** The settings that it takes as flags. */
  settings: readonly SettingName[]
  /** Where those come from, in the help; where it is left out: flags, environment, `.env` of the working directory. */
  settingsFrom?: string
  flags: Own
  /** Command lines without the program's name, and what each does; at least one. */
  examples: readonly (readonly [line: string, does: string])[]
  /** How it can end, beside 0 (done), 1 (failed) and 2 (wrong arguments). */
  exits: readonly (keyof typeof EXIT)[]
  /** Resolves with the exit code. Imports late, so that a command loads no more than it needs. */
  run(given: Given<Own>): Promise<number>
}

/** A row of the table, checked against its own flags. */
export function defineCommand<const Own extends Flags>(row: Command<Own>): Command<Own> {
  return row
}
