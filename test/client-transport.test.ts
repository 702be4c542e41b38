/** What the TypeScript client and the command line share: frames of events, paths of accounts, repetitions. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { framesOf, readEvents } from '../clients/typescript/src/transport/events.ts'
import { createTransport, type Transport } from '../clients/typescript/src/transport/transport.ts'
import { accountPath } from '../src/model/account-paths.ts'
import { ROWS } from '../src/operations/index.ts'

const TEXT =
  'retry: 1000\nid: a\n\nid: b\nevent: message.received\ndata: {"é": ": x"}\n\n:\n\n:\nid: c\n\nevent: error\ndata: {}\n\nid: cut'

it.each([1, 2, 7, 1_000])(
  'events are read from chunks of %i bytes, also those without data',
  async (size) => {
    const bytes = Buffer.from(TEXT)
    async function* chunks() {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
    }
    const found = []
    for await (const frame of framesOf(chunks())) found.push(frame)
    expect(found).toEqual([
      { id: 'a', kind: '', data: '' },
      { id: 'b', kind: 'message.received', data: '{"é": ": x"}' },
      { id: '', kind: '', data: '' },
      { id: 'c', kind: '', data: '' },
      { id: '', kind: 'error', data: '{}' },
    ])
  },
)

it.each([
  [undefined, null],
  [[], null],
  [['message.received', 'message.sent'], 'message.received,message.sent'],
])('events of the kinds %j are asked for', async (kinds, asked) => {
  const ends = new AbortController()
  const found: (string | null)[] = []
  const ask = async (path: string) => {
    found.push(new URL(path, 'http://a').searchParams.get('kind'))
    ends.abort()
    return new Response('')
  }
  const events = readEvents(ask, {
    ...(kinds === undefined ? {} : { kinds }),
    after: '0',
    signal: ends.signal,
  })
  expect(await events.next()).toEqual({ done: true, value: undefined })
  expect(found).toEqual([asked])
})

const URL_OF = 'http://127.0.0.1:1/behind/a/proxy'

/** Sends the request, and returns what the server received, and the answer. */
async function send(
  request: { method?: string; path?: string; headers?: Record<string, string> },
  answers: (Response | Error)[],
  options: Partial<Transport> = {},
) {
  const received: Request[] = []
  const pauses: number[] = []
  const transport = createTransport({
    url: URL_OF,
    key: null,
    account: 'default',
    retries: 3,
    onPause: (pauseMs) => void pauses.push(pauseMs),
    fetch: async (one) => {
      received.push(one)
      const answer = answers[Math.min(received.length, answers.length) - 1]
      if (answer instanceof Response) return answer.clone()
      throw answer
    },
    ...options,
  })
  const { path = '/api/send', ...init } = request
  const outcome = await transport(new Request(`${URL_OF}${path}`, init)).catch((error: unknown) => error)
  return { received, pauses, outcome }
}

const routes = [
  ...ROWS.flatMap((row) => row.routes),
  'GET /qr',
  'POST /mcp',
  'GET /health',
  'GET /openapi.json',
]

it.each(routes)('%s of another account has its path, beside other words of the URL', async (route) => {
  const [method = '', path = ''] = route.replaceAll(/\{\w+\}/g, 'x').split(' ')
  const { received } = await send({ method, path: `${path}?q=1` }, [new Response()], {
    account: 'work',
    key: 'the-key',
  })
  expect(received.map(({ url }) => url)).toEqual([`${URL_OF}${accountPath(path, 'work')}?q=1`])
  expect(received[0]?.headers.get('authorization')).toBe('Bearer the-key')
})

const LOST = new TypeError('fetch failed')
const problem = (retry: string, after?: string) =>
  new Response(JSON.stringify({ code: 'x', detail: 'x', hint: 'x', retry }), {
    status: 503,
    headers: after === undefined ? {} : { 'retry-after': after },
  })
const OK = new Response('{}')
const POST = { method: 'POST' }

describe('a request', () => {
  it.each([
    ['that reads', {}, LOST, [500]],
    ['that changes something', POST, LOST, [500]],
    ['without a key, after which nobody knows', { method: 'PUT', path: '/api/uploads' }, LOST, []],
    ['after `safe`', POST, problem('safe'), [500]],
    ['after `later`, with the pause that the server names', POST, problem('later', '0'), [0]],
    ['after `later` without a pause', POST, problem('later'), []],
    ['after `later` with a longer pause than anybody waits', POST, problem('later', '61'), []],
    ['after `check_first`', POST, problem('check_first', '0'), []],
    ['after `never`', POST, problem('never', '0'), []],
    ['after an answer of a proxy', POST, new Response('<h1>', { status: 502 }), [500]],
    ['after what is not of our server', POST, new Response('<h1>', { status: 404 }), []],
    ['after an error of its sender', POST, new Error('another program listens'), []],
  ] as const)('%s is repeated once or not at all', async (_, request, first, pauses) => {
    const found = await send(request, [first, OK])
    expect(found.pauses).toEqual(pauses)
    expect(found.received).toHaveLength(pauses.length + 1)
    const keys = new Set(found.received.map(({ headers }) => headers.get('idempotency-key')))
    expect(keys.size).toBe(1)
    expect(keys.has(null)).toBe(request !== POST)
  })

  it('is repeated no more often than allowed, with the key that it has', async () => {
    const { received, outcome } = await send({ ...POST, headers: { 'idempotency-key': 'mine' } }, [
      problem('later', '0'),
    ])
    expect(received.map(({ headers }) => headers.get('idempotency-key'))).toEqual(Array(4).fill('mine'))
    expect(outcome).toMatchObject({ status: 503 })
  })
})

const running = (after: string) =>
  new Response(JSON.stringify({ code: 'idempotency_in_progress', detail: 'x', hint: 'x', retry: 'later' }), {
    status: 409,
    headers: { 'retry-after': after },
  })

describe('a request that is still running', () => {
  afterEach(() => void vi.useRealTimers())

  /** Sends a request in a time that passes by itself. */
  async function sent(answers: (Response | Error)[], retries: number) {
    vi.useFakeTimers()
    const sending = send(POST, answers, { retries })
    await vi.advanceTimersByTimeAsync(300_000)
    return sending
  }

  it('has its outcome awaited after the last repetition too', async () => {
    const { pauses, outcome, received } = await sent([LOST, ...Array(30).fill(running('1')), OK], 1)
    expect(pauses).toEqual([500, ...Array(30).fill(1_000)])
    expect(outcome).toMatchObject({ status: 200 })
    expect(new Set(received.map(({ headers }) => headers.get('idempotency-key'))).size).toBe(1)
  })

  it.each([
    ['60 s in all', '1', 3, 60],
    ['at most 60 times', '0', 3, 60],
    ['less than 60 s, where the next pause would end later', '40', 3, 1],
    ['not at all without repetitions', '1', 0, 0],
  ])('has its outcome awaited %s', async (_, after, retries, times) => {
    const { pauses, outcome } = await sent([running(after)], retries)
    expect(pauses).toHaveLength(times)
    expect(outcome).toMatchObject({ status: 409 })
  })
})

it('a server that stays away is asked every 15 s at last', async () => {
  vi.useFakeTimers()
  const sending = send({}, [LOST], { retries: 6 })
  await vi.advanceTimersByTimeAsync(300_000)
  vi.useRealTimers()
  const { pauses, outcome } = await sending
  expect(pauses).toEqual([500, 2_000, 5_000, 15_000, 15_000, 15_000])
  expect(outcome).toBe(LOST)
})
