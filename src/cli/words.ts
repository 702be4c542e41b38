/** Sentences on a command line: commands in the places of routes, and each command as it is typed here. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from './project-root.ts'

export const PROGRAM = 'whatsapp-mcp-api'

/** A command line of the installed program, such as `whatsapp-mcp-api archive encrypt`. */
export function installed(line: string): string {
  return `${PROGRAM} ${line}`
}

/** The same in a checkout, whose program is not on the PATH: through npm, such as `npm run archive -- encrypt`. */
export function inCheckout(line: string): string {
  const [command = '', ...rest] = line.split(' ')
  const args = rest.length === 0 ? '' : ` -- ${rest.join(' ')}`
  if (command === 'serve') return `npm start${args}`
  // npm writes lines of its own to standard output, which is the protocol's there.
  if (command === 'stdio') return `node scripts/bootstrap.mjs ${line}`
  if (command.startsWith('-')) return `node dist/main.js ${line}`
  return `npm run ${command}${args}`
}

/** A command line as it is typed here: in a checkout or with the installed program. */
export function typed(line: string): string {
  isCheckout ??= existsSync(join(projectRoot(), 'scripts', 'bootstrap.mjs'))
  return isCheckout ? inCheckout(line) : installed(line)
}
let isCheckout: boolean | undefined

/** A word as a shell takes it: that of POSIX, or both of Windows. */
export function quote(word: string, platform = process.platform): string {
  if (/^[\w@%+=:,./\\-]+$/.test(word) && (platform === 'win32' || !word.includes('\\'))) return word
  return platform === 'win32' ? `"${word.replaceAll('"', '\\"')}"` : `'${word.replaceAll("'", "'\\''")}'`
}

/** The commands that do what a route does. */
const COMMAND_OF: Record<string, string> = {
  'POST /api/auth/start': 'auth',
  'POST /api/logout': 'logout',
  'POST /api/pairing-code': 'auth --phone NUMBER',
  'POST /api/send': 'send NUMBER MESSAGE',
  'GET /api/status': 'status',
  'GET /api/archive': 'archive stats',
  'GET /api/export': 'archive export',
}

/** A method and a path, with its query. */
const ROUTE = /\b(GET|POST|PUT|PATCH|DELETE) (\/[\w/{}.-]*[\w}])(\?[^\s,;:)]*)?/g
/** After a route: it is the subject of the sentence, and not what the reader is to do. */
const VERB = /^ (re)?(tries|starts|connects|links)\b/
/** The page with the QR code, where no address stands before it. */
const QR_PAGE = /(?<![\w/.:])\/qr\b/g
/** A command of ours with its flags and their values in capitals. */
const COMMAND =
  /\bwhatsapp-mcp-api ((?:serve|sandbox|stdio|mcp-config|status|auth|send|logout|stop|doctor|archive [a-z-]+)\b(?: --[a-z-]+(?: [A-Z]+\b)?)*)/g

/**
 * A sentence that was written once for every face, in the words of this one.
 * @param url where the server is, without a slash at the end; left out: addresses stay paths
 */
export function inWords(text: string, url = ''): string {
  return text
    .replace(ROUTE, (found: string, method: string, path: string, query = '', at: number) => {
      const command = COMMAND_OF[`${method} ${path}`]
      if (command === undefined) return method === 'GET' ? `${url}${path}${query}` : found
      const line = `"${typed(command)}"`
      if (method === 'GET' || VERB.test(text.slice(at + found.length))) return line
      return /(^|[.:] )$/.test(text.slice(0, at)) ? `Run ${line}` : `run ${line}`
    })
    .replace(COMMAND, (_, line: string) => typed(line))
    .replace(QR_PAGE, `${url}/qr`)
}
