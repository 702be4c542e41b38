import { setImmediate as poll } from 'node:timers/promises'
import { beforeEach, expect, it } from 'vitest'
import { turn } from './turn.ts'

const LONG_MS = 20

function work(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

/** Waits until no piece runs and no pause is left. */
beforeEach(async () => {
  await turn()
  for (let n = 0; n < 3; n += 1) await poll()
})

it('runs a piece at once if none runs, and others one after the other', async () => {
  const order: string[] = []
  const polls = (async () => {
    for (let n = 1; n <= 2; n += 1) {
      await poll()
      order.push(`poll ${n}`)
    }
  })()
  const pieces = ['a', 'b'].map(async (name) => {
    await turn()
    order.push(name)
  })
  await Promise.all([...pieces, polls])
  expect(order.indexOf('a')).toBe(0)
  expect(order.indexOf('b')).toBeGreaterThan(order.indexOf('poll 1'))
})

it('pauses after a long piece for as long as it took, also before pieces that come during the pause', async () => {
  await turn()
  work(LONG_MS)
  const ended = performance.now()
  const asked = turn()
  await poll()
  await Promise.all([asked, turn()])
  expect(performance.now() - ended).toBeGreaterThanOrEqual(LONG_MS - 1)
})

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
