/** Adapts sentences to the command line: replaces routes with commands, and writes each command in the form to type here. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { defaultPath } from '../model/account-paths.ts'
import { projectRoot } from './project-root.ts'

export const PROGRAM = 'whatsapp-mcp-api'

/** Returns a command line of the installed program, such as `whatsapp-mcp-api archive encrypt`. */
export function installed(line: string): string {
  return `${PROGRAM} ${line}`
}

/** Returns the command line of a checkout, which runs through npm, such as `npm run archive -- encrypt`. */
export function inCheckout(line: string): string {
  const [command = '', ...rest] = line.split(' ')
  const args = rest.length === 0 ? '' : ` -- ${rest.join(' ')}`
  if (command === 'serve') return `npm start${args}`
  // npm writes its own lines to standard output, which stdio uses for the protocol.
  if (command === 'stdio') return `node scripts/bootstrap.mjs ${line}`
  if (command.startsWith('-')) return `node dist/main.js ${line}`
  return `npm run ${command}${args}`
}

/** Returns a command line in the form to type here: in a checkout, or with the installed program, for the server of {@link nameServer}. */
export function commandLineHere(line: string): string {
  isCheckout ??= existsSync(join(projectRoot(), 'scripts', 'bootstrap.mjs'))
  return isCheckout ? inCheckout(atServer(line)) : installed(atServer(line))
}
let isCheckout: boolean | undefined

/**
 * Sets the server of all command lines to type here: a process runs one command.
 * @param url as `--url` has it; empty: without it
 * @param commands names of the commands that get the flag
 */
export function nameServer(url: string, commands: readonly string[]): void {
  named = { url, commands }
}
let named: { url: string; commands: readonly string[] } = { url: '', commands: [] }

/** The flag comes before the others: a line that is adapted twice has it once. */
function atServer(line: string): string {
  const name = named.commands.find((one) => `${line} `.startsWith(`${one} `))
  if (named.url === '' || name === undefined || / --(url|help)\b/.test(line)) return line
  return `${name} --url ${quote(named.url)}${line.slice(name.length)}`
}

/** Quotes a word for a POSIX shell, or for both shells of Windows. */
export function quote(word: string, platform = process.platform): string {
  if (/^[\w@%+=:,./\\-]+$/.test(word) && (platform === 'win32' || !word.includes('\\'))) return word
  return platform === 'win32' ? `"${word.replaceAll('"', '\\"')}"` : `'${word.replaceAll("'", "'\\''")}'`
}

/** Returns what an error says, with one full stop, and its next step if it has one. */
export function inSentences(error: unknown): string {
  const { message = error, hint = '' }: { message?: unknown; hint?: unknown } = Object(error)
  return `${String(message).replace(/\.?$/, '.')} ${hint}`.trim()
}

/** The command for each route that has one. A query belongs to the route only where it has a command of its own. */
const COMMAND_OF: Record<string, string> = {
  'POST /api/auth/start': 'auth',
  'POST /api/logout': 'logout',
  'POST /api/pairing-code': 'auth --phone NUMBER',
  'POST /api/send': 'send CHAT MESSAGE',
  'GET /api/status': 'status',
  'GET /api/archive': 'archive stats',
  'GET /api/export': 'archive export',
  'GET /api/audit': 'audit',
  'GET /api/outbox': 'outbox history',
  'GET /api/outbox/{id}': 'outbox history',
  'GET /api/chats': 'chats',
  'GET /api/chats?query=…': 'chats --query NAME --ids',
  'GET /api/contacts?query=…': 'call list_contacts --query NAME',
  'GET /api/messages': 'messages CHAT',
  'GET /api/keys': 'keys list',
  'POST /api/keys': 'keys create NAME',
  'PATCH /api/keys/{key_id}': 'keys change ID',
  'GET /api/webhooks': 'webhooks list',
  'DELETE /api/webhooks/{webhook_id}': 'webhooks delete ID',
  'GET /api/webhooks/{webhook_id}/deliveries?state=dead': 'webhooks deliveries ID',
}

/** A method and a path, with its query. */
const ROUTE = /\b(GET|POST|PUT|PATCH|DELETE) (\/[\w/{}.-]*[\w}])(\?[^\s,;:)]*)?/g
/** A verb after a route: the route is the subject of the sentence, not an instruction. */
const VERB = /^ (re)?(tries|starts|connects|links)\b/
/** The page with the QR code, without a URL before it. */
const QR_PAGE = /(?<![\w/.:])(?:\/accounts\/[\w-]+)?\/qr\b/g
/** A command of this program with its flags and their values in capitals. */
const COMMAND =
  /\bwhatsapp-mcp-api ((?:serve|sandbox|stdio|mcp-config|status|auth|send|chats|messages|search|watch|call|logout|stop|doctor|audit|backup|restore|completion|(?:accounts|archive|keys|outbox|rules|webhooks) [a-z-]+)\b(?: --[a-z-]+(?: [A-Z]+\b)?)*)/g

/**
 * Adapts a sentence that was written for all faces to the command line.
 * @param url the server's URL, without a slash at the end; if omitted, URLs stay paths
 */
export function inWords(text: string, url = ''): string {
  return text
    .replace(ROUTE, (found: string, method: string, path: string, query = '', at: number) => {
      const route = `${method} ${defaultPath(path)}`
      const command = COMMAND_OF[route + query] ?? COMMAND_OF[route]
      if (command === undefined) return method === 'GET' ? `${url}${path}${query}` : found
      const [, account] = /^\/api\/accounts\/([^/]+)\//.exec(path) ?? []
      const line = `"${commandLineHere(account === undefined ? command : `${command} --account ${account}`)}"`
      if (method === 'GET' || VERB.test(text.slice(at + found.length))) return line
      return /(^|[.:] )$/.test(text.slice(0, at)) ? `Run ${line}` : `run ${line}`
    })
    .replace(COMMAND, (_, line: string) => commandLineHere(line))
    .replace(QR_PAGE, (page) => `${url}${page}`)
}
