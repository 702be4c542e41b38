import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { untilIdle } from './idle.ts'

let server: Server
let url: string
let isIdle: boolean
let now: (() => void) | null
/** A clock in the test's hand: `now` is what is due next. */
const clock = {
  now: () => 0,
  after(_: number, due: () => void) {
    now = due
    return () => {
      now = null
    }
  },
}

beforeEach(async () => {
  server = createServer((request, answer) => {
    if (request.url === '/stream') answer.write('begun')
    else answer.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  isIdle = false
  now = null
})
afterEach(() => {
  server.close()
  server.closeAllConnections()
})

function watch(isBusy?: () => boolean): void {
  void untilIdle(server, { idleMs: 1_000, clock, isBusy }).then(() => {
    isIdle = true
  })
}

it('counts from the end of the last request, and an open stream is one', async () => {
  watch()
  expect(now).not.toBeNull()
  const stream = await fetch(`${url}/stream`)
  expect(now).toBeNull()
  await (await fetch(url)).text()
  expect(now).toBeNull()
  await stream.body?.cancel()
  await expect.poll(() => now).not.toBeNull()
  now?.()
  await expect.poll(() => isIdle).toBe(true)
})

it('waits on while something is under way that no request shows', async () => {
  let isBusy = true
  watch(() => isBusy)
  const first = now
  first?.()
  await new Promise(setImmediate)
  expect([isIdle, now === first]).toEqual([false, false])
  isBusy = false
  now?.()
  await expect.poll(() => isIdle).toBe(true)
})
