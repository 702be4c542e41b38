/** A client of the running server's API: every command that acts on the account asks the server to. */
import { readSetting, serverUrl } from '../config.ts'
import { readEnvironment } from '../environment.ts'
import { listenerAt } from '../same-user.ts'
import type { Given } from './command.ts'
import { errnoOf, isBeforeSent } from './errno.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { toServerUrl } from './server-url.ts'

/** A failure as the API describes it (RFC 9457, docs/errors.md). */
export type Problem = { code: string; detail: string; hint: string; retry: string; [fact: string]: unknown }

/** The server answered, with a failure. */
export class ApiError extends Error {
  readonly problem: Problem
  /** Where that server is, without a slash at the end. */
  readonly url: string
  constructor(problem: Problem, url: string) {
    super(problem.detail)
    this.name = 'ApiError'
    this.problem = problem
    this.url = url
  }
}

export type Api = {
  /** Where the server is, without a slash at the end. */
  url: string
  get<T>(path: string, limitMs?: number): Promise<T>
  post<T>(path: string, body: object, limitMs: number): Promise<T>
  /** A page as plain text. */
  text(path: string): Promise<string>
  /** An answer that takes as long as it takes, once it has begun. */
  open(path: string): Promise<Response>
}

/** Answers that only tell something come within 2 s; a machine under load gets more. */
const ANSWER_MS = 10_000

/** Which server is meant. */
export type Server = {
  /** As {@link addressOf} gives it. */
  url: string
  /**
   * Was the address given as such? Then it may be that of another user, behind a proxy, and was named on purpose. Else
   * whoever listens there must be of our own user: anybody may have been quicker to take the port, and say our name.
   */
  isNamed: boolean
}

/**
 * Each call fails with ApiError for a failure that the server tells, else CommandError: nobody answers, no answer came, or
 * what answers is not ours. Before the first of them it is asked who it is: nothing is told to anybody else.
 */
export function openApi({ url, isNamed }: Server): Api {
  const ask = async (path: string, limitMs: number, request: RequestInit = {}): Promise<Response> => {
    if (!isNamed && listenerAt(url) === 'foreign') throw notThisUser(url)
    const answer = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(limitMs), ...request })
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
  const introduce = async (limitMs: number): Promise<void> => {
    try {
      const card = await json<{ name?: unknown } | null>(await ask('/health', limitMs))
      if (card?.name !== 'whatsapp-mcp-api') throw notOurs(url)
    } catch (error) {
      throw explainFailure(url, error, { limitMs, isAsked: false })
    }
  }
  let known: Promise<void> | null = null
  const isKnown = (limitMs: number) => {
    known ??= introduce(Math.min(limitMs, ANSWER_MS))
    return known
  }
  const call = async (path: string, limitMs: number, request: RequestInit = {}): Promise<Response> => {
    await isKnown(limitMs)
    try {
      return await ask(path, limitMs, request)
    } catch (error) {
      throw explainFailure(url, error, { limitMs, isAsked: true })
    }
  }
  return {
    url,
    get: async (path, limitMs = ANSWER_MS) => json(await call(path, limitMs)),
    post: async (path, body, limitMs) =>
      json(
        await call(path, limitMs, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      ),
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

type Addressed = Pick<Given, 'settings'> & { flags: { url: string } }
type Environment = Record<string, string | undefined>

/**
 * The address that was given as such, without a slash at the end: `--url`, else WHATSAPP_MCP_URL where no flag says host or
 * port; null: none was. The environment alone counts: a `.env` that came with a folder must not say where messages go.
 */
export function givenUrl({ settings, flags }: Addressed): string | null {
  const isPlaced = settings.WHATSAPP_MCP_HOST !== undefined || settings.WHATSAPP_MCP_PORT !== undefined
  if (flags.url !== '') return flags.url
  const named = isPlaced ? '' : process.env.WHATSAPP_MCP_URL?.trim() || ''
  if (named === '') return null
  const url = toServerUrl(named)
  if (url === null) {
    throw new CommandError(
      `WHATSAPP_MCP_URL=${JSON.stringify(named)} is no address.`,
      'Write it like http://127.0.0.1:8790',
      EXIT.wrongSetting,
    )
  }
  return url
}

/** The server's address: the one that was given, else the host and port of the settings. */
export function addressOf(given: Addressed, env: () => Environment = readEnvironment): string {
  const named = givenUrl(given)
  if (named !== null) return named
  const sources = { flags: given.settings, env: env() }
  const port = readSetting('WHATSAPP_MCP_PORT', sources)
  if (port === 0) {
    throw new CommandError(
      'The port is set to 0, which says nothing about where the server is.',
      'Give the address that it printed: --url http://127.0.0.1:PORT',
      EXIT.wrongSetting,
    )
  }
  return serverUrl(readSetting('WHATSAPP_MCP_HOST', sources), port)
}

/** The server that is meant: where it is, and whether that was given as such. */
export function serverOf(given: Addressed): Server {
  return { url: addressOf(given), isNamed: givenUrl(given) !== null }
}

/** What a call that failed means. `isAsked`: what the command wants was in it, and not only the question who it is. */
function explainFailure(
  url: string,
  error: unknown,
  { limitMs, isAsked }: { limitMs: number; isAsked: boolean },
): Error {
  if (error instanceof ApiError || error instanceof CommandError) return error
  const nothingDone =
    'It was only asked who it is: nothing was done. "whatsapp-mcp-api doctor" looks at the port.'
  if (error instanceof Error && error.name === 'TimeoutError') {
    return new CommandError(
      `The server at ${url} did not answer within ${limitMs / 1_000} s.`,
      isAsked
        ? 'What was asked for may have happened all the same: look at its status before you repeat it.'
        : nothingDone,
      EXIT.failed,
      { cause: error },
    )
  }
  const code = errnoOf(error)
  if (isBeforeSent(error)) {
    return new CommandError(
      `No server answers at ${url}.`,
      'Start it with "whatsapp-mcp-api serve". If it runs elsewhere, name it: --url http://127.0.0.1:PORT (the sandbox: 8890)',
      EXIT.notRunning,
      { cause: error },
    )
  }
  return new CommandError(
    `The connection to ${url} broke off${code === null ? '' : ` (${code})`}.`,
    isAsked ? 'What was asked for may have happened all the same: look before you repeat it.' : nothingDone,
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
    `What answers at ${url} is not whatsapp-mcp-api.`,
    'Name the server: --url http://127.0.0.1:PORT; "whatsapp-mcp-api doctor" looks at the port.',
    EXIT.notRunning,
  )
}

function notThisUser(url: string): CommandError {
  return new CommandError(
    `What answers at ${url} is not run by this user of the computer, nor by root.`,
    'Choose another port in WHATSAPP_MCP_PORT (--port); or, where that server is meant, name it: --url http://127.0.0.1:PORT',
    EXIT.notRunning,
  )
}
