import { setImmediate as poll } from 'node:timers/promises'
import { beforeEach, expect, it } from 'vitest'
import { createTurns, type Turn } from './turn.ts'

/** Time that passes only when the test says so, in milliseconds. */
let nowMs: number
let cpuMs: number
/** The pauses, each with its length. */
let pauses: number[]
let turn: Turn

beforeEach(() => {
  nowMs = 1_000
  cpuMs = 50
  pauses = []
  turn = createTurns({
    now: () => nowMs,
    cpu: () => cpuMs,
    pause(ms, run) {
      pauses.push(ms)
      void poll().then(() => {
        nowMs += Math.max(0, ms)
        run()
      })
    },
  })
})

function work(ms: number): void {
  nowMs += ms
  cpuMs += ms
}

/** Other programs have the processor. */
function wait(ms: number): void {
  nowMs += ms
}

it('runs short pieces at once, one after the other', async () => {
  const order: string[] = []
  const piece = async (name: string) => {
    await turn()
    order.push(`${name} begins`)
    await Promise.resolve()
    order.push(`${name} ends`)
  }
  const later = poll().then(() => order.push('later'))
  await Promise.all([piece('a'), piece('b'), later])
  expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'later'])
  expect(pauses).toEqual([])
})

it('polls the network after short pieces that took a millisecond together', async () => {
  const begun: number[] = []
  const pieces = Array.from({ length: 10 }, async () => {
    await turn()
    begun.push(pauses.length)
    work(0.25)
  })
  await Promise.all(pieces)
  expect(begun).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2])
  expect(pauses.every((ms) => ms < 1)).toBe(true)
})

it('pauses after a long piece for as long as it took, also before pieces that come during the pause', async () => {
  await turn()
  work(20)
  const ended = nowMs
  const asked = turn()
  await Promise.resolve()
  await Promise.all([asked, turn()])
  expect([pauses, nowMs - ended]).toEqual([[20], 20])
})

it('pauses for what is left if the next piece comes late, and not at all if it comes later still', async () => {
  await turn()
  work(20)
  await poll()
  wait(15)
  await turn()
  expect(pauses).toEqual([5])
  work(20)
  await poll()
  wait(20)
  await turn()
  expect(pauses).toEqual([5])
})

it('pauses again if the timer was early', async () => {
  const slept: number[] = []
  const early = createTurns({
    now: () => nowMs,
    cpu: () => cpuMs,
    pause(ms, run) {
      slept.push(ms)
      void poll().then(() => {
        nowMs += slept.length === 1 ? ms - 2 : ms
        run()
      })
    },
  })
  await early()
  work(20)
  await early()
  expect(slept).toEqual([20, 2])
})

it('lets other work run between two long pieces, and events before all others', async () => {
  const order: string[] = []
  const piece = async (name: string, of?: 'events') => {
    await turn(of)
    order.push(name)
    work(20)
  }
  const pieces = [piece('first'), piece('second'), piece('event', 'events')]
  const other = poll().then(() => order.push('other'))
  await Promise.all([...pieces, other])
  expect(order).toEqual(['first', 'other', 'event', 'second'])
})

it('does not count the time in which the computer did other work', async () => {
  const pieces = Array.from({ length: 10 }, async () => {
    await turn()
    wait(5)
    work(0.05)
  })
  await Promise.all(pieces)
  expect(pauses).toEqual([])
})
