import { EventEmitter } from 'node:events'
import { expect, it, vi } from 'vitest'
import { createTestClock } from '../../../test/test-clock.ts'
import { createAnswers } from './answers.ts'

/** A client that takes nothing of its answer until it is told to. */
function client(destroyed = false) {
  const emitter = new EventEmitter()
  return Object.assign(emitter, { destroyed, destroy: () => emitter.emit('close') })
}
const LONG = 'x'.repeat(8 * 1024 * 1024)

it('an answer is not made while too much waits for clients, and is again when they took it', async () => {
  const answers = createAnswers(createTestClock())
  const stuck = Array.from({ length: 8 }, () => client())
  for (const one of stuck) expect((await answers.make(one, async () => LONG))?.length).toBe(LONG.length + 2)
  const make = async () => expect.fail('it was made')
  await expect(answers.make(client(), make)).rejects.toMatchObject({ code: 'server_busy', retryAfterS: 1 })
  for (const one of stuck) one.emit('close')
  expect(await answers.make(client(), async () => ({ ok: true }))).toBe('{"ok":true}')
})

it('an answer is not made for a client that left, nor kept for one that left meanwhile', async () => {
  const answers = createAnswers(createTestClock())
  expect(await answers.make(client(true), async () => expect.fail('it was made'))).toBeNull()
  const leaving = client()
  const left = async () => {
    leaving.destroyed = true
    return LONG
  }
  expect(await answers.make(leaving, left)).toBeNull()
})

it('a client that does not read its answer is disconnected after two minutes', async () => {
  const clock = createTestClock()
  const answers = createAnswers(clock)
  const stuck = client()
  const closed = vi.fn()
  stuck.once('close', closed)
  await answers.make(stuck, async () => LONG)
  clock.advance(119_000)
  expect(closed).not.toHaveBeenCalled()
  clock.advance(1_000)
  expect(closed).toHaveBeenCalledOnce()
})
