/** From what was typed to what a command gets; node:util reads the dashes, the tables say what they mean. */
import { parseArgs } from 'node:util'
import { type GivenSettings, type Row, readValue, SETTINGS } from '../config.ts'
import type { Command, Given } from './command.ts'
import { nearest } from './nearest.ts'

/** What was typed does not fit the command. `message` is one sentence. */
export class UsageError extends Error {}

/**
 * The arguments after the command's name; null where help was asked for.
 * @throws UsageError for flags and operands that do not exist, ConfigError for a value that is not allowed
 */
export function parseArguments(command: Command, argv: string[]): Given | null {
  const rows = rowsOf(command)
  const options = Object.fromEntries(
    [...rows].map(([name, { takes }]) => [
      name,
      { type: takes === null ? ('boolean' as const) : ('string' as const) },
    ]),
  )
  const { tokens } = parseArgs({
    args: argv,
    options: { ...options, help: { type: 'boolean', short: 'h' } },
    strict: false,
    tokens: true,
  })
  const typed = new Map<string, string>()
  const operands: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value)
    if (token.kind !== 'option') continue
    if (token.name === 'help') return null
    const [name, value] = readToken(token, rows, command.name)
    typed.set(name, value)
  }
  if (operands.length !== command.operands.length) throw new UsageError(wrongOperands(command, operands))
  const settings: GivenSettings = {}
  for (const name of command.settings) {
    const { flag } = SETTINGS[name]
    const text = flag === null ? undefined : typed.get(flag)
    if (text !== undefined) settings[name] = text
  }
  const flags: Record<string, unknown> = {}
  for (const [name, row] of Object.entries(command.flags))
    flags[name] = readValue(row, typed.get(name), `--${name}`)
  return { settings, flags, operands }
}

/** Every flag that the command takes, its own first. */
export function rowsOf({ flags, settings }: Command): Map<string, Row> {
  return new Map<string, Row>([
    ...Object.entries(flags),
    ...settings.flatMap((name) => {
      const { flag, ...row } = SETTINGS[name]
      return flag === null ? [] : [[flag, row] as const]
    }),
  ])
}

type Token = { name: string; rawName: string; value?: string | undefined; inlineValue?: boolean | undefined }

/** The flag's name and its value as text. */
function readToken(token: Token, rows: Map<string, Row>, command: string): [name: string, value: string] {
  const { name, rawName, value } = token
  const row = rows.get(name)
  if (row?.takes === null) return [name, value ?? 'true']
  if (row !== undefined) {
    // `--port --json`: a flag was forgotten, rather than meant as the value; `--port=--json` says that it is meant.
    if (value === undefined || (!token.inlineValue && value.startsWith('--')))
      throw new UsageError(`${rawName} needs a value: ${rawName} ${row.takes}.`)
    return [name, value]
  }
  const positive = name.startsWith('no-') ? name.slice(3) : ''
  if (rows.get(positive)?.takes === null && value === undefined) return [positive, 'false']
  const meant = nearest(
    rawName,
    [...rows.keys(), 'help'].map((one) => `--${one}`),
  )
  throw new UsageError(
    `${command} has no flag ${rawName}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`,
  )
}

function wrongOperands({ name, operands }: Command, given: string[]): string {
  if (operands.length === 0) return `${name} takes flags only; ${JSON.stringify(given[0])} is not one.`
  const count = given.length === 0 ? 'nothing was' : `${given.length} ${given.length === 1 ? 'was' : 'were'}`
  const quotes = given.length > operands.length ? ' Text with spaces stands in quotes.' : ''
  return `${name} takes ${operands.join(' and ')}, and ${count} given.${quotes}`
}
