/** Whose cursor it is, where an older copy of the archive took its place and events went with their messages. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createEventCursors, type EventCursors } from './event-cursor.ts'
import { openStore, type Store } from './store.ts'

type Log = { store: Store; cursors: EventCursors }

let dir: string
/** What was there when the copy was made, and the copy that took its place. */
let before: Log
let after: Log

function open(file: string): Log {
  const store = openStore(file)
  return { store, cursors: createEventCursors(store.db, store.events) }
}
function append({ store }: Log, ...times: number[]): void {
  for (const at_ms of times)
    store.events.append({ at_ms, kind: 'chat.removed', chat: null, message: null, data: null })
}
/** As where their messages are forgotten. */
const drop = ({ store }: Log, ...cursors: number[]) =>
  store.db.exec(`DELETE FROM events WHERE cursor IN (${cursors})`)

/** Three events are in both; then one more pair in what was there, and three in the copy. */
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-cursor-'))
  const file = join(dir, 'a.db')
  before = open(file)
  append(before, 1_000, 2_000, 3_000)
  before.store.close()
  copyFileSync(file, join(dir, 'b.db'))
  before = open(file)
  after = open(join(dir, 'b.db'))
  append(before, 4_000, 5_000)
  append(after, 60_000, 61_000, 62_000)
})
afterEach(() => {
  for (const { store } of [before, after]) store.close()
  rmSync(dir, { recursive: true, force: true })
})

it('is valid if its event was deleted since, or before it was returned', () => {
  const { cursors } = before
  const whole = cursors.toText(5)
  drop(before, 5)
  const gone = cursors.toText(5)
  expect([whole, gone].map(cursors.fromText)).toEqual([5, 5])
  drop(before, 4, 2, 1, 3)
  append(before, 6_000)
  expect([whole, gone, cursors.toText(5)].map(cursors.fromText)).toEqual([5, 5, 5])
  expect(cursors.fromText(cursors.toText(0))).toBe(0)
})

it.each<[string, number[], number[]]>([
  ['both events are here', [], []],
  ['its event had gone when it was told', [5], []],
  ['all later than the copy had gone when it was told', [4, 5], []],
  ['everything had gone when it was told', [1, 2, 3, 4, 5], []],
  ['the event of its number is gone here', [], [5]],
  ['both are gone', [5], [5]],
])('is foreign where %s', (_, goneBefore, goneAfter) => {
  if (goneBefore.length > 0) drop(before, ...goneBefore)
  const told = before.cursors.toText(5)
  if (goneAfter.length > 0) drop(after, ...goneAfter)
  expect(() => after.cursors.fromText(told)).toThrow(expect.objectContaining({ code: 'cursor_foreign' }))
})

it('goes on where nothing of what it passes is here', () => {
  const told = before.cursors.toText(5)
  drop(after, 4, 5)
  expect(after.store.events.after(after.cursors.fromText(told), 10).map(({ cursor }) => cursor)).toEqual([6])
})
