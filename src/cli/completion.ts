/** Completion of the command line in a shell, generated from the table of commands. */
import { z } from 'zod'
import type { Row } from '../config.ts'
import { rowsOf } from './arguments.ts'
import type { Command } from './command.ts'
import type { Shell } from './shells.ts'
import { PROGRAM } from './words.ts'

/** A flag as a shell completes it. `values`: the words that can follow it; null: any text. */
type Completed = { name: string; help: string; takes: 'nothing' | 'file' | 'text'; values: readonly string[] }

const FILES = new Set(['FILE', 'DIR', 'PATH'])

/** Returns the script that a shell reads. */
export function renderCompletion(shell: Shell, commands: readonly Command[]): string {
  return shell === 'fish' ? fish(commands) : bash(commands, shell)
}

function flagsOf(command: Command): Completed[] {
  const rows = [...rowsOf(command)].map(([name, row]): Completed => {
    const isOn = row.takes === null && row.fallback === 'true'
    const takes = row.takes === null ? 'nothing' : FILES.has(row.takes) ? 'file' : 'text'
    return { name: isOn ? `no-${name}` : name, help: row.help, takes, values: valuesOf(row) }
  })
  return [...rows, { name: 'help', help: 'Show the help.', takes: 'nothing', values: [] }]
}

function valuesOf({ takes, schema }: Row): readonly string[] {
  return takes !== null && schema instanceof z.ZodEnum ? schema.options.map(String) : []
}

/** zsh runs the function of bash. */
function bash(commands: readonly Command[], shell: Shell): string {
  const families = new Map<string, string[]>()
  for (const { name } of commands) {
    const [first = '', second] = name.split(' ')
    families.set(first, [...(families.get(first) ?? []), ...(second === undefined ? [] : [second])])
  }
  const subcommands = [...families].filter(([, words]) => words.length > 0)
  const cases = commands.map((command) => {
    const pattern = command.name.includes(' ') ? `'${command.name}'` : `'${command.name} '*`
    return `    ${pattern}) words='${flagsOf(command)
      .map(({ name }) => `--${name}`)
      .join(' ')}' ;;`
  })
  const all = commands.flatMap(flagsOf)
  const files = namesOf(all.filter(({ takes }) => takes === 'file'))
  const texts = namesOf(all.filter(({ takes, values }) => takes === 'text' && values.length === 0))
  const valued = new Map(
    all.flatMap(({ name, values }) => (values.length === 0 ? [] : [[name, values] as const])),
  )
  return `${shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}_whatsapp_mcp_api() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" words=''
  COMPREPLY=()
  case "$before" in
    ${files}) COMPREPLY=($(compgen -f -- "$current")); return ;;
${[...valued].map(([name, values]) => `    --${name}) COMPREPLY=($(compgen -W '${values.join(' ')}' -- "$current")); return ;;`).join('\n')}
    ${texts}) return ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then words='${[...families.keys()].join(' ')} --help --version'
  else
    case "\${COMP_WORDS[1]} $COMP_CWORD" in
${subcommands.map(([first, words]) => `      '${first} 2') words='${words.join(' ')}' ;;`).join('\n')}
    esac
  fi
  [ -n "$words" ] || case "\${COMP_WORDS[1]} \${COMP_WORDS[2]}" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _whatsapp_mcp_api ${PROGRAM}
`
}

function namesOf(flags: readonly Completed[]): string {
  return [...new Set(flags.map(({ name }) => `--${name}`))].join('|')
}

function fish(commands: readonly Command[]): string {
  const lines = commands.flatMap((command) => {
    const [first = '', second] = command.name.split(' ')
    const on =
      second === undefined
        ? `__fish_seen_subcommand_from ${first}`
        : `__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}`
    const offer =
      second === undefined
        ? `-n __fish_use_subcommand -a ${first} -d ${quoted(command.summary)}`
        : `-n '__fish_seen_subcommand_from ${first}; and test (count (commandline -opc)) -eq 2' -a ${second} -d ${quoted(command.summary)}`
    return [
      `complete -c ${PROGRAM} -f ${offer}`,
      ...flagsOf(command).map(({ name, help, takes, values }) => {
        const takesWhat = { nothing: '', file: ' -r -F', text: ' -x' }[takes]
        const words = values.length === 0 ? '' : ` -a ${quoted(values.join(' '))}`
        return `complete -c ${PROGRAM} -n '${on}' -l ${name}${takesWhat}${words} -d ${quoted(firstSentence(help))}`
      }),
    ]
  })
  const families = [
    ...new Set(commands.flatMap(({ name }) => (name.includes(' ') ? [name.split(' ')[0]] : []))),
  ]
  const groups = families.map((first) => `complete -c ${PROGRAM} -f -n __fish_use_subcommand -a ${first}`)
  return `${[...groups, ...lines].join('\n')}\n`
}

function firstSentence(text: string): string {
  return /^.*?[.](?=\s|$)/s.exec(text)?.[0] ?? text
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
