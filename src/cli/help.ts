/** Renders help from the table of commands, for the terminal and for docs/cli.md. */
import { type Row, SETTINGS } from '../config.ts'
import type { Command } from './command.ts'
import { EXIT, EXIT_MEANINGS } from './exit-codes.ts'
import { commandLineHere, PROGRAM } from './words.ts'

const SETTINGS_FROM =
  'A name in capitals is the environment variable of the same setting. A .env file in the working directory can set it\ntoo. A flag takes precedence over the environment, and the environment over .env.'

/** Renders all commands, one line each. `type` formats a command line. */
export function renderOverview(commands: readonly Command[], type = commandLineHere): string {
  return `${PROGRAM}: your own WhatsApp account for your agents and scripts

Usage: ${type('COMMAND [flags]')}

${columns(commands.map((command) => [usageOf(command), command.summary]))}

${columns([
  [type('COMMAND --help'), 'The flags of a command, with examples'],
  [type('--version'), 'The version'],
])}
`
}

/** Renders one command: purpose, flags with variable and default, examples, exit codes. `type` formats a command line. */
export function renderHelp(command: Command, type = commandLineHere): string {
  const settings = command.settings.map((name) => {
    const row = SETTINGS[name]
    return row.flag === null ? `  ${name}\n      ${row.help}` : flagHelp(row.flag, row, name)
  })
  const own = Object.entries(command.flags).map(([name, row]) => flagHelp(name, row))
  const examples = command.examples.flatMap(([line, does]) => [`  # ${does}`, `  ${type(line)}`])
  const ends = ['ok', 'failed', 'wrongSetting', ...command.exits] as const
  const codes = ends.map((name) => `  ${EXIT[name]}  ${EXIT_MEANINGS[name]}`)
  const parts = [
    `Usage: ${type(`${usageOf(command)} [flags]`)}`,
    command.summary,
    command.about,
    [...own, ...settings].join('\n'),
    ...(settings.length === 0 ? [] : [command.settingsFrom ?? SETTINGS_FROM]),
    `Examples:\n${examples.join('\n')}`,
    `Exit codes:\n${codes.join('\n')}`,
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function usageOf({ name, operands }: Command): string {
  return [name, ...operands].join(' ')
}

function flagHelp(flag: string, { takes, fallback, help }: Row, variable?: string): string {
  const isOnByDefault = takes === null && fallback === 'true'
  const shown = takes === null ? `--${isOnByDefault ? '[no-]' : ''}${flag}` : `--${flag} ${takes}`
  const saysDefault = fallback !== '' && fallback !== 'false'
  const facts = [
    ...(variable === undefined ? [] : [variable]),
    ...(saysDefault ? [`default ${fallback}`] : []),
  ]
  return `  ${shown}${facts.length === 0 ? '' : `   (${facts.join(', ')})`}\n      ${help}`
}

function columns(rows: (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([first]) => first.length))
  return rows.map(([first, second]) => `  ${first.padEnd(width)}   ${second}`).join('\n')
}
