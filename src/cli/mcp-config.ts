/** `whatsapp-mcp-api mcp-config CLIENT`: prints the configuration that a client needs, or writes it into the client's file. */
import { stringify as toToml } from 'smol-toml'
import type { GivenSettings } from '../config.ts'
import { DEFAULT_ACCOUNT } from '../model/ids.ts'
import { UsageError } from './arguments.ts'
import { givenUrl, splitAddress } from './client.ts'
import { currentPlace, type Place } from './data-dir.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { CLIENTS, type McpClient } from './mcp-config-clients.ts'
import { type Entry, omittedSecret, type Transport, toEntry } from './mcp-config-entry.ts'
import { install } from './mcp-config-install.ts'
import { otherProgram } from './mcp-config-other.ts'
import { nearest } from './nearest.ts'
import { printable } from './terminal.ts'
import { inWords, quote } from './words.ts'

type McpConfigFlags = {
  transport: Transport | ''
  name: string
  install: boolean
  url: string
  'key-file': string
  account: string
}

/** Prints only the line or the entry on standard output, or writes the entry. Resolves with the exit code. */
export async function mcpConfig(
  id: string,
  given: { settings: GivenSettings; flags: McpConfigFlags },
): Promise<number> {
  const { flags } = given
  const client = Object.hasOwn(CLIENTS, id) ? CLIENTS[id] : undefined
  if (client === undefined) throw unknownClient(id)
  const { platform, execPath } = process
  const place = currentPlace()
  const { account } = splitAddress(givenUrl(given) ?? '', flags.account)
  const name = flags.name || `whatsapp${account === DEFAULT_ACCOUNT ? '' : `-${account}`}`
  const entry = toEntry(transportOf(client, flags.transport), { given, place, execPath })
  const secret = entry.transport === 'stdio' ? omittedSecret(place) : null
  if (secret !== null)
    say(`${secret} is set, but the entry does not contain it. Set ${secret}_FILE to a key file instead.`)
  if (flags.install) return writeInto(client, name, entry, place)
  process.stdout.write(`${render(client, name, entry, platform)}\n`)
  say(howToUse(client, place))
  if (entry.transport === 'http') say(inWords('The server must run: whatsapp-mcp-api serve'))
  return EXIT.ok
}

function unknownClient(id: string): UsageError {
  const known = Object.keys(CLIENTS)
  const meant = nearest(id, known)
  const next = meant === undefined ? `Choose one of ${known.join(', ')}.` : `Did you mean ${meant}?`
  return new UsageError(`The client ${JSON.stringify(id)} is unknown. ${next}`)
}

function writeInto(client: McpClient, name: string, entry: Entry, place: Place): number {
  const { title, file, next } = client
  if (file === null) {
    throw new CommandError(
      `${title} has no configuration file that --install can write.`,
      'Omit --install, and paste the output.',
      EXIT.wrongSetting,
    )
  }
  const { format, member } = file
  const isOurs = (before: unknown) => otherProgram(before, entry, place) === null
  const done = install(file.path(place), { format, member, name, entry: client.entry(entry), isOurs })
  const other = otherProgram(done.replaced, entry, place)
  const lines = done.isChanged
    ? [
        `Configured the server "${name}" in ${title}: ${done.file}`,
        ...(other === null ? [] : [`It replaced the entry of another program: ${printable(other)}`]),
        ...(done.backup === null ? [] : [`Backup of the file: ${done.backup}`]),
        ...(other === null
          ? []
          : ['To keep both, restore the backup and install with another name: --name NAME']),
        next,
      ]
    : [`${title} already has the server "${name}": ${done.file}`]
  process.stdout.write(`${lines.join('\n')}\n`)
  return EXIT.ok
}

function transportOf({ title, transports }: McpClient, asked: Transport | ''): Transport {
  const [standard = 'stdio'] = transports
  if (asked === '' || transports.includes(asked)) return asked || standard
  throw new CommandError(
    `${title} does not support ${asked} for a local server.`,
    `Omit --transport, or use --transport ${standard}.`,
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

/** Renders YAML: objects as blocks, all other values as JSON, which is valid YAML (yaml.org/spec/1.2.2, 1.2). */
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
  const what = command === undefined ? `Add this to ${where}.` : 'Run this command.'
  return `${what} Or use --install to write ${command === undefined ? 'the file' : where}.`
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
