/** Repeats requests where a repetition is safe. */
import { isOfProxy, isProblem } from './problem.ts'

/** Pauses before repetitions where the server names none, in milliseconds. */
const PAUSES_MS = [500, 2_000, 5_000, 15_000]
/** The longest pause. If the server names a longer one, the caller decides. */
const LONGEST_MS = 60_000

export type Fetch = (request: Request) => Promise<Response>

export type Retries = {
  /** The most repetitions of a request. */
  retries: number
  /** Called before each pause. */
  onPause?: ((pauseMs: number) => void) | undefined
}

/**
 * Returns a fetch that repeats readings and requests with an idempotency key, which the server runs once: after a lost
 * connection, after what a proxy answers, and after an error whose `retry` is `safe`, or `later` with a pause that the server
 * names. Other requests are sent once.
 * @param fetch rejects with a TypeError, as the global one does, if the connection is lost; any other error ends the repetitions
 */
export function createRetrying(fetch: Fetch, { retries, onPause }: Retries): Fetch {
  return async (request) => {
    const most = isRepeatable(request) ? retries : 0
    for (let repeated = 0; repeated < most; repeated += 1) {
      const answer = await fetch(request.clone()).catch(toLost)
      const pauseMs = await pauseAfter(answer, PAUSES_MS[repeated] ?? LONGEST_MS)
      if (pauseMs === null) return answer
      onPause?.(pauseMs)
      await pause(pauseMs, request.signal)
    }
    return fetch(request)
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

/** Returns the pause before the repetition; null if there is none. */
async function pauseAfter(answer: Response, ownMs: number): Promise<number | null> {
  if (answer.ok) return null
  if (answer.type === 'error') return ownMs
  const body: unknown = await answer
    .clone()
    .json()
    .catch(() => null)
  const asked = answer.headers.get('retry-after') ?? ''
  const askedMs = /^\d+$/.test(asked) ? Number(asked) * 1_000 : null
  // Without an error of the server, it is an answer of a proxy.
  const retry = isProblem(body) ? body.retry : isOfProxy(answer.status) ? 'safe' : 'never'
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
