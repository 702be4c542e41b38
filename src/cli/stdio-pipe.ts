/**
 * The pipe: forwards each message of the client to the server, and each message of the server to the client, unchanged and
 * at once. Handles the differences of the two transports: headers, sessions, streams and cancelling.
 */
import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { toJson } from '../json.ts'
import { cutShort, explain, RPC, refusal, rpcError, toRpcError } from './stdio-failure.ts'
import { type Http, Lost, Stopping, textsOf } from './stdio-http.ts'
import {
  announcesStop,
  bodyHeaders,
  type Id,
  isRepeatable,
  type Message,
  readAnswer,
  readMessage,
  withoutStale,
} from './stdio-message.ts'
import type { PipeServer } from './stdio-named.ts'
import { createRequests, type Request } from './stdio-requests.ts'
import { createLegacySession, POST_HEADERS } from './stdio-session.ts'

export type Pipe = {
  /** Accepts a line of the client. Returns at once; the response is written later. */
  accept(line: string): void
  /** Resolves when every request has a response, except the long streams. */
  settled(): Promise<void>
  /** Sends an error for each pending request, closes the connections, and ends the session. */
  close(): Promise<void>
}

export type PipeOptions = {
  server: PipeServer
  http: Http
  /** Writes one line to the client; resolves once there is room for more. */
  write(line: string): Promise<void>
  /** For people, on standard error. */
  say(line: string): void
}

/** A long request: it streams notifications until the client cancels it. */
const LISTEN = 'subscriptions/listen'
const CANCELLED = 'notifications/cancelled'
/** A stopping server accepts connections for about this long, and a restarted one is ready about as soon. */
const STOPPING_MS = 1_000
/** The pipe resumes a broken stream at most this often. */
const MAX_BREAKS = 3

export function createPipe({ server, http, write, say }: PipeOptions): Pipe {
  const requests = createRequests()
  const underWay = new Set<Promise<void>>()
  let isClosed = false
  /** Messages after an `initialize` wait for it, because they belong to the session that it starts. */
  let opening: Promise<void> = Promise.resolve()
  const pass = (text: string) => write(oneLine(text))
  const session = createLegacySession({ http, onText: pass, say })

  function accept(line: string): void {
    if (line.trim() === '') return
    const message = tryRead(line)
    if (message === null) return
    if (isClosed) return void answerAll({ waiting: new Set(message.ids) }, cutShort(false))
    const isOpening = message.method === 'initialize' && message.revision === null
    const work = message.method === CANCELLED ? cancel(message) : carry(message, opening)
    if (isOpening) opening = work
    if (message.method !== LISTEN) {
      underWay.add(work)
      void work.then(() => underWay.delete(work))
    }
  }

  function tryRead(line: string): Message | null {
    let message: Message | null = null
    let code: number = RPC.invalid
    try {
      message = readMessage(line)
    } catch {
      code = RPC.parse
    }
    if (message !== null) return message
    const says = code === RPC.parse ? 'The line is not valid JSON.' : 'The line is not a JSON-RPC message.'
    void write(rpcError(null, code, `${says} Next step: Send each message as JSON-RPC 2.0 on its own line.`))
    return null
  }

  /** Forwards a message. Resolves when its response or an error is written. Never rejects. */
  async function carry(message: Message, before: Promise<void>): Promise<void> {
    const request = requests.begin(message)
    const { waiting } = request
    try {
      await before
      await tryTwice(request)
      // The server ended the stream without the response.
      if (waiting.size > 0) throw new Lost('the response ended early', true)
    } catch (thrown) {
      const failure = thrown instanceof Lost ? explain(thrown) : thrown
      if (message.ids.length === 0)
        say(`a message was lost: ${failure instanceof Error ? failure.message : failure}`)
      await answerAll(request, failure)
    } finally {
      requests.end(request)
    }
  }

  /** Writes an error for each pending request. Cancelled requests are not pending. */
  async function answerAll({ waiting }: Pick<Request, 'waiting'>, failure: unknown): Promise<void> {
    const ids = [...waiting]
    waiting.clear()
    // Written at once, because close() does not wait for buffer space.
    await Promise.all(ids.map((id) => write(toRpcError(id, failure))))
  }

  async function tryTwice(request: Request): Promise<void> {
    const { message, abort } = request
    for (let isAgain = false; ; isAgain = true) {
      try {
        await server.ready()
        return await exchange(request)
      } catch (error) {
        if (!(error instanceof Lost) || abort.signal.aborted) throw error
        server.lost()
        if (!error.wasSent) request.isOut = false
        // A request that the server may have received is sent again only if it is safe to repeat.
        if (isAgain || (error.wasSent && !isRepeatable(message))) throw error
        if (error instanceof Stopping) await sleep(STOPPING_MS, undefined, { signal: abort.signal })
      }
    }
  }

  async function exchange(request: Request): Promise<void> {
    const { message, waiting, abort } = request
    const { signal } = abort
    const isLegacy = message.revision === null
    const isOpening = isLegacy && message.method === 'initialize'
    if (!isOpening) await session.ready()
    const sessionId = session.id()
    request.isOut = true
    let answer = await post(message, signal)
    // 404: the server rejected the session before it handled the message.
    if (answer.statusCode === 404 && isLegacy && sessionId !== null && !isOpening) {
      answer.resume()
      request.isOut = false
      await session.renew(sessionId).catch((error) => {
        throw error instanceof Lost && error.wasSent ? new Lost(error, false) : error
      })
      request.isOut = true
      answer = await post(message, signal)
    }
    const isFine = answer.statusCode === 200 || answer.statusCode === 202
    for await (const text of wholeAnswer(answer, waiting, signal)) {
      const read = readAnswer(text)
      if (read === null) throw refusal(answer.statusCode, text, server.url)
      if (!isFine && announcesStop(read.parts)) throw new Stopping()
      const [only] = waiting.size === 1 ? waiting : []
      if (only !== undefined && read.ids.length === 1 && read.ids[0] === null) {
        // The server rejected the message before it read the request's id.
        waiting.delete(only)
        await write(toJson({ ...read.parts[0], id: only }))
        continue
      }
      if (isOpening && read.parts.some((part) => 'result' in part)) session.begun(message, answer, text)
      const wanted = withoutStale(text, read.parts, waiting)
      for (const id of read.ids) if (id !== null) waiting.delete(id)
      if (wanted !== null) await pass(wanted)
    }
    if (isFine && isLegacy) session.passed(message)
    else if (!isFine && waiting.size > 0) throw refusal(answer.statusCode, '', server.url)
    else if (!isFine && message.ids.length === 0)
      say(`the server refused a message (HTTP ${answer.statusCode})`)
  }

  /** Yields the texts of a response. Resumes a stream that breaks before the response, if its events have ids. */
  async function* wholeAnswer(
    answer: IncomingMessage,
    waiting: Set<Id>,
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    let reached: string | null = null
    for (let from = answer, breaks = 0; ; breaks += 1) {
      try {
        yield* textsOf(from, (id) => {
          reached = id
        })
        if (waiting.size === 0 || reached === null) return
      } catch (error) {
        if (signal.aborted || reached === null || breaks === MAX_BREAKS) throw error
      }
      if (breaks === MAX_BREAKS) return
      from = await session.resume(reached, signal)
    }
  }

  function post(message: Message, signal?: AbortSignal): Promise<IncomingMessage> {
    const own = message.revision === null && message.method !== 'initialize' ? session.headers() : {}
    return http.request({
      method: 'POST',
      headers: { ...POST_HEADERS, ...own, ...bodyHeaders(message) },
      body: message.text,
      signal,
      isFresh: !isRepeatable(message),
    })
  }

  /**
   * Cancels a request. The newer revisions cancel by closing the connection; older ones also get the notification. The
   * request gets no response. The other requests of its batch do, so the connection closes when none is left.
   */
  async function cancel(message: Message): Promise<void> {
    const request = requests.drop(message.params.requestId)
    if (request === null) return
    if (request.waiting.size === 0) request.abort.abort()
    if (request.message.revision !== null) return
    const answer = await post(message).catch(() => null)
    answer?.resume()
  }

  return {
    accept,
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay)
    },
    async close() {
      isClosed = true
      for (const request of requests.all()) {
        // Not awaited, because the client may no longer read.
        void answerAll(request, cutShort(request.isOut))
        request.abort.abort()
      }
      await session.close()
    },
  }
}

/** Replaces line breaks with spaces. In JSON they only occur between tokens. */
function oneLine(text: string): string {
  return /[\r\n]/.test(text) ? text.replace(/[\r\n]+/g, ' ') : text
}
