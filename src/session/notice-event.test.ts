import { expect, it } from 'vitest'
import { eventOfNotice } from './notice-event.ts'

const eventOf = (action: string) => eventOfNotice({ mentions: [], content: { notice: { action } } } as never)

it('only a word of WhatsApp for a change makes an event', () => {
  expect(eventOf('subject')).toEqual({ kind: 'group.changed', data: { fields: ['name'] } })
  expect(eventOf('constructor')).toBeNull()
})
