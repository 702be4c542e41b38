import { stat } from 'node:fs/promises'
import { setTimeout as pause, setImmediate as poll } from 'node:timers/promises'
import { beforeEach, expect, it } from 'vitest'
import { turn } from './turn.ts'

const LONG_MS = 20

/** Takes this much processor time. */
function work(ms: number): void {
  const before = process.cpuUsage()
  for (let usage = process.cpuUsage(before); usage.user + usage.system < ms * 1_000; )
    usage = process.cpuUsage(before)
}

/** Other programs may take the processor in the middle of what is measured. */
const BUSY = { retry: 40 }

/** Waits until no pause is left. */
beforeEach(() => pause(5 * LONG_MS))

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
})

it('pauses after many short pieces', async () => {
  const order: string[] = []
  const pieces = Array.from({ length: 10 }, async (_, n) => {
    await turn()
    order.push(`${n}`)
    work(0.3)
  })
  const later = poll().then(() => order.push('later'))
  await Promise.all([...pieces, later])
  expect(order.indexOf('later')).toBeLessThan(5)
})

it(
  'pauses after a long piece for as long as it took, also before pieces that come during the pause',
  BUSY,
  async () => {
    // After a poll the clock of timers is older than the piece.
    await stat('.')
    await turn()
    work(LONG_MS)
    const ended = performance.now()
    const asked = turn()
    await poll()
    await Promise.all([asked, turn()])
    expect(performance.now() - ended).toBeGreaterThanOrEqual(LONG_MS - 1)
  },
)

it('lets other work run between two long pieces, and events before all others', async () => {
  const order: string[] = []
  const piece = async (name: string, of?: 'events') => {
    await turn(of)
    order.push(name)
    work(LONG_MS)
  }
  const pieces = [piece('first'), piece('second'), piece('event', 'events')]
  const other = poll().then(() => order.push('other'))
  await Promise.all([...pieces, other])
  expect(order).toEqual(['first', 'other', 'event', 'second'])
})

it('does not count the time in which the computer did other work', BUSY, async () => {
  const order: string[] = []
  const pieces = Array.from({ length: 10 }, async (_, n) => {
    await turn()
    order.push(`${n}`)
    // Blocks this thread without processor time, as a busy computer does.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
  })
  const later = poll().then(() => order.push('later'))
  await Promise.all([...pieces, later])
  expect(order.indexOf('later')).toBeGreaterThan(2)
})
