/** All seven states × all routes: every call is answered in time, with an answer of the published kinds. */
import { afterAll, describe, expect, it } from 'vitest'
import { ERRORS } from '../src/errors.ts'
import { SESSION_STATES, type SessionState } from '../src/model/status.ts'
import { OPERATIONS } from '../src/operations/index.ts'
import { requestAt } from '../src/operations/operation.ts'
import { type Answer, type Harness, openHarness } from './harness.ts'
import { createTestClock, type TestClock } from './test-clock.ts'

/** What a loaded machine takes longer. */
const SLACK_MS = 20_000

let harness: Harness
let clock: TestClock

/** The way into each state, as short as there is one. */
const ENTER: Record<SessionState, () => Promise<unknown>> = {
  stopped: async () => {},
  starting: async () => {
    await harness.world.setFault({ name: 'load_hangs', value: true })
    void harness.post('/api/auth/start').catch(() => {})
    await harness.until('starting')
  },
  qr: () => harness.post('/api/auth/start'),
  authenticated: async () => {
    await harness.link()
    await harness.world.setFault({ name: 'sync_never', value: true })
    await harness.restart()
    await harness.until('authenticated')
  },
  ready: () => harness.link(),
  auth_failure: async () => {
    await harness.world.setFault({ name: 'pairing_refused', value: true })
    await harness.post('/api/pairing-code', { phone_number: '15550001000' })
    await harness.world.setFault({ name: 'pairing_refused', value: false })
  },
  disconnected: async () => {
    await harness.link()
    await harness.world.setFault({ name: 'load_refused', value: true })
    await harness.restart()
    await harness.until('disconnected')
  },
}

type Row = ExampleCall & {
  /** It is answered from the archive. */
  reads?: boolean
  limitMs: number
  changes: boolean
  /** What it needs of the session. */
  needs?: string
  /** Its status after success; default 200. */
  status?: number | undefined
}
type ExampleCall = { method: string; path: string; body?: unknown }

/** The example as a call of this route: what the path does not name goes into the query, or the body. */
function exampleCall(input: unknown, route: string): ExampleCall {
  const [method = '', pattern = ''] = route.split(' ')
  const left = new Map(Object.entries({ account: 'default', ...(input ?? {}) }))
  if (!pattern.includes('{account}')) left.delete('account')
  const path = pattern.replace(/\{(\w+)\}/g, (_, name) => {
    const value = encodeURIComponent(String(left.get(name)))
    left.delete(name)
    return value
  })
  if (method !== 'GET' && method !== 'DELETE') return { method, path, body: Object.fromEntries(left) }
  const query = new URLSearchParams(
    Object.fromEntries([...left].map(([name, value]) => [name, String(value)])),
  )
  return { method, path: left.size === 0 ? path : `${path}?${query}` }
}

/** Nothing was ever linked in these, so there is nothing to read. */
const UNLINKED: ReadonlySet<SessionState> = new Set(['stopped', 'starting', 'qr', 'auth_failure'])

/** What reading says in each state; the examples name a person and an invite that nobody knows here. */
function statusOf(state: SessionState, { path, body, reads, needs }: Row): number {
  if (/\/outbox\/ob_|\/keys\/key_|\/webhooks\/wh_/.test(path)) return 404
  if (!reads) return 200
  if (UNLINKED.has(state)) return 409
  if (needs === 'ready' && state !== 'ready') return 503
  // Without a connection nobody says whether there is one.
  if (path.startsWith('/api/pictures/') && state !== 'ready') return 503
  // A number may be nobody's.
  if (path === '/api/numbers/check') return 200
  // The account is no business.
  if (path === '/api/labels') return 422
  return /4567|\/(invites|votes)/.test(path + JSON.stringify(body)) ? 404 : 200
}

/** Every operation's routes with its example, and the pages. */
const ROWS: Row[] = [
  ...OPERATIONS.flatMap((operation) =>
    operation.routes.map((route) => {
      return {
        ...exampleCall(requestAt(operation, route, operation.example.input), route),
        reads: operation.errors.includes('archive_damaged'),
        limitMs: operation.limitMs ?? 2_000,
        needs: operation.needs,
        changes: operation.effect !== 'read',
        status: operation.status,
      }
    }),
  ),
  { method: 'GET', path: '/qr', limitMs: 2_000, changes: false },
  { method: 'GET', path: '/openapi.json', limitMs: 2_000, changes: false },
]

/**
 * Call it while time runs thirty times as fast, from so many real milliseconds on and until its limit is over; the answer and
 * how long it took on that clock.
 */
async function timed({ method, path, body, limitMs }: Row, afterMs = 0): Promise<Answer & { ms: number }> {
  const from = clock.now()
  let pump: NodeJS.Timeout | undefined
  const begin = setTimeout(() => {
    pump = setInterval(() => {
      if (clock.now() - from < limitMs + 2_000) clock.advance(1_000)
    }, 30)
  }, afterMs)
  try {
    const answer = await harness.call({ method, path, ...(body === undefined ? {} : { body }) })
    return { ...answer, ms: clock.now() - from }
  } finally {
    clearTimeout(begin)
    clearInterval(pump)
  }
}

/** What a send says in each state; everything else answers 200 or one of its own codes. */
const SEND: Record<SessionState, number> = {
  stopped: 409,
  starting: 409,
  qr: 409,
  authenticated: 503,
  // The example's number is nobody's.
  ready: 422,
  auth_failure: 409,
  disconnected: 503,
}

describe.each(SESSION_STATES)('in the state %s', (state) => {
  let isOpen = false
  const close = async () => {
    if (isOpen) await harness.close()
    isOpen = false
  }
  afterAll(close)

  /** The server of the call before, if that left it in this state. */
  async function enter(): Promise<void> {
    if (isOpen && (await isHere())) return
    await close()
    clock = createTestClock()
    harness = await openHarness({ clock })
    isOpen = true
    await ENTER[state]()
    expect((await harness.status()).state).toBe(state)
  }

  /** A lost connection is tried again meanwhile. */
  async function isHere(): Promise<boolean> {
    for (let n = 0; n < 20; n += 1) {
      const { status, json } = await harness.get('/api/status')
      if (status === 200 && json.state === state) return true
      if (state !== 'disconnected') return false
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return false
  }

  it('reading answers at once and says so', async () => {
    await enter()
    // First: a lost connection is won back while the others are asked.
    expect(await harness.status()).toMatchObject({
      state,
      ready: state === 'ready',
      authenticated: state === 'ready' || state === 'authenticated',
    })
    for (const row of ROWS.filter(({ changes }) => !changes)) {
      const startedAt = performance.now()
      const answer = await harness.call(row)
      expect(answer.status, row.path).toBe(statusOf(state, row))
      // What waits for its whole limit has another status.
      expect(performance.now() - startedAt, row.path).toBeLessThan(row.limitMs + SLACK_MS)
    }
  })

  it.each(ROWS.filter(({ changes }) => changes))(
    '$method $path answers in time, with a known code',
    async (row) => {
      await enter()
      const isSend = row.path === '/api/send'
      // Who has no time to look for the number finds nobody.
      const answer = await timed(row, isSend && state === 'ready' ? 10_000 : 0)
      // The clock adds two seconds of its own, and a loaded machine some more.
      expect(answer.ms, answer.text).toBeLessThan(row.limitMs + SLACK_MS)
      if (isSend) expect([answer.status, state]).toEqual([SEND[state], state])
      if (answer.status === (row.status ?? 200)) return
      expect(answer.headers['content-type']).toContain('application/problem+json')
      expect(Object.keys(ERRORS)).toContain(answer.json.code)
      expect(answer.status).not.toBe(500)
      expect(answer.json.hint).toBeTruthy()
    },
  )
})
