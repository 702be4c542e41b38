/** Builds the entry for a client: the server's URL, or the command that starts `stdio` the way this program was started. */
import { accessSync, constants, readFileSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { type GivenSettings, type Row, readConfig, rooted, SETTINGS, type SettingName } from '../config.ts'
import { readEnvironment } from '../environment.ts'
import { toPath } from '../home.ts'
import { accountPath } from '../model/account-paths.ts'
import { DEFAULT_ACCOUNT } from '../model/ids.ts'
import { addressOf, givenUrl, splitAddress } from './client.ts'
import { dataRootOf, type Place } from './data-dir.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { toolsetsQuery } from './toolsets-query.ts'
import { PROGRAM, quote } from './words.ts'

export type Transport = 'stdio' | 'http'

/** What a client needs to reach the server. */
export type Entry =
  | { transport: 'http'; url: string }
  | { transport: 'stdio'; command: string; args: string[] }

export type EntryOptions = {
  given: { settings: GivenSettings; flags: { url: string; account?: string; 'key-file'?: string } }
  place: Place
  /** The Node that runs this. */
  execPath: string
}

/** Returns the entry. @throws ConfigError, and CommandError if the settings do not determine the server's URL */
export function toEntry(transport: Transport, { given, place, execPath }: EntryOptions): Entry {
  const { account: flag = DEFAULT_ACCOUNT, 'key-file': keyFile = '' } = given.flags
  const { url, account } = splitAddress(
    addressOf(given, () => environmentOf(place)),
    flag,
  )
  const asked = given.settings.WHATSAPP_MCP_TOOLSETS
  const query = toolsetsQuery(asked)
  if (transport === 'http' && keyFile !== '') throw noKeyIn(transport)
  if (transport === 'http') return { transport, url: `${url}${accountPath('/mcp', account)}${query}` }
  const { command, args } = launch(place, execPath)
  const more =
    givenUrl(given) === null
      ? carriedFlags(given.settings, place)
      : ['--url', url, ...(query === '' ? [] : ['--toolsets', String(asked)])]
  return {
    transport,
    command,
    args: [
      ...args,
      'stdio',
      ...(account === DEFAULT_ACCOUNT ? [] : ['--account', account]),
      ...(keyFile === '' ? [] : ['--key-file', toPath(keyFile)]),
      ...more,
    ],
  }
}

/** An entry is stored and synchronised by its client, and shown by it: it names the file of a key, and contains no key. */
function noKeyIn(transport: Transport): CommandError {
  return new CommandError(
    `An entry with --transport ${transport} cannot read a key from a file.`,
    'Omit --transport: the command stdio reads the key. Or add the header "Authorization: Bearer KEY" in the client yourself.',
    EXIT.wrongSetting,
  )
}

/** Returns the name of a setting that is set but must not be written into a client's file; null if there is none. */
export function omittedSecret(place: Place): 'WHATSAPP_ARCHIVE_KEY' | 'WHATSAPP_MCP_KEY' | null {
  const env = environmentOf(place)
  return (['WHATSAPP_ARCHIVE_KEY', 'WHATSAPP_MCP_KEY'] as const).find((name) => env[name]) ?? null
}

/** Returns the environment that `stdio` reads too. Ignores the `.env` of the working directory, because its values would become permanent. */
function environmentOf(place: Place): Record<string, string | undefined> {
  return readEnvironment(dataRootOf(place))
}

/**
 * Returns the command that starts this program again: npx if it runs through npx, else Node and our file. Both are absolute
 * paths, because desktop programs have another PATH.
 */
function launch({ root, platform, home, env }: Place, execPath: string): { command: string; args: string[] } {
  if (root.split(/[\\/]/).includes('_npx')) {
    requireRegistry(root)
    // Clients start npx in the folder of the open project. Its `.npmrc` may name another registry, and its
    // `node_modules/.bin` may contain another program with our name. With a prefix, npx reads both from there.
    const args = [`--prefix=${home}`, '-y', 'whatsapp-mcp-api']
    // On Windows, npx is a script that only a shell can start.
    return platform === 'win32' ? { command: 'cmd', args: ['/c', 'npx', ...args] } : { command: 'npx', args }
  }
  return { command: stableNode(env.PATH ?? '', execPath), args: [join(root, 'dist', 'main.js')] }
}

/**
 * Checks that this program came from the npm registry. Otherwise, a client that starts it through npx would get another
 * program, or none. npx stores the source as a dependency of the folder in its cache.
 * @throws CommandError if the program came from a file, a URL or a repository
 */
function requireRegistry(root: string): void {
  const folder = dirname(dirname(root))
  const spec = dependencyOf(join(folder, 'package.json'))
  if (/^[\^~]?\d|^latest$/.test(spec ?? '')) return
  const file = spec?.startsWith('file:') ? quote(resolve(folder, spec.slice('file:'.length))) : 'FILE'
  throw new CommandError(
    'This program runs through npx, but does not come from the npm registry. A client that starts it by name would get another program, or none.',
    `Install it (npm install -g ${file}) or use a checkout, then run this command again.`,
    EXIT.failed,
  )
}

/** Returns the source of the package in a folder of npx's cache: a version range, a file or a URL; null if unknown. */
function dependencyOf(file: string): string | null {
  try {
    const spec: unknown = JSON.parse(readFileSync(file, 'utf8')).dependencies[PROGRAM]
    return typeof spec === 'string' ? spec : null
  } catch {
    return null
  }
}

/** Returns the path of this Node on the PATH, if any. The path in Homebrew's own folder changes with each version. */
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

/** Returns the settings that differ from the defaults, as flags. A client starts the program in another folder and environment. */
function carriedFlags(settings: GivenSettings, place: Place): string[] {
  const root = dataRootOf(place)
  const env = environmentOf(place)
  /** Returns the folder that a relative path starts at. For a value of `.env` it is the folder of that file. */
  const baseOf = (name: SettingName) => ((settings[name] ?? process.env[name]) ? '.' : root)
  const { authDir } = readConfig({ flags: settings, env, root, base: baseOf('WHATSAPP_AUTH_DIR') })
  // The default for a client, which may not have XDG_DATA_HOME.
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
