/** Repeats requests where a repetition is safe. */
import { type AnyProblem, isOfProxy, isProblem } from './problem.ts'

/** Pauses before the first repetitions where the server names none, and before each after them, in milliseconds. */
const PAUSES_MS = [500, 2_000, 5_000]
const LATER_PAUSE_MS = 15_000
/** The longest pause. If the server names a longer one, the caller decides. */
const LONGEST_MS = 60_000
/**
 * The longest time to wait, in all, for the outcome of a request that is still running, such as one whose connection was lost.
 * The server responds to the slowest send, that of a file, within this time.
 */
const OUTCOME_MS = 60_000
/** Each pause counts for at least this much of that time, so that the wait ends even if the server names no pause. */
const LEAST_MS = 1_000

export type Fetch = (request: Request) => Promise<Response>

export type Retries = {
  /** The most repetitions of a request. */
  retries: number
  /** Called before each pause, with its length in milliseconds. */
  onPause?: ((pauseMs: number) => void) | undefined
}

/**
 * Returns a fetch that repeats readings and requests with an idempotency key, which the server runs once: after a lost
 * connection, after what a proxy answers, and after an error whose `retry` is `safe`, or `later` with a pause that the server
 * names. Other requests are sent once. To ask for the outcome of a request that is still running is no repetition.
 * @param fetch rejects with a TypeError, as the global one does, if the connection is lost; any other error ends the repetitions
 */
export function createRetrying(fetch: Fetch, { retries, onPause }: Retries): Fetch {
  return async (request) => {
    if (retries === 0 || !isRepeatable(request)) return fetch(request)
    for (let repeated = 0, awaitedMs = 0; ; ) {
      const isLast = repeated === retries
      const answer = await fetch(request.clone()).catch(isLast ? null : toLost)
      const problem = await problemOf(answer)
      const pauseMs = pauseAfter(answer, problem, PAUSES_MS[repeated] ?? LATER_PAUSE_MS)
      if (pauseMs === null) return answer
      if (problem?.code === 'idempotency_in_progress') {
        awaitedMs += Math.max(pauseMs, LEAST_MS)
        if (awaitedMs > OUTCOME_MS) return answer
      } else {
        if (isLast) return answer
        repeated += 1
      }
      onPause?.(pauseMs)
      await pause(pauseMs, request.signal)
    }
  }
}

function isRepeatable({ method, headers }: Request): boolean {
  return method === 'GET' || headers.has('idempotency-key')
}

/** Returns a network error in place of a response. @throws any error that is not a lost connection */
function toLost(error: unknown): Response {
  if (error instanceof TypeError) return Response.error()
  throw error
}

/** Returns the error of the server; null if the answer is none. */
async function problemOf(answer: Response): Promise<AnyProblem | null> {
  if (answer.ok) return null
  const body: unknown = await answer
    .clone()
    .json()
    .catch(() => null)
  return isProblem(body) ? body : null
}

/** Returns the pause before the repetition; null if there is none. */
function pauseAfter(answer: Response, problem: AnyProblem | null, ownMs: number): number | null {
  if (answer.ok) return null
  if (answer.type === 'error') return ownMs
  const asked = answer.headers.get('retry-after') ?? ''
  const askedMs = /^\d+$/.test(asked) ? Number(asked) * 1_000 : null
  // Without an error of the server, it is an answer of a proxy.
  const retry = problem?.retry ?? (isOfProxy(answer.status) ? 'safe' : 'never')
  const pauses: Record<string, number | null> = { safe: askedMs ?? ownMs, later: askedMs }
  const pauseMs = pauses[retry] ?? null
  return pauseMs === null || pauseMs > LONGEST_MS ? null : pauseMs
}

/** Rejects with the reason of the signal if it is aborted. */
export function pause(ms: number, signal?: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })
}
