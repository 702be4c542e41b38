/** Reads that are one. */
import { expect, it } from 'vitest'
import type { EventPage, LogReader } from '../session/event-readers.ts'
import { readTogether } from './read-together.ts'

const QUERY = { kinds: null, chat: null }

it('shares a read that is under way, until the log grows or it has ended', async () => {
  let last = 1
  const ends: ((page: EventPage) => void)[] = []
  const log = {
    last: () => last,
    readEvents: () => new Promise<EventPage>((resolve) => ends.push(resolve)),
  } as Partial<LogReader> as LogReader
  const first = readTogether(log, 0, QUERY, 50)
  const second = readTogether(log, 0, QUERY, 50)
  const elsewhere = readTogether(log, 1, QUERY, 50)
  last = 2
  const later = readTogether(log, 0, QUERY, 50)
  expect(ends.length).toBe(3)
  for (const end of ends) end({ events: [], next: 1, hasMore: false })
  expect(await first).toBe(await second)
  expect(await first).not.toBe(await elsewhere)
  expect(await first).not.toBe(await later)
  void readTogether(log, 0, QUERY, 50)
  expect(ends.length).toBe(4)
})

it('forgets a read that failed', async () => {
  let reads = 0
  const log = {
    last: () => 1,
    readEvents: () => Promise.reject(new Error(`read ${++reads}`)),
  } as Partial<LogReader> as LogReader
  await expect(readTogether(log, 0, QUERY, 50)).rejects.toThrow('read 1')
  await expect(readTogether(log, 0, QUERY, 50)).rejects.toThrow('read 2')
})
