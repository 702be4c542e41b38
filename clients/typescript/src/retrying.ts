/** Repeats requests where a repetition is safe. */
import { isOfProxy } from './problem.ts'

/** Pauses before repetitions, in milliseconds, where the server names none. */
const PAUSES_MS = [500, 2_000, 5_000, 15_000]
/** The longest pause that a server can ask for. */
const LONGEST_MS = 60_000
/** What `retry` of an error says of the same request: `safe` at once, `later` after a pause. */
const REPEATED = new Set(['safe', 'later'])

type Fetch = (request: Request) => Promise<Response>

/**
 * Returns a fetch that repeats a request after a lost connection, or after an error whose `retry` is `safe` or `later`. After
 * a lost connection, only readings and requests with an idempotency key are repeated: the server runs those once.
 * @param most the most repetitions
 */
export function createRetrying(fetch: Fetch, most: number): Fetch {
  return async (request) => {
    for (let repeated = 0; ; repeated += 1) {
      const isLast = repeated >= most
      const outcome = await fetch(isLast ? request : request.clone()).catch((error: unknown) => {
        if (isLast || request.signal.aborted || !isRepeatable(request)) throw error
        return null
      })
      if (outcome !== null && (outcome.ok || isLast || !(await isTemporary(outcome, request)))) return outcome
      await pause(pauseOf(outcome, repeated), request.signal)
    }
  }
}

function isRepeatable({ method, headers }: Request): boolean {
  return method === 'GET' || headers.has('idempotency-key')
}

/** Without an error of the server, it is an answer of a proxy: the request may have arrived. */
async function isTemporary(response: Response, request: Request): Promise<boolean> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => null)
  if (typeof body === 'object' && body !== null && 'retry' in body) return REPEATED.has(String(body.retry))
  return isOfProxy(response.status) && isRepeatable(request)
}

function pauseOf(response: Response | null, repeated: number): number {
  const asked = Number(response?.headers.get('retry-after') ?? Number.NaN) * 1_000
  const own = PAUSES_MS[Math.min(repeated, PAUSES_MS.length - 1)] ?? LONGEST_MS
  return Math.min(Number.isFinite(asked) ? asked : own, LONGEST_MS)
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
