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
import { plain } from './terminal.ts'
import { inWords } from './words.ts'

type McpConfigFlags = { transport: Transport | ''; name: string; install: boolean; url: string }

/** Prints the line or the entry, and nothing else, on standard output; or writes it. Resolves with the exit code. */
export async function mcpConfig(
  id: string,
  given: { settings: GivenSettings; flags: McpConfigFlags },
): Promise<number> {
  const { flags } = given
  const client = Object.hasOwn(CLIENTS, id) ? CLIENTS[id] : undefined
  if (client === undefined)
    throw new UsageError(`There is no client ${JSON.stringify(id)}: ${Object.keys(CLIENTS).join(', ')}.`)
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
  const done = install(file.path(place), { format, member, name, entry: client.entry(entry) })
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
  if (client.file === null) return JSON.stringify(ours, null, 2)
  const whole = { [client.file.member]: { [name]: ours } }
  return client.file.format === 'toml' ? toToml(whole) : JSON.stringify(whole, null, 2)
}

function howToUse({ command, file, use = '' }: McpClient, place: Place): string {
  if (file === null) return use
  const where = file.path(place)
  const what = command === undefined ? `For ${where}.` : 'A line to run.'
  return `${what} With --install it is written to ${command === undefined ? 'that file' : where}.`
}

/** A word as a shell takes it: that of POSIX, or both of Windows. */
function quote(word: string, platform: NodeJS.Platform): string {
  if (/^[\w@%+=:,./\\-]+$/.test(word) && (platform === 'win32' || !word.includes('\\'))) return word
  return platform === 'win32' ? `"${word.replaceAll('"', '\\"')}"` : `'${word.replaceAll("'", "'\\''")}'`
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
