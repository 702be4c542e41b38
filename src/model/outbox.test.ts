/** What people are told of a message of the outbox. */
import { expect, it } from 'vitest'
import { describeHeld, OUTBOX_STATES, type OutboxItem, WAITING } from './outbox.ts'

it.each(OUTBOX_STATES)('the time of an item that is %s is told only while it waits', (state) => {
  const release_at = '2025-01-02T12:00:00.000Z'
  const lines = describeHeld({ state, release_at } as OutboxItem)
  expect(lines).toEqual(WAITING.some((one) => one === state) ? [`To be sent at ${release_at}`] : [])
})
