import type { JSONRPCMessage } from '@modelcontextprotocol/server'
import { describe, expect, it } from 'vitest'
import { createEventStore } from './event-store.ts'

const note = (text: string): JSONRPCMessage => ({
  jsonrpc: '2.0',
  method: 'notifications/x',
  params: { text },
})

async function since(store: ReturnType<typeof createEventStore>, id: string): Promise<[string, unknown][]> {
  const sent: [string, unknown][] = []
  await store.replayEventsAfter(id, { send: async (place, message) => void sent.push([place, message]) })
  return sent
}

describe('the event store', () => {
  it('replays the events after an id on the same stream', async () => {
    const store = createEventStore()
    const first = await store.storeEvent('a', note('1'))
    await store.storeEvent('b', note('other'))
    const second = await store.storeEvent('a', note('2'))
    const third = await store.storeEvent('a', note('3'))
    expect(await since(store, first)).toEqual([
      [second, note('2')],
      [third, note('3')],
    ])
    expect(await since(store, third)).toEqual([])
    expect(await store.getStreamIdForEventId?.(third)).toBe('a')
    expect(await store.getStreamIdForEventId?.("x'; --")).toBeUndefined()
  })

  it('stores 200 events', async () => {
    const store = createEventStore()
    for (let count = 0; count < 500; count += 1) await store.storeEvent('a', note(`${count}`))
    expect(await since(store, '0.a')).toHaveLength(200)
  })

  it('stores a quarter of a megabyte, and no larger message', async () => {
    const store = createEventStore()
    for (let count = 0; count < 10; count += 1) await store.storeEvent('a', note('x'.repeat(100 * 1024)))
    expect(await since(store, '0.a')).toHaveLength(2)
    await store.storeEvent('a', note('x'.repeat(1024 * 1024)))
    expect(await since(store, '0.a')).toHaveLength(2)
  })
})
