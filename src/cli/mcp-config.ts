/** `whatsapp-mcp-api mcp-config CLIENT`: what a client needs to know, printed or written where it keeps that. */
import { stringify as toToml } from 'smol-toml'
import type { GivenSettings } from '../config.ts'
import { UsageError } from './arguments.ts'
import { type Place, thisPlace } from './data-dir.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { CLIENTS, type McpClient } from './mcp-config-clients.ts'
import { type Entry, leftOut, type Transport, toEntry } from './mcp-config-entry.ts'
import { install } from './mcp-config-install.ts'
import { otherProgram } from './mcp-config-other.ts'
import { nearest } from './nearest.ts'
import { plain } from './terminal.ts'
import { inWords, quote } from './words.ts'

type McpConfigFlags = { transport: Transport | ''; name: string; install: boolean; url: string }

/** Prints the line or the entry, and nothing else, on standard output; or writes it. Resolves with the exit code. */
export async function mcpConfig(
  id: string,
  given: { settings: GivenSettings; flags: McpConfigFlags },
): Promise<number> {
  const { flags } = given
  const client = Object.hasOwn(CLIENTS, id) ? CLIENTS[id] : undefined
  if (client === undefined) throw unknownClient(id)
  const { platform, execPath } = process
  const place = thisPlace()
  const entry = toEntry(transportOf(client, flags.transport), { given, place, execPath })
  const secret = entry.transport === 'stdio' ? leftOut(place) : null
  if (secret !== null)
    say(`${secret} is set here and not written down: name a file in WHATSAPP_ARCHIVE_KEY_FILE.`)
  if (flags.install) return writeInto(client, flags.name, entry, place)
  process.stdout.write(`${render(client, flags.name, entry, platform)}\n`)
  say(howToUse(client, place))
  if (entry.transport === 'http') say(inWords('The server must run: whatsapp-mcp-api serve'))
  return EXIT.ok
}

function unknownClient(id: string): UsageError {
  const known = Object.keys(CLIENTS)
  const meant = nearest(id, known)
  const next = meant === undefined ? `Choose one of ${known.join(', ')}.` : `Did you mean ${meant}?`
  return new UsageError(`There is no client ${JSON.stringify(id)}. ${next}`)
}

function writeInto(client: McpClient, name: string, entry: Entry, place: Place): number {
  const { title, file, next } = client
  if (file === null) {
    throw new CommandError(
      `${title} keeps no file that could be written.`,
      'Leave --install out: what is printed can be pasted.',
      EXIT.wrongSetting,
    )
  }
  const { format, member } = file
  const isOurs = (before: unknown) => otherProgram(before, entry, place) === null
  const done = install(file.path(place), { format, member, name, entry: client.entry(entry), isOurs })
  const other = otherProgram(done.replaced, entry, place)
  const lines = done.isChanged
    ? [
        `${title} knows the server "${name}" now: ${done.file}`,
        ...(other === null ? [] : [`It replaced another program of that name: ${plain(other)}`]),
        ...(done.backup === null ? [] : [`The file as it was: ${done.backup}`]),
        ...(other === null
          ? []
          : ['To keep both, put that file back and install under another name: --name NAME']),
        next,
      ]
    : [`${title} knows the server "${name}" already, as it is: ${done.file}`]
  process.stdout.write(`${lines.join('\n')}\n`)
  return EXIT.ok
}

function transportOf({ title, transports }: McpClient, asked: Transport | ''): Transport {
  const [standard = 'stdio'] = transports
  if (asked === '' || transports.includes(asked)) return asked || standard
  throw new CommandError(
    `${title} cannot use a local server over ${asked}.`,
    `Leave --transport out, or say --transport ${standard}.`,
    EXIT.wrongSetting,
  )
}

function render(client: McpClient, name: string, entry: Entry, platform: NodeJS.Platform): string {
  if (client.command !== undefined)
    return client
      .command(name, entry)
      .map((word) => quote(word, platform))
      .join(' ')
  const ours = client.entry(entry)
  if (client.file === null) {
    const pasted = client.pasted?.(name, entry, ours) ?? ours
    return client.format === 'yaml' ? toYaml(pasted) : JSON.stringify(pasted, null, 2)
  }
  const whole = { [client.file.member]: { [name]: ours } }
  return client.file.format === 'toml' ? toToml(whole) : JSON.stringify(whole, null, 2)
}

/** Objects as blocks; what they hold in the end as JSON, which YAML reads as it is (yaml.org/spec/1.2.2, 1.2). */
function toYaml(value: object, indent = ''): string {
  return Object.entries(value)
    .map(([key, item]) =>
      typeof item === 'object' && !Array.isArray(item)
        ? `${indent}${key}:\n${toYaml(item, `${indent}  `)}`
        : `${indent}${key}: ${JSON.stringify(item)}`,
    )
    .join('\n')
}

function howToUse({ command, file, use = '' }: McpClient, place: Place): string {
  if (file === null) return use
  const where = file.path(place)
  const what = command === undefined ? `For ${where}.` : 'A line to run.'
  return `${what} With --install it is written to ${command === undefined ? 'that file' : where}.`
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
