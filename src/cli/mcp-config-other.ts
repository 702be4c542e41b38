/** Detects whether an existing entry in a client's file is of this program or of another one. */
import { join } from 'node:path'
import { SETTINGS } from '../config.ts'
import { isRecord } from '../json.ts'
import { isLoopback } from '../loopback.ts'
import type { Place } from './data-dir.ts'
import type { Entry } from './mcp-config-entry.ts'

/** The maximum length of a shown command. */
const MOST_CHARACTERS = 200

/**
 * Returns the command or URL of another program's entry, for people; null if the entry is ours or empty. Omits further
 * arguments, and the query and password of a URL, because they may be secrets. A URL that is neither that of `now` nor the
 * endpoint at the default port counts as another program, because its server is unknown.
 */
export function otherProgram(before: unknown, now: Entry, { root }: Pick<Place, 'root'>): string | null {
  if (!isRecord(before)) return null
  // Clients use different names for the URL, and some write the command and its arguments as one list.
  const { command: program, args, httpUrl, serverUrl, url = httpUrl ?? serverUrl } = before
  const [command, ...words] = [program, args].flat().filter((word) => typeof word === 'string')
  if (program !== undefined && command !== undefined) {
    const isOurs =
      /(^|[\\/])whatsapp-mcp-api(\.cmd)?$/.test(command) || words.some((word) => isOurBuild(word, root))
    return isOurs ? null : shorten([command, ...words])
  }
  if (typeof url !== 'string') return null
  return isOurAddress(url, now) ? null : bare(url)
}

/** True for our package name, with or without a version, for this build, and for the build in a folder with our name. */
function isOurBuild(word: string, root: string): boolean {
  if (word === join(root, 'dist', 'main.js')) return true
  return (
    /^whatsapp-mcp-api(@[^\\/]*)?$/.test(word) || /[\\/]whatsapp-mcp-api[\\/]dist[\\/]main\.js$/.test(word)
  )
}

function isOurAddress(url: string, now: Entry): boolean {
  if (now.transport === 'http' && now.url === url) return true
  if (!URL.canParse(url)) return false
  const { hostname, port, pathname } = new URL(url)
  return isLoopback(hostname) && port === SETTINGS.WHATSAPP_MCP_PORT.fallback && pathname === '/mcp'
}

/** Returns the command up to the first word that is not an option: `npx -y package`, `node /path/to/it.js`. */
function shorten([command = '', ...args]: string[]): string {
  const first = args.findIndex((arg) => !arg.startsWith('-'))
  return [command, ...args.slice(0, first + 1)].join(' ').slice(0, MOST_CHARACTERS)
}

function bare(url: string): string {
  if (!URL.canParse(url)) return url.slice(0, MOST_CHARACTERS)
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`.slice(0, MOST_CHARACTERS)
}
