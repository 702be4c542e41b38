/** Callers that take their time (S12): cut off, and nobody else waits for them. */
import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { openStream } from './event-reader.ts'
import { openEventStage } from './event-stage.ts'
import { openHarness } from './harness.ts'

const SOCKETS = 150
const HEADERS = 'GET /api/status HTTP/1.1\r\nHost: localhost\r\nX-Slow: '
const BODY =
  'POST /api/send HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n'

/** Writes one more byte each second; resolves with what came back and after how long, when the server hangs up. */
function dribble(port: number, head: string): Promise<{ answer: string; ms: number }> {
  return new Promise((resolve) => {
    const from = performance.now()
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    const timer = setInterval(() => socket.write('x'), 1_000)
    socket.on('data', (data) => {
      answer += data
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      clearInterval(timer)
      resolve({ answer, ms: performance.now() - from })
    })
    socket.write(head)
  })
}

it('are cut off in time, and answers to others stay quick', { timeout: 60_000 }, async () => {
  const harness = await openHarness()
  const port = Number(new URL(harness.url).port)
  const slowBody = dribble(port, BODY)
  const slowHeaders = Promise.all(Array.from({ length: SOCKETS }, () => dribble(port, HEADERS)))
  const times: number[] = []
  for (let i = 0; i < 100; i++) {
    const from = performance.now()
    expect((await harness.get('/api/status')).status).toBe(200)
    times.push(performance.now() - from)
  }
  expect(times.sort((a, b) => a - b)[94]).toBeLessThan(200)
  for (const { answer, ms } of await slowHeaders) {
    expect(ms).toBeLessThan(15_000)
    expect(answer).toMatch(/^(HTTP\/1\.1 408 .*"code":"request_timeout".*)?$/s)
  }
  const { answer, ms } = await slowBody
  expect(ms).toBeLessThan(35_000)
  expect(answer).toMatch(/^(HTTP\/1\.1 408 .*"code":"request_timeout".*)?$/s)
  await harness.close()
})

it('are not those who wait for events: longer than any request may take', { timeout: 60_000 }, async () => {
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
