/** Parses the arguments of a command: node:util splits them into flags, the tables define each flag. */
import { parseArgs } from 'node:util'
import { type GivenSettings, type Row, readValue, SETTINGS } from '../config.ts'
import type { Command, Given } from './command.ts'
import { nearest } from './nearest.ts'

/** The arguments are not valid for the command. `message` is one sentence. */
export class UsageError extends Error {}

/**
 * Parses the arguments after the command's name. Returns null if one of them is `--help` or `-h`.
 * @throws UsageError for an unknown flag, a missing value or a wrong number of operands, ConfigError for a value that is not allowed
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
  const fields: Record<string, string | null> = {}
  /** The field whose flag came just before, without a value: the next argument is its value. */
  let unfilled: string | null = null
  for (const token of tokens) {
    const flagged = unfilled
    unfilled = null
    if (token.kind === 'positional') {
      const [, name, value = ''] = /^([a-z_]\w*)=(.*)$/s.exec(token.value) ?? []
      if (flagged !== null) fields[flagged] = token.value
      else if (command.takesFields && name !== undefined) fields[name] = value
      else operands.push(token.value)
    }
    if (token.kind !== 'option') continue
    const argument = argv[token.index] ?? ''
    if (argument === '--help' || argument === '-h') return null
    if (command.takesFields && !rows.has(token.name) && token.rawName.startsWith('--')) {
      const name: string = token.name.replaceAll('-', '_')
      fields[name] = token.value ?? null
      if (token.value === undefined) unfilled = name
      continue
    }
    const [name, value] = readToken(token, rows, command, argument)
    typed.set(name, value)
  }
  const needed = command.operands.filter(isRequired).length
  if (operands.length < needed || operands.length > command.operands.length)
    throw new UsageError(wrongOperands(command, operands))
  const settings: GivenSettings = {}
  for (const name of command.settings) {
    const { flag } = SETTINGS[name]
    const text = flag === null ? undefined : typed.get(flag)
    if (text !== undefined) settings[name] = text
  }
  const flags: Record<string, unknown> = {}
  for (const [name, row] of Object.entries(command.flags))
    flags[name] = readValue(row, typed.get(name), `--${name}`)
  return { settings, flags, operands, fields }
}

/** Returns every flag of the command: first its own, then its settings. */
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

/** Returns how to write a text that begins with a dash; empty for a command that takes none. */
function dashAdvice({ takesFields, operands }: Command): string {
  if (takesFields) return 'Write a value that begins with a dash as name=VALUE.'
  return operands.length === 0 ? '' : 'Put -- before a text that begins with a dash.'
}

/** Returns the flag's name and its value as text. `argument`: what was typed. */
function readToken(
  token: Token,
  rows: Map<string, Row>,
  command: Command,
  argument: string,
): [name: string, value: string] {
  const { name, rawName, value } = token
  const row = rows.get(name)
  if (row?.takes === null) return [name, value ?? 'true']
  if (row !== undefined) {
    // In `--port --json` the value of --port is missing. `--port=--json` sets that value on purpose.
    if (value === undefined || (!token.inlineValue && value.startsWith('--')))
      throw new UsageError(`${rawName} requires a value: ${rawName} ${row.takes}.`)
    return [name, value]
  }
  const positive = name.startsWith('no-') ? name.slice(3) : ''
  if (rows.get(positive)?.takes === null && value === undefined) return [positive, 'false']
  const known = [...rows.keys(), 'help'].map((one) => `--${one}`)
  // `--help` has no value. A text such as `--help=me` is not a mistyped flag, so no other flag is suggested.
  const meant = name === 'help' ? undefined : nearest(rawName, known)
  // parseArgs splits `-hello` into letters. The error names the argument as it was typed.
  const [flag = rawName] = argument.split(/[\s=]/, 1)
  const next = meant === undefined ? dashAdvice(command) : `Did you mean ${meant}?`
  throw new UsageError(`${command.name} has no flag ${flag}. ${next}`.trimEnd())
}

function isRequired(operand: string): boolean {
  return !operand.startsWith('[')
}

function wrongOperands({ name, operands }: Command, given: string[]): string {
  if (operands.length === 0) return `${name} takes only flags, and ${JSON.stringify(given[0])} is not a flag.`
  const count = given.length === 1 ? '1 argument' : `${given.length} arguments`
  if (given.length > operands.length)
    return `${name} takes ${operands.join(' and ')}, but got ${count}. Put text with spaces in quotes.`
  return `${name} requires ${operands.filter(isRequired).join(' and ')}, but got ${count}.`
}
