/** The log itself: who is woken when, what is dropped, and where it then begins. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EventKind } from '../model/events.ts'
import { openTestArchive, type TestArchive } from './test-archive.ts'

let archive: TestArchive
beforeEach(() => {
  archive = openTestArchive()
})
afterEach(() => archive.close())

const append = (at_ms = 1, kind: EventKind = 'chat.removed', chat: number | null = null) =>
  archive.store.events.append({ at_ms, kind, chat, message: null, data: null })
const cursors = () => archive.store.events.after(0, 1_000).map(({ cursor }) => cursor)

describe('a listener', () => {
  it('is called once a transaction, after the commit', () => {
    const { store } = archive
    const calls: string[] = []
    let isOver = false
    store.events.onAppend(() => calls.push(`${isOver} ${cursors().length}`))
    store.transaction(() => {
      append()
      store.transaction(() => append())
      // Whatever the listener then reads is committed: nothing can be rolled back any more.
      isOver = true
    })
    expect(calls).toEqual(['true 2'])
    append()
    expect(calls).toEqual(['true 2', 'true 3'])
  })

  it('is not called for what was rolled back, then or later', () => {
    const { store } = archive
    let calls = 0
    const stop = store.events.onAppend(() => {
      calls += 1
    })
    const failing = () =>
      store.transaction(() => {
        append()
        throw new Error('on purpose')
      })
    expect(failing).toThrow('on purpose')
    store.transaction(() => store.meta.set('something', 1))
    expect([calls, store.events.last()]).toEqual([0, 0])
    stop()
    append()
    expect(calls).toBe(0)
  })

  it('may write', () => {
    const { store } = archive
    let isFirst = true
    store.events.onAppend(() => {
      if (isFirst) {
        isFirst = false
        store.transaction(() => append())
      }
    })
    store.transaction(() => append())
    expect(cursors()).toEqual([1, 2])
  })
})

describe('dropping', () => {
  it('takes the oldest, in steps, and says up to where', () => {
    const { events } = archive.store
    for (let n = 1; n <= 10; n += 1) append(n)
    const step = () => events.dropOldest({ beforeMs: 8, nowMs: 10 }, 5)
    expect(step()).toBe(5)
    expect([step(), events.droppedTo()]).toEqual([2, 7])
    expect([step(), events.droppedTo()]).toEqual([0, 7])
    expect(cursors()).toEqual([8, 9, 10])
  })

  it('is not held up by an entry from when the clock was wrong', () => {
    append(1)
    append(9_000)
    append(2)
    append(20)
    archive.store.events.dropOldest({ beforeMs: 10, nowMs: 30 }, 100)
    expect(cursors()).toEqual([4])
  })

  it('nor by more of them than one step looks at; they stay as long as what follows', () => {
    const { events } = archive.store
    for (let n = 0; n < 12; n += 1) append(9_000)
    append(5)
    append(20)
    const step = (beforeMs: number) => events.dropOldest({ beforeMs, nowMs: 30 }, 5)
    expect(step(5)).toBe(0)
    expect([step(10), step(10), step(10), step(10)]).toEqual([5, 5, 3, 0])
    expect(cursors()).toEqual([14])
  })

  it('uses no number again, and forgets none that was used', () => {
    const { events } = archive.store
    append()
    append()
    events.dropOldest({ beforeMs: 10, nowMs: 10 }, 100)
    expect([events.last(), events.newestUpTo(2)]).toEqual([2, null])
    append()
    expect(cursors()).toEqual([3])
  })
})

it('finds what fits between two places', () => {
  const { events } = archive.store
  append(1, 'gap.found', 5)
  append(1, 'gap.filled', 5)
  append(1, 'gap.found', 6)
  append(1, 'gap.found', 5)
  const find = (kinds: EventKind[] | null, chat: number | null, range = { after: 0, upTo: 9 }) =>
    events.matching(range, { kinds, chat }, 100).map(({ cursor }) => cursor)
  expect(find(null, null)).toEqual([1, 2, 3, 4])
  expect(find(['gap.found'], 5)).toEqual([1, 4])
  expect(find(['gap.found', 'gap.filled'], 5)).toEqual([1, 2, 4])
  expect(find(null, 6)).toEqual([3])
  expect(find(null, 5, { after: 1, upTo: 3 })).toEqual([2])
})
