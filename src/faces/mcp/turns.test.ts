import { expect, it } from 'vitest'
import { createDeferred } from '../../clock.ts'
import { createTurns } from './turns.ts'

const { signal } = new AbortController()
const LONG = 'x'.repeat(2 * 1024 * 1024)
const never = new Promise<void>(() => {})

it('runs four requests of one HTTP request at a time, and those of other clients meanwhile', async () => {
  const turns = createTurns()
  turns.begin('a', never)
  turns.begin('b', never)
  const done = createDeferred<string>()
  let running = 0
  const run = () => {
    running += 1
    return done.promise
  }
  const calls = Array.from({ length: 10 }, () => turns.take('a', signal, run))
  expect(await turns.take('b', signal, async () => 'other')).toBe('other')
  expect(running).toBe(4)
  done.resolve('done')
  expect(await Promise.all(calls)).toEqual(Array(10).fill('done'))
  expect(running).toBe(10)
})

it('does not begin a request if the responses to its batch are too large or its client disconnected', async () => {
  const turns = createTurns()
  turns.begin('a', never)
  await turns.take('a', signal, async () => LONG)
  const begun = async () => expect.fail('it was begun')
  await expect(turns.take('a', signal, begun)).rejects.toMatchObject({
    code: -32000,
    data: { code: 'batch_too_large', retry: 'safe' },
  })
  await expect(turns.take('b', AbortSignal.abort(), begun)).rejects.toThrow()
})

it('does not begin requests while too many responses are pending, and continues once clients have read them', async () => {
  const turns = createTurns()
  const taken = createDeferred<void>()
  for (let n = 0; n < 32; n += 1) {
    turns.begin(`${n}`, taken.promise)
    await turns.take(`${n}`, signal, async () => LONG)
  }
  turns.begin('a', never)
  const call = () => turns.take('a', signal, async () => 'done')
  await expect(call()).rejects.toMatchObject({ code: -32000, data: { code: 'server_busy', retry: 'later' } })
  taken.resolve()
  await taken.promise
  expect(await call()).toBe('done')
})
