/** The archive of a server that has stopped against the double's own log: nothing lost, nothing twice, all in order. */
import type { World } from '../../simulator/simulator.ts'
import type { Store } from '../../src/store/store.ts'
import { type Kept, keptMessages, messageEvents, readArchive, worldMessages } from '../archive-rows.ts'

/** How many of each kind of fault there are. */
export type Faults = {
  lost: number
  twice: number
  /** In the archive, and not in the double's log. */
  strange: number
  /** Another sender, kind, text or time. */
  different: number
  /** Chats whose messages stand in another order. */
  disordered: number
  /** Came after the first sync, and nobody was told of it. */
  untold: number
  toldTwice: number
  /** Events about messages that are not there, or that were there before the first sync. */
  stray: number
  /** Cursors that do not grow. */
  cursors: number
  /** 1: SQLite finds the file damaged. */
  damaged: number
}

export type Comparison = {
  /** Messages that the double knows, and that the archive holds. */
  expected: number
  kept: number
  /** Events that tell of a message, and how many of them came while nobody listened. */
  told: number
  late: number
  faults: Faults
  /** The first ten of each fault; empty: all is well. */
  problems: string[]
}

export type CompareOptions = {
  /** Bare ids of the messages that were there before the first sync: they have no events. */
  before: ReadonlySet<string>
  /**
   * `seconds`: within one second any order will do. For late events: the double gives a page what is new before what
   * the page has missed, so that of one second it cannot know which came first.
   */
  order?: 'exact' | 'seconds'
}

type Note = (fault: keyof Faults, text: string) => void

const SHOWN = 10

/** Compare the archive in `file` with everything that `world` knows. */
export function compareArchive(file: string, world: World, options: CompareOptions): Comparison {
  const faults: Faults = { ...NONE }
  const problems: string[] = []
  const counts = readArchive(file, (store) =>
    compare(store, world, options, (fault, text) => {
      faults[fault] += 1
      if (faults[fault] <= SHOWN) problems.push(`${fault}: ${text}`)
    }),
  )
  return { ...counts, faults, problems }
}

function compare(store: Store, world: World, { before, order = 'exact' }: CompareOptions, note: Note) {
  const expected = worldMessages(world)
  const kept = keptMessages(store)
  for (const chat of new Set([...expected.keys(), ...kept.keys()])) {
    compareChat(chat, expected.get(chat) ?? [], kept.get(chat) ?? [], order, note)
  }
  const all = [...expected.values()].flat()
  const events = compareEvents(
    store,
    all.filter(({ id }) => !before.has(id)),
    note,
  )
  const [integrity] = store.db.query<{ integrity_check: string }>('PRAGMA integrity_check').all()
  if (integrity?.integrity_check !== 'ok') note('damaged', String(integrity?.integrity_check))
  return { expected: all.length, kept: [...kept.values()].flat().length, ...events }
}

const nameOf = ({ chat, from, id }: Kept) => `${chat} ${from} ${id}`

function compareChat(
  chat: string,
  expected: Kept[],
  kept: Kept[],
  order: 'exact' | 'seconds',
  note: Note,
): void {
  const byId = new Map<string, Kept>()
  for (const one of kept) {
    if (byId.has(one.id)) note('twice', nameOf(one))
    byId.set(one.id, one)
  }
  for (const one of expected) {
    const found = byId.get(one.id)
    if (found === undefined) note('lost', `${nameOf(one)} at ${one.t}: ${one.body}`)
    else if (!isEqual(found, one)) {
      note('different', `${JSON.stringify(found)} for ${JSON.stringify(one)}`)
    }
  }
  const wanted = new Set(expected.map(({ id }) => id))
  for (const one of kept) if (!wanted.has(one.id)) note('strange', nameOf(one))
  // Stands in another second here, see isEqual.
  const isMoved = ({ id, t }: Kept) => byId.get(id)?.t !== t
  const moved = new Set(expected.filter(isMoved).map(({ id }) => id))
  const inBoth = (list: Kept[]) => list.filter(({ id }) => wanted.has(id) && byId.has(id) && !moved.has(id))
  const there = inBoth(expected)
  const here = inBoth(kept)
  const isSame = (one: Kept, other: Kept | undefined) =>
    order === 'exact' ? one.id === other?.id : one.t === other?.t
  const at = there.findIndex((one, index) => !isSame(one, here[index]))
  const show = (list: Kept[]) => list.slice(at, at + 4).map(({ id, t }) => `${id.slice(0, 6)} of ${t}`)
  if (at >= 0) note('disordered', `${chat} from ${at} on: ${show(here)} stand for ${show(there)}`)
}

/** What a linked device sent (its ids begin so) has the device's time there and the server's here: a second apart, at most. */
function isEqual(found: Kept, one: Kept): boolean {
  const isNear = one.id.startsWith('3EB0') && Math.abs(found.t - one.t) <= 1
  const wanted = isNear ? { ...one, t: found.t } : one
  return JSON.stringify({ ...found, ...wanted }) === JSON.stringify(found)
}

/** @param came the messages that must have been told of */
function compareEvents(store: Store, came: Kept[], note: Note): { told: number; late: number } {
  const wanted = new Set(came.map(({ id }) => id))
  const times = new Map<string, number>()
  let told = 0
  let late = 0
  let last = 0
  for (const event of messageEvents(store)) {
    const { cursor, kind, id } = event
    if (cursor <= last) note('cursors', `${cursor} after ${last}`)
    last = cursor
    if (id === '?') note('stray', `${kind} at ${cursor}`)
    if (kind !== 'message.received' && kind !== 'message.sent') continue
    if (id !== '?' && !wanted.has(id)) note('stray', `${kind} at ${cursor} about ${id}`)
    times.set(id, (times.get(id) ?? 0) + 1)
    told += 1
    late += Number(event.late)
  }
  for (const one of came) {
    const count = times.get(one.id) ?? 0
    if (count === 0) note('untold', `${nameOf(one)} at ${one.t}`)
    if (count > 1) note('toldTwice', `${nameOf(one)}: ${count} times`)
  }
  return { told, late }
}

const NONE: Faults = {
  lost: 0,
  twice: 0,
  strange: 0,
  different: 0,
  disordered: 0,
  untold: 0,
  toldTwice: 0,
  stray: 0,
  cursors: 0,
  damaged: 0,
}
