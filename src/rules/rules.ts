/**
 * The rules of the rules file at work. Each is a reader of the event log with a position of its own, as a webhook is. The file is
 * read again when it changes; while it has an error, the rules before the change stay.
 */
import type { ControlStore } from '../control.ts'
import type { Log } from '../log.ts'
import type { AccountId } from '../model/ids.ts'
import type { PauseReason } from '../model/webhook.ts'
import { createPlaces } from '../webhooks/places.ts'
import { endOf } from '../webhooks/positions.ts'
import {
  type Receiver as AnyReceiver,
  isPausedBy,
  openReceiver,
  type ReceiverOptions,
  type ReceiverView,
  type Receiving,
  viewOf,
} from '../webhooks/receiver.ts'
import { createSlots } from '../webhooks/slots.ts'
import { type ActionOptions, actionOf } from './actions.ts'
import { RulesError, stampOf } from './file-state.ts'
import { idOf, type Rule } from './rule.ts'

type Row = Receiving & { rule: Rule }
type Receiver = AnyReceiver<Row, string>

/** A rule as it is now. */
export type RuleView = ReceiverView<Row, string>
/** The rules file as it is now. */
export type RulesFileView = {
  isOn: boolean
  /** Absolute path of the rules file. */
  file: string
  /** When the rules that are at work were read; null if none were. */
  readAtMs: number | null
  problem: RulesProblem | null
}
/** Why the present file is not at work. `line`: null if it is about the whole file. */
export type RulesProblem = { line: number | null; reason: string }

export type Rules = {
  file(): RulesFileView
  /** Returns the rules that are at work. Rejects with the errors of the control database. */
  list(): Promise<RuleView[]>
  /** Pauses the rules of an account that is removed; if its `archive` is too, their texts are removed. Never rejects. */
  dropAccount(account: AccountId, what: { archive: boolean }): Promise<void>
  /** Stores the positions and stops. Never rejects. */
  close(): Promise<void>
}

export type RulesOptions = Omit<ActionOptions, 'slots'> &
  Pick<ReceiverOptions<Row, string>, 'accounts' | 'log'> & {
    isOn: boolean
    /** Absolute path. */
    file: string
    control: Pick<ControlStore, 'rules' | 'webhooks'>
    log: Log
  }

/** A file that has changed is read when it stays the same for so long: an editor may still write it. */
const LOOK_MS = 1_000
/** Commands that run at the same time. */
const MOST_COMMANDS = 8

/** Reads the rules and begins. Never rejects. */
export async function openRules(options: RulesOptions): Promise<Rules> {
  const { isOn, file, accounts, clock, log } = options
  const { rules: control, webhooks } = options.control
  const actions: ActionOptions = { ...options, slots: createSlots(MOST_COMMANDS) }
  const all = new Map<string, Receiver>()
  const places = createPlaces(control, failed, clock)
  /** The stamp of the file that was read, and of the file at the newest look; undefined before the first. */
  let readStamp: string | null | undefined
  let seenStamp: string | null | undefined
  let readAtMs: number | null = null
  let problem: RulesProblem | null = null
  let isFailing = false
  let isClosed = false
  let cancelLook = () => {}
  let lastTurn: Promise<void> = Promise.resolve()

  /** Changes run one after the other, and never fail. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    lastTurn = lastTurn.then(work).catch(failed)
    return lastTurn
  }

  function failed(error: unknown): void {
    if (!isFailing) log.error({ err: error }, 'rules could not be stored')
    isFailing = true
  }

  async function look(): Promise<void> {
    const before = seenStamp
    seenStamp = stampOf(file)
    const isSettled = before === undefined || seenStamp === before
    if (seenStamp !== readStamp && isSettled) await read(seenStamp)
  }

  async function read(stamp: string | null): Promise<void> {
    try {
      const { readRules } = await import('./rules-file.ts')
      const rules = readRules(file)
      await apply(rules, stamp)
      problem = null
      readAtMs = clock.now()
      if (stamp !== null) log.info({ rules: rules.length }, 'the rules file was read')
    } catch (error) {
      if (!(error instanceof RulesError)) return failed(error)
      problem = { line: error.line, reason: error.message }
      log.warn({ line: error.line }, 'the rules file has an error and is not used')
    }
    readStamp = stamp
    isFailing = false
  }

  /** Ends what is not wanted any more, begins what is new, and continues what was paused before the file was saved. */
  async function apply(rules: readonly Rule[], stamp: string | null): Promise<void> {
    const wanted = new Map(rules.map((rule) => [idOf(rule), rule]))
    await places.store()
    const stored = new Map((await control.list()).map((row) => [row.id, row]))
    for (const id of [...stored.keys(), ...all.keys()]) if (!wanted.has(id)) await remove(id)
    for (const [id, rule] of wanted) {
      const known = stored.get(id)
      const isResumed = known?.paused != null && known.stamp !== stamp
      const open = all.get(id)
      if (open !== undefined && !isResumed && isSame(open.row.rule, rule)) continue
      await stop(id)
      // Its lanes go too: it begins anew, with new events.
      if (isResumed) await control.remove(id)
      const isNew = known === undefined || isResumed
      const place = isNew
        ? endOf(() => accounts.get(rule.account).archive.events.log(), clock.now())
        : (open?.pump.place() ?? known.place)
      const paused = isResumed ? null : (known?.paused ?? null)
      await control.put({ id, place, paused, stamp: paused === null ? null : (known?.stamp ?? null) })
      all.set(id, await begin({ id, rule, account: rule.account, filter: rule.filter, place, paused }))
    }
  }

  const begin = (row: Row): Promise<Receiver> =>
    openReceiver(row, {
      control: webhooks,
      places,
      accounts,
      clock,
      log,
      delivering: () => actionOf(row.rule, actions),
      onPaused: (...pausing) => void pause(...pausing),
      onLost: () => log.warn({ rule: row.id }, 'events were deleted before a rule had taken them'),
    })

  async function stop(id: string): Promise<void> {
    await all.get(id)?.close()
    all.delete(id)
    places.drop(id)
  }

  async function remove(id: string): Promise<void> {
    await stop(id)
    await control.remove(id)
  }

  async function pause(one: Receiver, reason: PauseReason, mayHalt?: Promise<void>): Promise<void> {
    if (isClosed || !isPausedBy(reason, one.row)) return
    log.warn({ rule: one.row.id, reason }, 'a rule is paused')
    one.row = { ...one.row, paused: reason }
    if (mayHalt !== undefined) await save(one)
    await mayHalt
    await one.pump.halt()
    await save(one)
  }

  /** Stores the rule that is paused, unless it was closed or ended meanwhile. Never rejects. */
  async function save(one: Receiver): Promise<void> {
    if (isClosed) return
    const { id, paused } = one.row
    await inTurn(async () => {
      if (all.get(id) === one)
        await control.put({ id, place: one.pump.place(), paused, stamp: readStamp ?? null })
    })
  }

  /** Removes the texts of what the rule has not delivered. Never rejects. */
  function empty({ row: { id } }: Receiver): Promise<void> {
    return inTurn(async () => {
      const one = all.get(id)
      if (one === undefined) return
      await stop(id)
      await webhooks.empty(id)
      all.set(id, await begin({ ...one.row, place: one.pump.place() }))
    })
  }

  function lookLater(): void {
    cancelLook = clock.after(LOOK_MS, () => void inTurn(look).then(() => isClosed || lookLater()))
  }

  if (isOn) {
    await inTurn(look)
    lookLater()
  } else {
    // Rules that are switched on again do not catch up.
    await inTurn(async () => {
      for (const { id } of await control.list()) await control.remove(id)
    })
  }

  return {
    file: () => ({ isOn, file, readAtMs, problem }),
    async list() {
      const dead = await webhooks.countDead()
      return [...all.values()].map((one) => viewOf(one, dead))
    },
    async dropAccount(account, { archive }) {
      const own = [...all.values()].filter(({ row }) => row.account === account)
      await Promise.all(own.map((one) => pause(one, 'account_removed')))
      if (!archive) return
      await Promise.all(own.map(empty))
      await places.wipe()
    },
    async close() {
      isClosed = true
      cancelLook()
      await lastTurn
      await Promise.all([...all.values()].map((one) => one.close()))
      await places.store()
    },
  }
}

const isSame = (one: Rule, other: Rule) => JSON.stringify(one) === JSON.stringify(other)
