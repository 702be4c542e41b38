/** The client of the running server's API. Every command that acts on the account calls the server. */
import { readSetting, serverUrl } from '../config.ts'
import { readEnvironment } from '../environment.ts'
import { isLoopback } from '../loopback.ts'
import { accountPath } from '../model/account-paths.ts'
import { DEFAULT_ACCOUNT } from '../model/ids.ts'
import { listenerAt } from '../same-user.ts'
import { clientKey } from './client-key.ts'
import type { Given } from './command.ts'
import { errnoOf, isBeforeSent } from './errno.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { splitAccount, toServerUrl } from './server-url.ts'

/** The problem JSON of an API error (RFC 9457, docs/errors.md). */
export type Problem = { code: string; detail: string; hint: string; retry: string; [fact: string]: unknown }

/** The server returned an error. */
export class ApiError extends Error {
  readonly problem: Problem
  /** URL of the server, without a slash at the end. */
  readonly url: string
  constructor(problem: Problem, url: string) {
    super(problem.detail)
    this.name = 'ApiError'
    this.problem = problem
    this.url = url
  }
}

/** Calls are of the account of the {@link Server}: paths are those of `default`. */
export type Api = {
  /** URL of the server, without a slash at the end. */
  url: string
  /** The account of the calls. */
  account: string
  get<T>(path: string, limitMs?: number): Promise<T>
  post<T>(path: string, body: object, limitMs: number): Promise<T>
  patch<T>(path: string, body: object, limitMs: number): Promise<T>
  delete<T>(path: string, limitMs: number): Promise<T>
  /** Sends any request. Its response has no error. */
  request(path: string, limitMs: number, request: Asked): Promise<Response>
  /** Returns a page as plain text. */
  text(path: string): Promise<string>
  /** Returns a response whose body has no time limit. Only its start has one. */
  open(path: string): Promise<Response>
}

/** A request. */
export type Asked = RequestInit & { headers?: Record<string, string> }

/** The server responds to readings within 2 s; a machine under load gets more time. */
const ANSWER_MS = 10_000

/** The server to call. */
export type Server = {
  /** As {@link addressOf} returns it. */
  url: string
  /**
   * True if the URL was given explicitly. The server may then belong to another user, behind a proxy. Otherwise the
   * process at the port must belong to this user, because another user's program could take the port and use our name.
   */
  isNamed: boolean
  /** The account to use. Default: `default`. */
  account?: string
  /** The key to send. Null, the default: none. */
  key?: string | null
  /** The idempotency key of the calls that change something. Empty, the default: none. */
  once?: string
}

/**
 * Returns a client of this server. A call rejects with ApiError if the server returns an error, and with CommandError if
 * no server responds, the response is late, or another program responds. Before the first call, the client checks that
 * the server is whatsapp-mcp-api: no data goes to another program, and no key.
 */
export function openApi({ url, isNamed, account = DEFAULT_ACCOUNT, key = null, once = '' }: Server): Api {
  const keyed: Record<string, string> = {
    ...(key === null ? {} : { authorization: `Bearer ${key}` }),
    ...(once === '' ? {} : { 'idempotency-key': once }),
  }
  const ask = async (path: string, limitMs: number, request: Asked = {}): Promise<Response> => {
    if (!isNamed && listenerAt(url) === 'foreign') throw notThisUser(url)
    const answer = await fetch(`${url}${accountPath(path, account)}`, {
      signal: AbortSignal.timeout(limitMs),
      ...request,
    })
    if (!answer.ok) throw await readProblem(url, answer)
    return answer
  }
  const json = async <T>(answer: Response): Promise<T> => {
    try {
      return (await answer.json()) as T
    } catch {
      throw notOurs(url)
    }
  }
  const requireOurServer = async (limitMs: number): Promise<void> => {
    try {
      const card = await json<{ name?: unknown } | null>(await ask('/health', limitMs))
      if (card?.name !== 'whatsapp-mcp-api') throw notOurs(url)
    } catch (error) {
      throw explainFailure(url, error, { limitMs, isAsked: false })
    }
  }
  let known: Promise<void> | null = null
  const isKnown = (limitMs: number) => {
    known ??= requireOurServer(Math.min(limitMs, ANSWER_MS))
    return known
  }
  const call = async (path: string, limitMs: number, request: Asked = {}): Promise<Response> => {
    await isKnown(limitMs)
    try {
      return await ask(path, limitMs, { ...request, headers: { ...request.headers, ...keyed } })
    } catch (error) {
      throw explainFailure(url, error, { limitMs, isAsked: true })
    }
  }
  return {
    url,
    account,
    get: async (path, limitMs = ANSWER_MS) => json(await call(path, limitMs)),
    request: call,
    delete: async (path, limitMs) => json(await call(path, limitMs, { method: 'DELETE' })),
    post: async (path, body, limitMs) => json(await call(path, limitMs, carrying('POST', body))),
    patch: async (path, body, limitMs) => json(await call(path, limitMs, carrying('PATCH', body))),
    async open(path) {
      await isKnown(ANSWER_MS)
      const begun = new AbortController()
      const timer = setTimeout(() => begun.abort(new DOMException('no answer', 'TimeoutError')), ANSWER_MS)
      try {
        return await call(path, ANSWER_MS, { signal: begun.signal })
      } finally {
        clearTimeout(timer)
      }
    },
    text: async (path) => (await call(path, ANSWER_MS, { headers: { accept: 'text/plain' } })).text(),
  }
}

type Addressed = Pick<Given, 'settings'> & {
  flags: { url: string; account?: string; 'key-file'?: string; 'idempotency-key'?: string }
}
type Environment = Record<string, string | undefined>

/**
 * Returns the URL that was given explicitly, without a slash at the end: `--url`, else WHATSAPP_MCP_URL if no flag sets
 * host or port; null if none was given. Ignores `.env`: a file in a downloaded folder must not redirect messages.
 */
export function givenUrl({ settings, flags }: Addressed): string | null {
  const isPlaced = settings.WHATSAPP_MCP_HOST !== undefined || settings.WHATSAPP_MCP_PORT !== undefined
  if (flags.url !== '') return flags.url
  const named = isPlaced ? '' : process.env.WHATSAPP_MCP_URL?.trim() || ''
  if (named === '') return null
  const url = toServerUrl(named)
  if (url === null) {
    throw new CommandError(
      `WHATSAPP_MCP_URL=${JSON.stringify(named)} is not a valid URL.`,
      'Use a URL such as http://127.0.0.1:8790',
      EXIT.wrongSetting,
    )
  }
  return url
}

/** Returns the server's URL: the one that was given, else the host and port of the settings. */
export function addressOf(given: Addressed, env: () => Environment = readEnvironment): string {
  const named = givenUrl(given)
  if (named !== null) return named
  const sources = { flags: given.settings, env: env() }
  const port = readSetting('WHATSAPP_MCP_PORT', sources)
  if (port === 0) {
    throw new CommandError(
      'The port is set to 0, so the URL of the server is unknown.',
      'Use the URL that the server printed: --url http://127.0.0.1:PORT',
      EXIT.wrongSetting,
    )
  }
  const address = serverUrl(readSetting('WHATSAPP_MCP_HOST', sources), port)
  // A `.env` in a downloaded folder must not send messages to another computer.
  if (isLoopback(new URL(address).hostname)) return address
  throw new CommandError(
    'The server does not listen on a loopback address, so its URL must be given explicitly.',
    `Use the URL that clients use: --url ${address}`,
    EXIT.wrongSetting,
  )
}

/** Returns the server to call, whether its URL was given explicitly, the account, which that URL can name too, and the keys to send. */
export function serverOf(given: Addressed): Server {
  const { 'key-file': file = '', 'idempotency-key': once = '' } = given.flags
  const flag = given.flags.account || DEFAULT_ACCOUNT
  const { url, account } = splitAccount(addressOf(given))
  if (account !== null && flag !== DEFAULT_ACCOUNT && flag !== account)
    throw new CommandError(
      `The URL is that of the account ${account}, and --account is ${flag}.`,
      `Use --url ${url}, or leave out --account.`,
      EXIT.wrongSetting,
    )
  const isNamed = givenUrl(given) !== null
  const key = clientKey({ file, isNamed, settings: given.settings, env: readEnvironment })
  return { url, isNamed, account: account ?? flag, key, once }
}

/** Turns a failed call into an error. `isAsked`: the call was the command's own request, not the identity check. */
function carrying(method: string, body: object): Asked {
  return { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

function explainFailure(
  url: string,
  error: unknown,
  { limitMs, isAsked }: { limitMs: number; isAsked: boolean },
): Error {
  if (error instanceof ApiError || error instanceof CommandError) return error
  const nothingDone =
    'Nothing was done: the identity check failed before the request. "whatsapp-mcp-api doctor" checks the port.'
  if (error instanceof Error && error.name === 'TimeoutError') {
    return new CommandError(
      `The server at ${url} did not respond within ${limitMs / 1_000} s.`,
      isAsked ? 'The action may have happened. Check the status before you repeat it.' : nothingDone,
      EXIT.failed,
      { cause: error },
    )
  }
  const code = errnoOf(error)
  if (isBeforeSent(error)) {
    return new CommandError(
      `No server responds at ${url}.`,
      'Start it with "whatsapp-mcp-api serve". If it runs at another URL, use --url http://127.0.0.1:PORT (the sandbox: 8890)',
      EXIT.notRunning,
      { cause: error },
    )
  }
  return new CommandError(
    `The connection to ${url} was lost${code === null ? '' : ` (${code})`}.`,
    isAsked ? 'The action may have happened. Check before you repeat it.' : nothingDone,
    EXIT.failed,
    { cause: error },
  )
}

async function readProblem(url: string, answer: Response): Promise<Error> {
  const problem = (await answer.json().catch(() => ({}))) as Partial<Problem>
  const { code, detail, hint, retry } = problem
  if (code === undefined || detail === undefined || hint === undefined || retry === undefined)
    return notOurs(url)
  return new ApiError({ ...problem, code, detail, hint, retry }, url)
}

function notOurs(url: string): CommandError {
  return new CommandError(
    `The program at ${url} is not whatsapp-mcp-api.`,
    'Set the URL of the server: --url http://127.0.0.1:PORT. "whatsapp-mcp-api doctor" checks the port.',
    EXIT.notRunning,
  )
}

function notThisUser(url: string): CommandError {
  return new CommandError(
    `The program at ${url} belongs to another user of this computer.`,
    'Choose another port in WHATSAPP_MCP_PORT (--port). To use that server on purpose: --url http://127.0.0.1:PORT',
    EXIT.notRunning,
  )
}
