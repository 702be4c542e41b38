/** Webhooks whose control database cannot be read for a while. */
import { expect, it, vi } from 'vitest'
import { createTestClock } from '../../test/test-clock.ts'
import { createLog } from '../log.ts'
import { openWebhooks, type WebhooksOptions } from './webhooks.ts'

it('are opened once when it can be read again, however many ask for them at that moment', async () => {
  const list = vi.fn().mockRejectedValueOnce(new Error('locked')).mockResolvedValue([])
  const webhooks = await openWebhooks({
    control: { list, countDead: async () => new Map() },
    clock: createTestClock(),
    log: createLog({ level: 'silent' }),
  } as unknown as WebhooksOptions)
  expect(list).toHaveBeenCalledTimes(1)
  expect(await Promise.all([webhooks.list(), webhooks.list(), webhooks.list()])).toEqual([[], [], []])
  expect(list).toHaveBeenCalledTimes(2)
  await webhooks.close()
})
