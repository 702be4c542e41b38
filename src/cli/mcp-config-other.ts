/** What stood under our name in a client's file before: an entry of ours, or one that leads to another program. */
import { join } from 'node:path'
import { SETTINGS } from '../config.ts'
import { isLoopback } from '../loopback.ts'
import type { Place } from './data-dir.ts'
import type { Entry } from './mcp-config-entry.ts'
import { isRecord } from './stdio-message.ts'

/** So much of a command says which program it is. */
const MOST_CHARACTERS = 200

/**
 * The command or address of an entry that is not one of ours, for people; null: it is ours, or leads nowhere. Further
 * arguments, and the query and the password of an address, are left out: they may be secrets. An address on another port than those
 * of now counts as foreign: nothing says whose it is.
 */
export function otherProgram(before: unknown, now: Entry, { root }: Pick<Place, 'root'>): string | null {
  if (!isRecord(before)) return null
  // Clients name the address differently, and some write the command and its arguments as one list.
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

/** Our package by its name, with or without a version; this build, or that of a folder with our name. */
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

/** Up to the first word that is no option: `npx -y package`, `node /path/to/it.js`. */
function shorten([command = '', ...args]: string[]): string {
  const first = args.findIndex((arg) => !arg.startsWith('-'))
  return [command, ...args.slice(0, first + 1)].join(' ').slice(0, MOST_CHARACTERS)
}

function bare(url: string): string {
  if (!URL.canParse(url)) return url.slice(0, MOST_CHARACTERS)
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`.slice(0, MOST_CHARACTERS)
}
