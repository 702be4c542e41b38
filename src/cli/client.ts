/** The client of the running server's API. Every command that acts on the account calls the server, over the transport of clients/typescript. */
import { randomUUID } from 'node:crypto'
import { type AnyProblem, ApiError, isProblem } from '../../clients/typescript/src/transport/problem.ts'
import { createTransport } from '../../clients/typescript/src/transport/transport.ts'
import { readSetting, serverUrl } from '../config.ts'
import { readEnvironment } from '../environment.ts'
import { isLoopback } from '../loopback.ts'
import { DEFAULT_ACCOUNT } from '../model/ids.ts'
import { listenerAt } from '../same-user.ts'
import { clientKey } from './client-key.ts'
import type { Given } from './command.ts'
import { errnoOf, isBeforeSent } from './errno.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { splitAccount, toServerUrl, WRONG_URL } from './server-url.ts'

export { type AnyProblem as Problem, ApiError }

/** Calls act on the account of the {@link Server}. Their paths are written as those of `default`. */
export type Api = {
  /** URL of the server, without a slash at the end. */
  url: string
  /** The account of the calls. */
  account: string
  get<T>(path: string, limitMs?: number): Promise<T>
  post<T>(path: string, body: object, limitMs: number): Promise<T>
  patch<T>(path: string, body: object, limitMs: number): Promise<T>
  delete<T>(path: string, limitMs: number): Promise<T>
  /** Sends any request. Rejects as the others if the server returns an error. */
  request(path: string, limitMs: number, request: ApiRequest): Promise<Response>
  /** Returns a page as plain text. */
  text(path: string): Promise<string>
  /** Returns a response whose body has no time limit. Only its start has one. It is not repeated. */
  open(path: string, signal?: AbortSignal): Promise<Response>
}

/**
 * What a request has beside its path. `isOnce`: it is never repeated, such as one whose body is read while it is sent. `isOpen`: the
 * time limit is that of the start of the response, and its body has none.
 */
export type ApiRequest = RequestInit & { headers?: Record<string, string>; isOnce?: true; isOpen?: true }

/** The most repetitions of a command's request: after 0.5, 2 and 5 s, or the pauses that the server names. */
const RETRIES = 3

/** The interval between two notices that a request waits. */
const NOTICE_MS = 30_000

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
  /** The idempotency key of a command that takes one as a flag. Default: a new one for each call. */
  once?: string
  /** The most repetitions of a call, after a lost connection or as the server says. Default: 0. */
  retries?: number
}

/**
 * Returns a client of this server. A call rejects with ApiError if the server returns an error, and with CommandError if
 * no server responds, the response is late, or another program responds. Before the first call, and after a lost connection,
 * the client checks that the server is whatsapp-mcp-api: no data goes to another program, and no key.
 */
export function openApi(server: Server): Api {
  const { url, isNamed, account = DEFAULT_ACCOUNT, key = null, once, retries = 0 } = server
  const ask = (request: Request, signal: AbortSignal): Promise<Response> => {
    if (!isNamed && listenerAt(url) === 'foreign') throw notThisUser(url)
    return fetch(request, { signal })
  }
  const requireOurServer = async (limitMs: number): Promise<void> => {
    const answer = await ask(new Request(`${url}/health`), AbortSignal.timeout(limitMs))
    const card = await (await requireSuccess(url, answer)).json().catch(toNull)
    if (Object(card).name !== 'whatsapp-mcp-api') throw notOurs(url)
  }
  const notice = createPauseNotice()
  let known: Promise<void> | null = null
  const checkServer = (limitMs: number) => {
    known ??= requireOurServer(Math.min(limitMs, ANSWER_MS))
    return known
  }
  const call = async (path: string, limitMs: number, asked: ApiRequest = {}): Promise<Response> => {
    // True if an attempt may have reached the server.
    let isOut = false
    const { signal, isOnce, isOpen, headers, ...given } = asked
    const isReading = (asked.method ?? 'GET') === 'GET'
    const attempt = async (request: Request): Promise<Response> => {
      try {
        await checkServer(limitMs)
        const limit = createLimit(limitMs)
        const ends = signal == null ? limit.signal : AbortSignal.any([limit.signal, signal])
        const answer = await ask(request, ends).catch((error: unknown) => {
          isOut ||= !(error instanceof CommandError) && !isBeforeSent(error)
          throw error
        })
        // A proxy that gave up may have passed the request on.
        isOut ||= answer.status >= 500 && (await problemOf(answer.clone())) === null
        if (isOpen) limit.lift()
        return answer
      } catch (error) {
        known = null
        // The transport repeats only the bare error. Until an attempt may have reached the server, the command fails at once.
        throw isOut ? error : explainFailure(url, error, { limitMs, isOut, isReading, once })
      }
    }
    const most = isOnce === true ? 0 : retries
    const send = createTransport({
      url,
      key,
      account,
      retries: most,
      onPause: notice.waits,
      fetch: attempt,
    })
    const keyed = once === undefined ? headers : { ...headers, 'idempotency-key': once }
    try {
      const answer = await send(new Request(`${url}${path}`, { ...given, headers: keyed }))
      await requireSuccess(url, answer)
      notice.ends()
      return answer
    } catch (error) {
      throw explainFailure(url, error, { limitMs, isOut, isReading, once })
    }
  }
  const json = async <T>(path: string, limitMs: number, asked?: ApiRequest): Promise<T> => {
    const answer = await call(path, limitMs, asked)
    return (await answer.json().catch((error: unknown) => {
      throw error instanceof SyntaxError
        ? notOurs(url)
        : explainFailure(url, error, { limitMs, isOut: true, isReading: asked?.method === undefined, once })
    })) as T
  }
  return {
    url,
    account,
    get: (path, limitMs = ANSWER_MS) => json(path, limitMs),
    request: call,
    delete: (path, limitMs) => json(path, limitMs, { method: 'DELETE' }),
    post: (path, body, limitMs) => json(path, limitMs, carrying('POST', body)),
    patch: (path, body, limitMs) => json(path, limitMs, carrying('PATCH', body)),
    open: (path, signal) =>
      call(path, ANSWER_MS, { isOnce: true, isOpen: true, ...(signal === undefined ? {} : { signal }) }),
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
  if (url === null) throw new CommandError(WRONG_URL.message, WRONG_URL.hint, EXIT.wrongSetting)
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

/**
 * Returns the URL of the server, and the account: the one that the address names, as an account's MCP endpoint does, else that of the flag.
 * @throws CommandError if the address and the flag name different accounts
 */
export function splitAddress(address: string, flag: string): { url: string; account: string } {
  const { url, account } = splitAccount(address)
  if (account !== null && flag !== DEFAULT_ACCOUNT && flag !== account)
    throw new CommandError(
      `The URL is that of the account ${account}, and --account is ${flag}.`,
      `Use --url ${url}, or leave out --account.`,
      EXIT.wrongSetting,
    )
  return { url, account: account ?? flag }
}

/** Returns the server to call, whether its URL was given explicitly, the account, which that URL can name too, and the keys to send. */
export function serverOf(given: Addressed): Server {
  const { 'key-file': file = '', 'idempotency-key': once } = given.flags
  const { url, account } = splitAddress(addressOf(given), given.flags.account || DEFAULT_ACCOUNT)
  const isNamed = givenUrl(given) !== null
  const key = clientKey({ file, isNamed, settings: given.settings, env: readEnvironment })
  return {
    url,
    isNamed,
    account,
    key,
    once: once === '' ? randomUUID() : once,
    retries: RETRIES,
  }
}

/** Returns a signal that aborts after this time, unless the limit is lifted before. */
function createLimit(ms: number): { signal: AbortSignal; lift(): void } {
  const timer = AbortSignal.timeout(ms)
  const limit = new AbortController()
  const end = () => limit.abort(timer.reason)
  timer.addEventListener('abort', end)
  return { signal: limit.signal, lift: () => timer.removeEventListener('abort', end) }
}

function carrying(method: string, body: object): ApiRequest {
  return { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

/** Returns what says that requests wait, at most every 30 s, and then that one has ended. */
export function createPauseNotice(): { waits(pauseMs: number): void; ends(): void } {
  let saidAtMs = Number.NEGATIVE_INFINITY
  let isSaid = false
  return {
    waits(pauseMs) {
      if (performance.now() - saidAtMs < NOTICE_MS) return
      saidAtMs = performance.now()
      isSaid = true
      process.stderr.write(`There is no outcome yet. Trying again in ${pauseMs / 1_000} s.\n`)
    },
    ends() {
      if (isSaid) process.stderr.write('There is an outcome now.\n')
      isSaid = false
    },
  }
}

/** The server returned an error, and it is unknown whether the action happened. `advice`: how to repeat it. */
export class UnknownOutcome extends ApiError {
  readonly advice: string
  constructor({ problem, url }: ApiError, advice: string) {
    super(problem, url)
    this.advice = advice
  }
}

type Failed = {
  limitMs: number
  /** The server may have the request, so that it is unknown whether it acted. */
  isOut: boolean
  isReading: boolean
  once: string | undefined
}

/** Turns a failed call into an error. */
function explainFailure(url: string, error: unknown, { limitMs, isOut, isReading, once }: Failed): Error {
  const again =
    once === undefined
      ? 'Check before you repeat it.'
      : `With --idempotency-key ${once} you can repeat it: it happens once.`
  const perhaps = isReading
    ? 'Nothing was changed: you can repeat it.'
    : `The action may have happened. ${again}`
  if (error instanceof ApiError) {
    const { retry } = error.problem
    if (isReading || retry === 'never') return error
    if (retry === 'check_first') return new UnknownOutcome(error, checkFirst(once))
    // The error says nothing about an earlier attempt, which may still be running.
    return isOut ? new UnknownOutcome(error, perhaps) : error
  }
  if (error instanceof CommandError && !isOut) return error
  const next = isOut
    ? perhaps
    : 'Nothing was done: the identity check failed before the request. "whatsapp-mcp-api doctor" checks the port.'
  const cause = { cause: error }
  // The error says nothing about an earlier attempt.
  if (error instanceof CommandError) {
    const what = `No outcome arrived: another program, such as a proxy, responded at ${url}.`
    return new CommandError(what, next, EXIT.failed, cause)
  }
  if (error instanceof Error && error.name === 'TimeoutError') {
    const waitedS = (isOut ? limitMs : Math.min(limitMs, ANSWER_MS)) / 1_000
    return new CommandError(
      `The server at ${url} did not respond within ${waitedS} s.`,
      next,
      EXIT.failed,
      cause,
    )
  }
  if (isBeforeSent(error) && !isOut) {
    return new CommandError(
      `No server responds at ${url}.`,
      'Start it with "whatsapp-mcp-api serve". If it runs at another URL, use --url http://127.0.0.1:PORT (the sandbox: 8890)',
      EXIT.notRunning,
      cause,
    )
  }
  const code = errnoOf(error)
  const why = code === null ? '' : ` (${code})`
  return new CommandError(`The connection to ${url} was lost${why}.`, next, EXIT.failed, cause)
}

/** Returns what to do after an error of unknown outcome. The server returns it for this key until it knows more. */
function checkFirst(once: string | undefined): string {
  const check = 'The action may have happened. Check before you repeat it.'
  return once === undefined
    ? check
    : `${check} With --idempotency-key ${once} it does not happen twice: you get what is known by then.`
}

/** Returns the response if it has no error. @throws ApiError, or CommandError if it is not of our server */
async function requireSuccess(url: string, answer: Response): Promise<Response> {
  if (answer.ok) return answer
  const problem = await problemOf(answer)
  throw problem === null ? notOurs(url) : new ApiError(problem, url)
}

/** Returns the error of our server; null if the response is another. Reads it. */
async function problemOf(answer: Response): Promise<AnyProblem | null> {
  const body: unknown = await answer.json().catch(toNull)
  return isProblem(body) ? body : null
}

const toNull = () => null

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
