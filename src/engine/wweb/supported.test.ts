import { expect, it } from 'vitest'
import { createTestClock } from '../../../test/test-clock.ts'
import type { SelfCheck } from '../../model/ability.ts'
import type { EngineEvent } from '../engine.ts'
import { NEEDS } from './compat/needs.ts'
import { createSupported } from './supported.ts'

const BUILD = '2.3000.1034728815'

/** On a page that gives these results, one for each check, and the last one again. */
function open(...results: Pick<SelfCheck, 'build' | 'missing'>[]) {
  const events: EngineEvent[] = []
  const evaluate = async () =>
    (results.length > 1 ? results.shift() : results[0]) ?? { build: 'unknown', missing: {} }
  const supported = createSupported({ pupPage: { evaluate } }, createTestClock(), (event) =>
    events.push(event),
  )
  return { supported, events }
}

it('says nothing of a page that has not loaded', async () => {
  const { supported, events } = open({ build: 'unknown', missing: { link: [...NEEDS.link] } })
  expect(await supported.check()).toBeNull()
  expect(events).toEqual([])
  expect(await supported.use(['link'], async () => 'done')).toBe('done')
})

it('looks again for what was missing, and for nothing else', async () => {
  const { supported, events } = open(
    { build: BUILD, missing: { reply: ['WAWebMsgReply.canReplyMsg()'] } },
    { build: BUILD, missing: {} },
  )
  await supported.recheck()
  await supported.check()
  const reply = () => supported.use(['reply'], async () => 'sent')
  await expect(reply()).rejects.toMatchObject({ code: 'not_supported_by_whatsapp_web' })
  await supported.recheck()
  await supported.recheck()
  expect(await reply()).toBe('sent')
  expect(events.filter(({ type }) => type === 'checked')).toHaveLength(2)
})

it('is not idle while a call runs that a restart would cut off; readings are repeated', async () => {
  const { supported } = open({ build: BUILD, missing: {} })
  const begin = supported.idleSince()
  expect(begin).toEqual(expect.any(Number))
  const settle: (() => void)[] = []
  const call = () => new Promise<void>((resolve) => settle.push(resolve))
  const sends = [supported.use(['send_text'], call), supported.use(['reply', 'send_text'], call)]
  const reading = supported.use(['read_history'], call)
  expect(supported.idleSince()).toBeNull()
  settle[0]?.()
  await sends[0]
  expect(supported.idleSince()).toBeNull()
  settle[1]?.()
  await sends[1]
  expect(supported.idleSince()).toBeGreaterThanOrEqual(begin ?? 0)
  await expect(supported.use(['send_text'], () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(supported.idleSince()).not.toBeNull()
  settle[2]?.()
  await reading
})
