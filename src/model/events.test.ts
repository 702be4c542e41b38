import { describe, expect, it } from 'vitest'
import { Event, KINDS } from './events.ts'

const say = { quoted: (text: string) => JSON.stringify(text), person: ({ name }: { name: string }) => name }

describe.each(Event.options.map((row) => [row.shape.kind.value, row] as const))('%s', (kind, row) => {
  it('has a line with every fact of its data', () => {
    expect(Object.keys(row.line?.shape ?? {})).toEqual(Object.keys(row.shape.data.shape))
  })

  it('is made from what the log stores, even if that is nothing', () => {
    const find = {
      contact: () => null,
      jid: () => null,
      isMe: () => false,
      revision: () => null,
      messageId: (bareId: string) => bareId,
      chatFields: () => [],
    }
    const common = { v: 1 as const, cursor: 'a-1-b', at: '2025-06-15T15:06:42.108Z', chat: null }
    const event = KINDS.get(kind)?.create(common, null, {}, find)
    expect(Event.parse(event)).toEqual(event)
    expect(row.line?.facts(event?.data, say) ?? {}).toBeTypeOf('object')
  })
})
