/** How a client reaches this program: by its address, or by starting `stdio` the way this one was started. */
import { accessSync, constants, readFileSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { type GivenSettings, type Row, readConfig, rooted, SETTINGS, type SettingName } from '../config.ts'
import { readEnvironment } from '../environment.ts'
import { addressOf, givenUrl } from './client.ts'
import { dataRootOf, type Place } from './data-dir.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { PROGRAM, quote } from './words.ts'

export const TRANSPORTS = ['stdio', 'http'] as const
export type Transport = (typeof TRANSPORTS)[number]

/** What a client is to know of the server. */
export type Entry =
  | { transport: 'http'; url: string }
  | { transport: 'stdio'; command: string; args: string[] }

export type EntryOptions = {
  given: { settings: GivenSettings; flags: { url: string } }
  place: Place
  /** The Node that runs this. */
  execPath: string
}

/** @throws ConfigError, and CommandError where the settings do not say where the server is */
export function toEntry(transport: Transport, { given, place, execPath }: EntryOptions): Entry {
  const address = addressOf(given, () => environmentOf(place))
  if (transport === 'http') return { transport, url: `${address}/mcp` }
  const { command, args } = launch(place, execPath)
  const more = givenUrl(given) === null ? carriedFlags(given.settings, place) : ['--url', address]
  return { transport, command, args: [...args, 'stdio', ...more] }
}

/** Set here, and not to be written into a file of a client; null: nothing is. */
export function leftOut(place: Place): string | null {
  return environmentOf(place).WHATSAPP_ARCHIVE_KEY ? 'WHATSAPP_ARCHIVE_KEY' : null
}

/** What `stdio` will read as well. The working directory may be anybody's, and what its `.env` says would stay for good. */
function environmentOf(place: Place): Record<string, string | undefined> {
  return readEnvironment(dataRootOf(place))
}

/**
 * The command that starts this program again. Through npx as it came through npx; else Node and our own file, both by their
 * whole path: programs with windows have a PATH of their own, on which neither need be.
 */
function launch({ root, platform, home, env }: Place, execPath: string): { command: string; args: string[] } {
  if (root.split(/[\\/]/).includes('_npx')) {
    requireRegistry(root)
    // Clients start it in the folder of the open project, whose `.npmrc` may name another registry, and whose
    // `node_modules/.bin` another program of our name: npx takes both from the folder of its prefix.
    const args = [`--prefix=${home}`, '-y', 'whatsapp-mcp-api']
    // npx is a script there, which only a shell can start.
    return platform === 'win32' ? { command: 'cmd', args: ['/c', 'npx', ...args] } : { command: 'npx', args }
  }
  return { command: stableNode(env.PATH ?? '', execPath), args: [join(root, 'dist', 'main.js')] }
}

/**
 * A client that starts this through npx gets what the registry has under our name: another program, or none, unless that is
 * where this one came from. npx notes that as a dependency of the folder in its cache.
 * @throws CommandError where it came from a file, an address or a repository
 */
function requireRegistry(root: string): void {
  const folder = dirname(dirname(root))
  const spec = dependencyOf(join(folder, 'package.json'))
  if (/^[\^~]?\d|^latest$/.test(spec ?? '')) return
  const file = spec?.startsWith('file:') ? quote(resolve(folder, spec.slice('file:'.length))) : 'FILE'
  throw new CommandError(
    'This program runs through npx, and does not come from the npm registry: a client that starts it by its name would get another program, or none.',
    `Install it (npm install -g ${file}), or use a checkout; then run this command again.`,
    EXIT.failed,
  )
}

/** Where the package in a folder of npx's cache came from: a range of versions, a file, an address; null: not noted. */
function dependencyOf(file: string): string | null {
  try {
    const spec: unknown = JSON.parse(readFileSync(file, 'utf8')).dependencies[PROGRAM]
    return typeof spec === 'string' ? spec : null
  } catch {
    return null
  }
}

/** This Node by the name that it has on the PATH: Homebrew's own folder is another with each version. */
function stableNode(path: string, execPath: string): string {
  const isIt = (file: string) => {
    try {
      accessSync(file, constants.X_OK)
      return realpathSync(file) === realpathSync(execPath)
    } catch {
      return false
    }
  }
  const found = path.split(delimiter).map((folder) => resolve(folder, 'node'))
  return found.find(isIt) ?? execPath
}

/** What is not as it would be without being said, as flags: a client starts us elsewhere, and with another environment. */
function carriedFlags(settings: GivenSettings, place: Place): string[] {
  const root = dataRootOf(place)
  const env = environmentOf(place)
  /** Where a relative path begins: what the file says lies where the file does. */
  const baseOf = (name: SettingName) => ((settings[name] ?? process.env[name]) ? '.' : root)
  const { authDir } = readConfig({ flags: settings, env, root, base: baseOf('WHATSAPP_AUTH_DIR') })
  // As it would be for a client, which need not have XDG_DATA_HOME.
  const usual = join(
    dataRootOf({ ...place, env: { LOCALAPPDATA: place.env.LOCALAPPDATA } }),
    SETTINGS.WHATSAPP_AUTH_DIR.fallback,
  )
  return (Object.keys(SETTINGS) as SettingName[]).flatMap((name) => {
    const row: Row & { flag: string | null } = SETTINGS[name]
    const { flag, fallback, takes } = row
    if (flag === null) return []
    if (name === 'WHATSAPP_AUTH_DIR') return authDir === usual ? [] : [`--${flag}`, authDir]
    const text = (settings[name] ?? env[name] ?? '').trim()
    if (text === '' || text === fallback) return []
    if (takes === null) return [`--${flag}=${text}`]
    return [`--${flag}`, rooted(row, text, baseOf(name))]
  })
}
