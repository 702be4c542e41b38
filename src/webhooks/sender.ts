/** Sends one delivery: no redirects, a time limit, a limit of the answer, and only to an address that the guard allows. */
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Clock } from '../clock.ts'
import { codeOf } from '../error-code.ts'
import type { DeliveryError } from '../model/webhook.ts'
import { addressOf, ForbiddenAddress, guardedLookup, isPublic } from '../public-address.ts'

/** Time for an attempt, from the connection to the end of the answer. */
const LIMIT_MS = 10_000
/** The most that is read of an answer. The status of a longer one counts all the same. */
const MAX_ANSWER_BYTES = 65_536
/**
 * TCP keep-alive probes an idle connection after this time. The connection is closed after {@link LIMIT_MS} and this time, or earlier if the
 * receiver's Keep-Alive header says so.
 */
const IDLE_MS = 4_000

/**
 * The outcome of an attempt. `error`: null if it was delivered. `status`: null if there was no answer. `isFinal`: a failure that is
 * not tried again.
 */
export type Outcome<E extends string = DeliveryError> = {
  status: number | null
  error: E | null
  ms: number
  isFinal?: true
}

/**
 * Attempts one delivery. Never rejects. Null: `signal` was aborted, and the outcome is not known. @param id of the event: the same
 * in every attempt
 */
export type Deliver<E extends string = DeliveryError> = (
  id: string,
  body: string,
  signal: AbortSignal,
) => Promise<Outcome<E> | null>

export type Sender = {
  /** Never rejects. Null: `signal` was aborted, and the outcome is not known. */
  send(body: string, headers: Record<string, string>, signal: AbortSignal): Promise<Outcome | null>
  /** Closes idle connections. */
  close(): void
}

/** @param isTrusted true if the setting lists the origin, whatever its address is */
export function createSender(url: URL, isTrusted: boolean, clock: Clock): Sender {
  const isSecure = url.protocol === 'https:'
  const address = addressOf(url)
  const isRefused = !isTrusted && address !== null && !isPublic(address)
  const agent = new (isSecure ? HttpsAgent : HttpAgent)({
    keepAlive: true,
    keepAliveMsecs: IDLE_MS,
    timeout: LIMIT_MS + IDLE_MS,
    ...(isTrusted ? {} : { lookup: guardedLookup }),
  })
  const begin = isSecure ? httpsRequest : httpRequest

  async function attempt(
    body: string,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Outcome | null> {
    const from = performance.now()
    const outcome = (status: number | null, error: DeliveryError | null) => ({
      status,
      error,
      ms: Math.round(performance.now() - from),
    })
    if (isRefused) return outcome(null, 'address_forbidden')
    const request = begin(url, {
      method: 'POST',
      agent,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
    })
    let isLate = false
    const cancel = clock.after(LIMIT_MS, () => {
      isLate = true
      request.destroy()
    })
    const abort = () => void request.destroy()
    signal.addEventListener('abort', abort)
    try {
      const status = await answerOf(request, body)
      return outcome(status, errorOf(status))
    } catch (error) {
      if (signal.aborted) return null
      if (isLate) return outcome(null, 'timed_out')
      // The receiver closed an idle connection while this request left on it: nothing was received.
      if (request.reusedSocket && codeOf(error) === 'ECONNRESET') return attempt(body, headers, signal)
      return outcome(null, error instanceof ForbiddenAddress ? 'address_forbidden' : 'connection_failed')
    } finally {
      cancel()
      signal.removeEventListener('abort', abort)
    }
  }

  return { send: attempt, close: () => agent.destroy() }
}

/** Resolves with the status when the answer has ended or is too long to be read. */
function answerOf(request: ClientRequest, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request.on('error', reject)
    // A response that is not passed on, such as 101, ends with `close` alone. After any other end, this changes nothing.
    request.on('close', () => reject(new Error('there was no answer')))
    request.on('response', (response: IncomingMessage) => {
      let bytes = 0
      const done = () => resolve(response.statusCode ?? 0)
      response.on('data', (piece: Buffer) => {
        bytes += piece.length
        if (bytes <= MAX_ANSWER_BYTES) return
        done()
        response.destroy()
      })
      response.on('end', done)
      response.on('error', reject)
    })
    request.end(body)
  })
}

function errorOf(status: number): DeliveryError | null {
  if (status >= 200 && status < 300) return null
  return status >= 300 && status < 400 ? 'redirect_refused' : 'status_refused'
}
