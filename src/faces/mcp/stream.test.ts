import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { createTestClock } from '../../../test/test-clock.ts'
import { pipeEvents } from './stream.ts'

const clock = createTestClock()
const server = createServer()
afterEach(() => {
  server.removeAllListeners('request')
  server.closeAllConnections()
  server.close()
})

/** The answer to a request that was answered with this stream, and what tells when all of it was handed over. */
async function pipe(
  body: ReadableStream<Uint8Array>,
): Promise<{ response: IncomingMessage; piped: Promise<void> }> {
  let piped = Promise.resolve()
  server.on('request', (_, response) => {
    response.flushHeaders()
    piped = pipeEvents(body, response, clock)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const request = get(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const [response]: IncomingMessage[] = await once(request, 'response')
  if (response === undefined) throw new Error('no answer')
  return { response, piped }
}

describe('a stream of events', () => {
  it.each<[string, (bytes: Uint8Array) => Uint8Array[]]>([
    ['nowhere', (bytes) => [bytes]],
    ['everywhere', (bytes) => [...bytes].map((byte) => Uint8Array.of(byte))],
    [
      'once, in each place',
      (bytes) => [...bytes].flatMap((_, at) => [bytes.subarray(0, at), bytes.subarray(at)]),
    ],
  ])('is escaped where its chunks are cut %s', async (_, cut) => {
    const text = 'data: {"a":"é\u0085é\u009b\u202e😀\u2066 ünï"}\n\ndata: {"a":"é😀"}\n\n'
    const chunks = cut(new TextEncoder().encode(text))
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(chunk)
        controller.close()
      },
    })
    const { response } = await pipe(body)
    let heard = ''
    response.setEncoding('utf8').on('data', (chunk) => {
      heard += chunk
    })
    await once(response, 'end')
    const escaped = 'data: {"a":"é\\u0085é\\u009b\\u202e😀\\u2066 ünï"}\n\ndata: {"a":"é😀"}\n\n'
    const times = chunks.reduce((sum, { length }) => sum + length, 0) / Buffer.byteLength(text)
    expect(heard).toBe(escaped.repeat(times))
  })

  it('is as fast as its reader, and ends if the reader reads nothing for a minute', async () => {
    let pulled = 0
    let isCancelled = false
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled += 1
          controller.enqueue(new Uint8Array(1024 * 1024).fill(65))
          if (pulled === 50) controller.close()
        },
        cancel() {
          isCancelled = true
        },
      },
      { highWaterMark: 0 },
    )
    const { response, piped } = await pipe(body)
    response.on('error', () => {})
    response.pause()
    const rests = async () => {
      const before = pulled
      await setTimeout(100)
      // On a busy machine nothing may happen for so long; only at rest the stream waits for its reader.
      return pulled === before && clock.waits(60_000)
    }
    await expect.poll(rests).toBe(true)
    expect(pulled).toBeLessThan(20)
    clock.advance(61_000)
    await piped
    expect(isCancelled).toBe(true)
  })
})
