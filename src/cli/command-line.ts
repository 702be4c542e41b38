/** The command line: selects the command, runs it, and prints its errors. */
import { type AnyProblem, ApiError } from '../../clients/typescript/src/transport/problem.ts'
import { ConfigError } from '../config.ts'
import type { Candidate } from '../model/recipient.ts'
import { VERSION } from '../version.ts'
import { parseArguments, UsageError } from './arguments.ts'
import { UnknownOutcome } from './client.ts'
import type { Command } from './command.ts'
import { COMMANDS, commandOf, wordsOf } from './commands.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { listChats } from './find-chat.ts'
import { renderHelp, renderOverview } from './help.ts'
import { nearest } from './nearest.ts'
import { jsonLines, printable } from './terminal.ts'
import { commandLineHere, inWords, nameServer } from './words.ts'

/** The commands that suggestions send to the server of `--url`. doctor fails there if no server responds, and checks the port without it. */
const CLIENTS = COMMANDS.filter(({ name, flags }) => 'url' in flags && name !== 'doctor').map(
  ({ name }) => name,
)

/** Runs the command that `argv` names. Resolves with the exit code. */
export async function runCommandLine(argv: string[]): Promise<number> {
  const [first = ''] = argv
  if (first === '--version' || first === '-v') return print(`${VERSION}\n`)
  if (first === '--help' || first === '-h') return print(renderOverview(COMMANDS))
  if (first === 'help') return help(argv.slice(1))
  // Without a command, the flags belong to the default command.
  const isNamed = first !== '' && !first.startsWith('-')
  const command = isNamed ? commandOf(argv) : COMMANDS[0]
  if (command === undefined) return help(argv)
  return run(command, isNamed ? argv.slice(wordsOf(command).length) : argv)
}

async function run(command: Command, argv: string[]): Promise<number> {
  const see = `See ${commandLineHere(`${command.name} --help`)}.`
  try {
    const given = parseArguments(command, argv)
    if (given === null) return print(renderHelp(command))
    nameServer(String(given.flags.url ?? ''), CLIENTS)
    return await command.run(given)
  } catch (error) {
    if (error instanceof ConfigError || error instanceof UsageError)
      return complain(`${error.message} ${see}`, EXIT.wrongSetting)
    if (error instanceof CommandError) return complain(`${error.message}\n${error.hint}`, error.exitCode)
    if (error instanceof ApiError) {
      // With --json, a program gets the problem JSON in place of the response.
      if (argv.includes('--json')) process.stdout.write(jsonLines(error.problem))
      return complain(describe(error, command, see), EXIT.failed)
    }
    throw error
  }
}

/** Returns the sentence, the next step, and a warning if a retry could repeat an action. */
function describe(error: ApiError, { fields = {} }: Command, see: string): string {
  const { problem, url } = error
  const { detail, hint, code }: AnyProblem = problem
  const careful = error instanceof UnknownOutcome ? `\n${error.advice}` : ''
  // The hint is for agents: they ask their user.
  const candidates = candidatesOf(problem)
  if (candidates.length > 0) return `${printable(detail)} (${printable(code)})\n${listChats(candidates)}`
  if (code !== 'invalid_input')
    return `${printable(detail)} (${printable(code)})\n${inWords(printable(hint), url)}${careful}`
  // The API names its fields; the person typed arguments.
  const typedWrong = detail.replace(/"([\w.]+)":/g, (found, name: string) =>
    Object.hasOwn(fields, name) ? (fields[name] ?? found) : found,
  )
  return `${printable(typedWrong)}\n${see}`
}

function candidatesOf({ candidates }: AnyProblem): Candidate[] {
  return Array.isArray(candidates) ? candidates : []
}

function help(words: string[]): number {
  const command = commandOf(words)
  if (command !== undefined) return print(renderHelp(command))
  const [first, second = ''] = words
  if (first === undefined) return print(renderOverview(COMMANDS))
  const family = COMMANDS.filter((one) => wordsOf(one).length > 1 && wordsOf(one)[0] === first)
  if (family.length > 0 && ['', '--help', '-h'].includes(second)) return print(renderOverview(family))
  const wrong = family.length === 0 ? first : `${first} ${second}`
  const meant = nearest(
    wrong,
    COMMANDS.map(({ name }) => name),
  )
  const says = `The command "${printable(wrong)}" does not exist.`
  const next =
    meant === undefined
      ? `\n\n${renderOverview(family.length === 0 ? COMMANDS : family)}`
      : ` Did you mean "${commandLineHere(meant)}"?\nAll commands: ${commandLineHere('--help')}`
  return complain(`${says}${next}`, EXIT.wrongSetting)
}

function print(text: string): number {
  process.stdout.write(text)
  return EXIT.ok
}

/** Prints on standard error, with each command in the form to type here. */
function complain(text: string, code: number): number {
  process.stderr.write(`${inWords(text.trimEnd())}\n`)
  return code
}
