/**
 * The pipe: each message of the client goes to the server as it is, and what comes back goes to the client as it is, as
 * soon as it is there. What the two transports do differently (headers, sessions, streams, cancelling) happens here.
 */
import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { toJson } from '../json.ts'
import { cutShort, explain, RPC, refusal, rpcError, toRpcError } from './stdio-failure.ts'
import { type Http, Lost, Stopping, textsOf } from './stdio-http.ts'
import {
  bodyHeaders,
  type Id,
  isRepeatable,
  type Message,
  readAnswer,
  readMessage,
  saysStopping,
  withoutStale,
} from './stdio-message.ts'
import type { PipeServer } from './stdio-named.ts'
import { createRequests, type Request } from './stdio-requests.ts'
import { createLegacySession, POST_HEADERS } from './stdio-session.ts'

export type Pipe = {
  /** A line of the client. Returns at once; whatever happens is told by an answer. */
  accept(line: string): void
  /** Resolves once every request but the long streams is answered. */
  settled(): Promise<void>
  /** Answers what still waits, lets go of everything, and ends the session. */
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

/** Long by nature: notices until the client has had enough. */
const LISTEN = 'subscriptions/listen'
const CANCELLED = 'notifications/cancelled'
/** A server that is stopping takes connections for a moment yet, and one that is started anew is there about as soon. */
const STOPPING_MS = 1_000
/** A stream that breaks more often than this is not worth coming back to. */
const MAX_BREAKS = 3

export function createPipe({ server, http, write, say }: PipeOptions): Pipe {
  const requests = createRequests()
  const works = new Set<Promise<void>>()
  let isClosed = false
  /** Messages that follow an `initialize` belong to the session that it begins. */
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
      works.add(work)
      void work.then(() => works.delete(work))
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
    const says = code === RPC.parse ? 'A line is not valid JSON.' : 'A line is no JSON-RPC message.'
    void write(
      rpcError(null, code, `${says} Next step: write each message as JSON-RPC 2.0, on a line of its own.`),
    )
    return null
  }

  /** Its answer, or the reason why there is none, is written when this resolves. Never fails. */
  async function carry(message: Message, before: Promise<void>): Promise<void> {
    const request = requests.begin(message)
    const { waiting } = request
    try {
      await before
      await tryTwice(request)
      // A stream that the server ended without the answer that it owes.
      if (waiting.size > 0) throw new Lost('the answer ended early', true)
    } catch (thrown) {
      const failure = thrown instanceof Lost ? explain(thrown) : thrown
      if (message.ids.length === 0)
        say(`a message was lost: ${failure instanceof Error ? failure.message : failure}`)
      await answerAll(request, failure)
    } finally {
      requests.end(request)
    }
  }

  /** Whoever still waits is told why there is no answer. Of what was cancelled nobody does. */
  async function answerAll({ waiting }: Pick<Request, 'waiting'>, failure: unknown): Promise<void> {
    const ids = [...waiting]
    waiting.clear()
    // All at once: at the end nobody waits for room.
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
        // What may have been done is not done twice, unless doing it changes nothing.
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
    const asked = session.id()
    request.isOut = true
    let answer = await post(message, signal)
    // Refused before anything was done with it, whatever it was.
    if (answer.statusCode === 404 && isLegacy && asked !== null && !isOpening) {
      answer.resume()
      request.isOut = false
      await session.renew(asked).catch((error) => {
        throw error instanceof Lost && error.wasSent ? new Lost(error, false) : error
      })
      request.isOut = true
      answer = await post(message, signal)
    }
    const isFine = answer.statusCode === 200 || answer.statusCode === 202
    for await (const text of wholeAnswer(answer, waiting, signal)) {
      const read = readAnswer(text)
      if (read === null) throw refusal(answer.statusCode, text, server.url)
      if (!isFine && saysStopping(read.parts)) throw new Stopping()
      const [only] = waiting.size === 1 ? waiting : []
      if (only !== undefined && read.ids.length === 1 && read.ids[0] === null) {
        // Refused before the server knew which request it was.
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

  /** An answer's texts. Where its stream breaks off before all was answered, and says where it was, it is gone on with. */
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
   * Hanging up is how the newer revisions cancel; the older ones are told as well. It is not answered any more. The others
   * of its batch are, on the same connection: that is hung up when none is left.
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
      while (works.size > 0) await Promise.all(works)
    },
    async close() {
      isClosed = true
      for (const request of requests.all()) {
        // Nobody may read any more: that it is written is not waited for.
        void answerAll(request, cutShort(request.isOut))
        request.abort.abort()
      }
      await session.close()
    },
  }
}

/** In JSON a line break can only stand between tokens. */
function oneLine(text: string): string {
  return /[\r\n]/.test(text) ? text.replace(/[\r\n]+/g, ' ') : text
}
