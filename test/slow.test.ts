/** Callers that take their time (S12): cut off, and nobody else waits for them. */
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { cpuMsOf } from './cpu-time.ts'
import { openStream } from './event-reader.ts'
import { openEventStage } from './event-stage.ts'
import { openHarness } from './harness.ts'

const SOCKETS = 150
const HEADERS = 'GET /api/status HTTP/1.1\r\nHost: localhost\r\nX-Slow: '
const BODY =
  'POST /api/send HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n'
const UPLOAD =
  'PUT /api/uploads HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 33\r\n\r\n'

/**
 * Keeps its half open: says nothing for a while, then writes one more byte each second. Resolves with what came back and after
 * how long, when the server hangs up.
 */
function dribble(port: number, head: string, silentMs = 0): Promise<{ answer: string; ms: number }> {
  return new Promise((resolve) => {
    const from = performance.now()
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    let answer = ''
    let more: NodeJS.Timeout | undefined
    const begin = setTimeout(() => {
      socket.write(head)
      more = setInterval(() => socket.write('x'), 1_000)
    }, silentMs)
    socket.on('data', (data) => {
      answer += data
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(begin)
      clearInterval(more)
      resolve({ answer, ms: performance.now() - from })
    })
  })
}

// Most of their time is waiting: at once.
describe.concurrent('slow callers', { timeout: 120_000 }, () => {
  it('are disconnected in time, and responses to other clients stay quick', async ({ expect }) => {
    const harness = await openHarness()
    const port = Number(new URL(harness.url).port)
    const slowBody = dribble(port, BODY)
    const slowUpload = dribble(port, UPLOAD)
    const silentMs = (n: number) => (n % 2 === 0 ? 0 : 5_000)
    const slowHeaders = Promise.all(
      Array.from({ length: SOCKETS }, (_, n) => dribble(port, HEADERS, silentMs(n))),
    )
    const times: number[] = []
    for (let i = 0; i < 100; i++)
      times.push(await cpuMsOf(async () => expect((await harness.get('/api/status')).status).toBe(200)))
    expect(times.sort((a, b) => a - b)[94]).toBeLessThan(50)
    for (const { answer, ms } of await slowHeaders) {
      expect(ms).toBeLessThan(15_000)
      expect(answer).toMatch(/^(HTTP\/1\.1 408 .*"code":"request_timeout".*)?$/s)
    }
    const { answer, ms } = await slowBody
    expect(ms).toBeLessThan(35_000)
    expect(answer).toMatch(/^(HTTP\/1\.1 408 .*"code":"request_timeout".*)?$/s)
    // A file may take longer than any other body.
    expect((await slowUpload).answer).toMatch(/^HTTP\/1\.1 200 .*"size_bytes":33,/s)
    await harness.close()
  })

  it('are not clients that wait for events: these may wait longer than any request', async ({ expect }) => {
    const stage = await openEventStage()
    const stream = await openStream(stage.url)
    const { json } = await stage.get('/api/events')
    const from = performance.now()
    const waiting = await stage.get(`/api/events?after=${json.next_after}&wait=36`)
    expect(waiting).toMatchObject({ status: 200, json: { events: [] } })
    expect(performance.now() - from).toBeGreaterThan(35_000)
    stage.write()
    await expect.poll(() => stream.frames.length).toBe(1)
    expect(stream.comments()).toBe(2)
    stream.close()
    await stage.close()
  })
})

it('slow callers are a hundred streams and eighty exports without a reader, and other clients are served', {
  timeout: 120_000,
}, async () => {
  const stage = await openEventStage()
  for (let n = 0; n < 100; n += 1) stage.write({ body: `${n} ${'x'.repeat(60_000)}` })
  const paths = [...Array(100).fill('/api/events/stream?after=0'), ...Array(80).fill('/api/export')]
  const { port } = new URL(stage.url)
  const sockets = paths.map((path) => {
    const socket = connect(Number(port), '127.0.0.1')
    // What came is left in the socket.
    socket.pause()
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    return socket
  })
  const times: number[] = []
  for (let n = 0; n < 20; n += 1)
    times.push(await cpuMsOf(async () => expect((await stage.get('/api/status')).status).toBe(200)))
  // The first waits until all of them are connected, on a busy computer the next ones too; then all take a few milliseconds.
  expect(Math.max(...times)).toBeLessThan(8_000)
  expect(times.sort((a, b) => a - b)[4]).toBeLessThan(100)
  for (const socket of sockets) socket.destroy()
  await stage.close()
})
