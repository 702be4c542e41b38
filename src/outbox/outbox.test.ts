/** What the outbox does at awkward moments, on a real control database. WhatsApp is a function here: test/outbox.test.ts has the browser. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestClock, type TestClock } from '../../test/test-clock.ts'
import { type ControlStore, KEPT_MS } from '../control.ts'
import { AppError } from '../errors.ts'
import { createLog } from '../log.ts'
import { DEFAULT_ACCOUNT, toJid } from '../model/ids.ts'
import type { HoldReason } from '../model/outbox.ts'
import { createOwnIds } from '../own-ids.ts'
import { openControl } from '../store/open-control.ts'
import { type Asker, type Draft, FILE_MS, type Order, SEND_MS } from './item.ts'
import { type Outbox, type OutboxOptions, openOutbox } from './outbox.ts'

const HOUR_MS = 3_600_000
const OWN = '15550001000@c.us'
const OTHER = '15550001999@c.us'
const TO = toJid('15550001101@c.us')
const NOW: Order = { caller: 'owner', request: null, reason: null, releaseAtMs: null }

let dir: string
let clock: TestClock
let control: ControlStore
let store: ControlStore['outbox']
let opened: Outbox[]
/** What WhatsApp was given, each text with the number that sent it. */
let sent: [text: string, from: string][]
/** The time that each send was given, in milliseconds. */
let limits: number[]
/** The account that is linked now, and what happens when a number is looked up and a text is sent with it. */
let phone: {
  wid: string
  connected: boolean
  problem: Error | null
  finding(): Promise<void>
  sending(text: string): Promise<void>
}
let changed: () => void
/** The files that were kept, each with its end; and the callers that may send. */
let holds: [path: string, item: string, untilMs: number | null][]
let keys: Set<string>
/** Why what is due waits for the owner, and for whom that was asked. */
let heldFor: HoldReason | null
/** Seconds after which the caller `key_1` may go on; 0: it does not send too fast. */
let tooFastS: number
/** The ack that the archive has of each message; null: none has a message there. And the states that the log of events got. */
let ack: number | null
let logged: string[]
let appended: () => void
let askers: Asker[]
/** How many messages were counted. */
let counted: number
let isRestored: boolean

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-outbox-'))
  mkdirSync(join(dir, 'archives'))
  clock = createTestClock()
  control = openControl({
    file: join(dir, 'control.db'),
    archives: join(dir, 'archives'),
    secret: null,
    clock,
  })
  store = { ...control.outbox }
  opened = []
  sent = []
  limits = []
  phone = { wid: OWN, connected: true, problem: null, finding: async () => {}, sending: async () => {} }
  changed = () => {}
  holds = []
  keys = new Set(['key_1'])
  heldFor = null
  tooFastS = 0
  ack = null
  logged = []
  askers = []
  counted = 0
  isRestored = false
})
afterEach(async () => {
  await Promise.all(opened.map((outbox) => outbox.close()))
  await control.close()
  rmSync(dir, { recursive: true, force: true })
})

function open(isReadOnly = false, startedAtMs = clock.now()): Outbox {
  const session = {
    status: () => ({
      account: { wid: phone.wid },
      linked: true,
      connected: phone.connected,
      restriction: null,
    }),
    onChange(listener: () => void) {
      changed = listener
      return () => {}
    },
    engine() {
      if (phone.problem !== null) throw phone.problem
      const { wid } = phone
      return {
        async findNumber() {
          await phone.finding()
          return TO
        },
        async send(
          chatId: string,
          { text }: { text: string },
          { bareId, limitMs }: { bareId: string; limitMs: number },
        ) {
          limits.push(limitMs)
          await phone.sending(text)
          sent.push([text, wid])
          return { id: `true_${chatId}_${bareId}`, chatId, sentAt: new Date(), message: {} }
        },
      }
    },
  } as unknown as OutboxOptions['session']
  const archive = {
    take({ item }: { item?: { item_state: string } }) {
      if (item !== undefined) logged.push(item.item_state)
    },
    flush() {},
    ownAck: () => ack,
    onAppend(listener: () => void) {
      appended = listener
    },
    reader: () => ({ recipientAt: async () => null }),
  } as unknown as OutboxOptions['archive']
  const log = createLog({ level: 'silent' })
  const outbox = openOutbox({
    account: DEFAULT_ACCOUNT,
    limits: { expiresMs: HOUR_MS, lateMs: HOUR_MS },
    isReadOnly,
    ownIds: createOwnIds('test'),
    store,
    dir: {
      isRestored: () => isRestored,
      endRestore() {
        isRestored = false
      },
    },
    startedAtMs,
    session,
    archive,
    holdFile: (...held) => void holds.push(held),
    fileAt: (name) => join('/elsewhere', basename(name)),
    maySend: ({ caller }) => caller === 'owner' || keys.has(caller),
    holdsNow: async (asker, _, isFirst) => {
      askers.push(asker)
      if (isFirst) counted += 1
      if (tooFastS > 0 && asker.caller === 'key_1')
        throw new AppError('sends_too_fast', { retryAfterS: tooFastS })
      return heldFor
    },
    clock,
    log,
  })
  opened.push(outbox)
  return outbox
}

const draft = (text: string): Draft => ({
  operation: 'send_message',
  to: { id: TO, name: 'Amara' },
  outgoing: { kind: 'text', text },
})
const texts = () => sent.map(([text]) => text)
const stateOf = async (id: string) => (await store.get(id))?.state

/** A message that waits; returns its item. */
async function wait(outbox: Outbox, text: string, order: Partial<Order>) {
  const { code, facts } = await outbox.send(draft(text), { ...NOW, ...order }).catch((error) => error)
  expect(['send_scheduled', 'held_for_approval']).toContain(code)
  // Not the newest of the list: items of one moment have no order.
  const item = await store.get(facts.item.id)
  if (item === null) throw new Error('the item is not stored')
  return item
}
const schedule = (outbox: Outbox, text: string, inMs: number) =>
  wait(outbox, text, { reason: 'send_at', releaseAtMs: clock.now() + inMs })
const hold = (outbox: Outbox, text: string) => wait(outbox, text, { reason: 'confirm' })

it('sends nothing from another number than the message was written for', async () => {
  const outbox = open()
  let free = () => {}
  phone.sending = async (text) => {
    if (text === 'first') await new Promise<void>((resolve) => (free = resolve))
  }
  const first = outbox.send(draft('first'), NOW)
  const second = outbox.send(draft('second'), NOW)
  const refusal = expect(second).rejects.toMatchObject({ code: 'send_withdrawn' })
  await expect.poll(async () => (await store.list({ state: 'sending', limit: 9 })).length).toBe(1)
  phone.wid = OTHER
  free()
  await first
  await refusal
  expect(sent).toEqual([['first', OWN]])
})

it('leaves nothing unknown of what had not begun when the server was killed', async () => {
  let free = () => {}
  phone.sending = () => new Promise<void>((resolve) => (free = resolve))
  const outbox = open()
  const sending = ['first', 'second', 'third'].map((text) => outbox.send(draft(text), NOW))
  await expect.poll(async () => (await store.open(DEFAULT_ACCOUNT)).length).toBe(1)
  const [begun] = await store.open(DEFAULT_ACCOUNT)
  // What a server reads that starts in its place.
  expect(begun?.preview).toBe('first')
  phone.sending = async () => {}
  free()
  await Promise.all(sending)
  expect(texts()).toEqual(['first', 'second', 'third'])
})

it('keeps the text of what may have been sent, and of nothing that was', async () => {
  const outbox = open()
  phone.sending = async (text) => {
    if (text === 'lost') throw new Error('the page closed')
  }
  await outbox.send(draft('arrived'), NOW)
  // Items of one moment have no order.
  clock.advance(1)
  await expect(outbox.send(draft('lost'), NOW)).rejects.toMatchObject({ code: 'send_outcome_unknown' })
  const shown = async () => (await store.list({ limit: 9 })).map(({ state, preview }) => [state, preview])
  await expect.poll(shown).toEqual([
    ['unknown', 'lost'],
    ['sent', ''],
  ])
})

it('looks for what is unknown until its item is deleted', async () => {
  const outbox = open()
  phone.sending = () => Promise.reject(new Error('the page closed'))
  const lose = (text: string) =>
    expect(outbox.send(draft(text), NOW)).rejects.toMatchObject({ code: 'send_outcome_unknown' })
  await lose('old')
  clock.advance(KEPT_MS)
  await lose('new')
  clock.advance(1)
  ack = 1
  appended()
  await expect.poll(() => logged.includes('sent')).toBe(true)
  expect(logged).toEqual(['unknown', 'unknown', 'sent'])
})

it('does not send what was given another time at its time', async () => {
  const outbox = open()
  const { id, releaseAtMs } = await schedule(outbox, 'tomorrow, please', 1_000)
  const { change } = store
  let answer: Promise<unknown> | undefined
  // The new time is written directly before the outbox releases the item, and its row is not yet read back.
  store.change = (...args) => {
    if (args[2].state !== 'sending' || answer !== undefined) return change(...args)
    answer = outbox.decide.change(id, { releaseAtMs: clock.now() + 24 * HOUR_MS })
    return answer.then(() => change(...args))
  }
  clock.advance((releaseAtMs ?? 0) - clock.now())
  await expect.poll(() => answer).toBeDefined()
  expect(await answer).toMatchObject({ state: 'scheduled' })
  await outbox.close()
  expect(sent).toEqual([])
  expect(await stateOf(id)).toBe('scheduled')
})

it('sends what was approved, and nothing else', async () => {
  const outbox = open()
  const { id, digest } = await hold(outbox, 'approved')
  const { change } = store
  let answer: unknown
  store.change = async (...args) => {
    const row = await change(...args)
    if (args[2].state === 'scheduled')
      answer = await outbox.decide.change(id, { text: 'never read' }).catch(({ code }) => code)
    return row
  }
  expect(await outbox.decide.approve(id, digest)).toMatchObject({ state: 'sent', digest })
  expect([answer, texts()]).toEqual(['outbox_not_held', ['approved']])
})

it('asks again about what was changed after its approval', async () => {
  const outbox = open()
  const releaseAtMs = clock.now() + 60_000
  const { id, digest } = await wait(outbox, 'as it was', { reason: 'confirm', releaseAtMs })
  expect(await outbox.decide.approve(id, digest)).toMatchObject({ state: 'scheduled' })
  const changed = await outbox.decide.change(id, { text: 'as it is' })
  expect(changed).toMatchObject({ state: 'held', reason: 'confirm' })
  clock.advance(60_000)
  await outbox.decide.approve(id, changed.digest)
  expect(texts()).toEqual(['as it is'])
})

it.each([60_000, null])('keeps the approval of what a change leaves as it was, due in %j', async (inMs) => {
  const outbox = open()
  phone.connected = false
  const releaseAtMs = inMs === null ? null : clock.now() + inMs
  const { id, digest } = await wait(outbox, 'as it was', { reason: 'confirm', releaseAtMs })
  const approved = await outbox.decide.approve(id, digest)
  const change = { text: 'as it was', ...(releaseAtMs === null ? {} : { releaseAtMs }) }
  expect(await outbox.decide.change(id, change)).toEqual(approved)
  phone.connected = true
  clock.advance(60_000)
  changed()
  await expect.poll(texts).toEqual(['as it was'])
})

it('refuses a change of an item that has changed since it was read', async () => {
  const outbox = open()
  const { id, digest } = await hold(outbox, 'as it was')
  const changed = await outbox.decide.change(id, { text: 'of the owner', digest })
  await expect(outbox.decide.change(id, { text: 'of a user', digest })).rejects.toMatchObject({
    code: 'outbox_changed',
    facts: { digest: changed.digest },
  })
  expect(await store.get(id)).toMatchObject({ preview: 'of the owner', digest: changed.digest })
})

it('does not end what was given another time as it expired', async () => {
  const outbox = open()
  phone.connected = false
  const { id, expiresAtMs } = await schedule(outbox, 'later, please', 1_000)
  const { change } = store
  let answer: Promise<unknown> | undefined
  store.change = (...args) => {
    if (args[2].state !== 'expired' || answer !== undefined) return change(...args)
    answer = outbox.decide.change(id, { releaseAtMs: clock.now() + HOUR_MS })
    return answer.then(() => change(...args))
  }
  clock.advance((expiresAtMs ?? 0) - clock.now())
  await expect.poll(() => answer).toBeDefined()
  await answer
  await outbox.close()
  expect(await stateOf(id)).toBe('scheduled')
  phone.connected = true
})

it('keeps the items that wait while it settles the others after a restart', async () => {
  const before = open()
  const item = await schedule(before, 'in an hour', HOUR_MS)
  await before.close()
  await store.add({ ...item, id: 'ob_0', state: 'sending', chat: toJid('15550001102@c.us') })
  const { change } = store
  let isSlow = true
  store.change = async (...args) => {
    while (args[2].state === 'unknown' && isSlow) await new Promise((resolve) => setTimeout(resolve, 10))
    return change(...args)
  }
  open()
  await store.get(item.id)
  clock.advance(HOUR_MS)
  await expect.poll(texts).toEqual(['in an hour'])
  isSlow = false
  await expect.poll(() => stateOf('ob_0')).toBe('unknown')
})

it('does not send what was due when a backup was restored, once', async () => {
  const before = open()
  const due = await schedule(before, 'perhaps sent since the backup', 60_000)
  const later = await schedule(before, 'not yet', HOUR_MS)
  await before.close()
  isRestored = true
  clock.advance(60_000)
  open()
  await expect.poll(() => stateOf(due.id)).toBe('unknown')
  expect([await stateOf(later.id), isRestored]).toEqual(['scheduled', false])
  clock.advance(HOUR_MS)
  await expect.poll(texts).toEqual(['not yet'])
})

it('sends what of a backup became due after the start of the server, also from an account that opens later', async () => {
  const before = open()
  await schedule(before, 'due since the start', 60_000)
  await before.close()
  isRestored = true
  const startedAtMs = clock.now()
  clock.advance(60_000)
  open(false, startedAtMs)
  await expect.poll(texts).toEqual(['due since the start'])
})

it('reports what the archive shows as sent after a restart once', async () => {
  const before = open()
  const item = await schedule(before, 'in an hour', HOUR_MS)
  await before.close()
  await store.add({ ...item, id: 'ob_0', state: 'sending' })
  ack = 1
  logged = []
  open()
  await expect.poll(() => stateOf('ob_0')).toBe('sent')
  expect(logged).toEqual(['sent'])
})

it.each([null, 0, 1])('with ack %j in the archive, whether an outcome waits for the disk', async (known) => {
  const { change } = store
  const changes: unknown[] = []
  store.change = (id, from, to, options) => {
    if (to.state === 'sent') changes.push(options?.isElsewhere)
    return change(id, from, to, options)
  }
  const outbox = open()
  phone.sending = async () => {
    ack = known
  }
  const { id } = await schedule(outbox, 'soon', 1_000)
  clock.advance(2_000)
  await expect.poll(() => stateOf(id)).toBe('sent')
  expect(changes).toEqual([known === 1])
})

it('sends nothing that expires while missed messages go out one by one', async () => {
  const outbox = open()
  phone.connected = false
  const items = [
    await schedule(outbox, 'first', 1_000),
    await schedule(outbox, 'second', 1_000),
    await schedule(outbox, 'third', 1_000),
  ]
  clock.advance(HOUR_MS - 1_000)
  phone.connected = true
  phone.sending = async () => clock.advance(3_000)
  changed()
  await expect.poll(texts).toEqual(['first'])
  await expect
    .poll(() => Promise.all(items.map(({ id }) => stateOf(id))))
    .toEqual(['sent', 'expired', 'expired'])
})

it('cancels what waits when another number is linked while missed messages go out', async () => {
  const outbox = open()
  phone.connected = false
  const items = [await schedule(outbox, 'first', 1_000), await schedule(outbox, 'second', 1_000)]
  clock.advance(2_000)
  phone.connected = true
  phone.sending = async () => {
    phone.wid = OTHER
  }
  changed()
  await expect.poll(() => Promise.all(items.map(({ id }) => stateOf(id)))).toEqual(['sent', 'cancelled'])
})

it('approves nothing that has expired', async () => {
  const outbox = open()
  const { id, digest, expiresAtMs } = await hold(outbox, 'too late')
  // Its end is written later: the database is busy.
  const { change } = store
  let isBusy = true
  store.change = (...args) => {
    if (args[2].state === 'expired' && isBusy) throw new Error('busy')
    return change(...args)
  }
  clock.advance((expiresAtMs ?? 0) - clock.now() + 1)
  isBusy = false
  await expect(outbox.decide.approve(id, digest)).rejects.toMatchObject({
    code: 'outbox_not_held',
    facts: { outbox_state: 'expired' },
  })
  expect(await stateOf(id)).toBe('expired')
})

it('says what became of an item that is decided', async () => {
  const outbox = open()
  const { id, digest } = await hold(outbox, 'no')
  await outbox.decide.reject(id, 'wrong person')
  await expect(outbox.decide.approve(id, digest)).rejects.toMatchObject({
    message: 'The outbox item is already decided: rejected (wrong person).',
  })
})

it('keeps a message whose time comes while the server stops', async () => {
  const outbox = open()
  const { id } = await schedule(outbox, 'scheduled', 5_000)
  let free = () => {}
  phone.sending = () => new Promise((resolve) => (free = resolve))
  const slow = outbox.send(draft('slow'), NOW)
  await expect.poll(async () => (await store.list({ state: 'sending', limit: 9 })).length).toBe(1)
  clock.advance(6_000)
  await expect.poll(() => stateOf(id)).toBe('sending')
  // The disk is slow: the write must be awaited.
  const { change } = store
  store.change = async (...args) => {
    if (args[2].state === 'scheduled') await new Promise((resolve) => setTimeout(resolve, 100))
    return change(...args)
  }
  phone.problem = new AppError('shutting_down')
  const closing = outbox.close()
  free()
  await slow
  await closing
  expect(await stateOf(id)).toBe('scheduled')
})

it('gives a message that waited its whole time once it is its turn', async () => {
  const outbox = open()
  const { id } = await schedule(outbox, 'scheduled', 5_000)
  let free = () => {}
  phone.sending = async (text) => {
    if (text === 'slow') await new Promise<void>((resolve) => (free = resolve))
  }
  const slow = outbox.send({ ...draft('slow'), endsAtMs: clock.now() + FILE_MS }, NOW)
  await expect.poll(async () => (await store.list({ state: 'sending', limit: 9 })).length).toBe(1)
  clock.advance(5_000)
  await expect.poll(() => stateOf(id)).toBe('sending')
  clock.advance(40_000)
  free()
  await slow
  await expect.poll(() => stateOf(id)).toBe('sent')
  expect(texts()).toEqual(['slow', 'scheduled'])
  expect(limits.at(-1)).toBeGreaterThan(SEND_MS - 5_000)
})

it('sends what waits for other chats while a send to one takes long, and keeps the order within that one', async () => {
  const outbox = open()
  const toAnother = async (text: string, order: Partial<Order>) => {
    const { facts } = await outbox
      .send({ ...draft(text), to: { id: toJid(OTHER), name: 'Bruno' } }, { ...NOW, ...order })
      .catch((error) => error)
    return facts.item
  }
  const first = await schedule(outbox, 'slow', 5_000)
  const second = await schedule(outbox, 'behind it', 5_000)
  await toAnother('of another chat', { reason: 'send_at', releaseAtMs: clock.now() + 5_000 })
  const held = await toAnother('approved', { reason: 'confirm' })
  let free = () => {}
  phone.sending = async (text) => {
    if (text === 'slow') await new Promise<void>((resolve) => (free = resolve))
  }
  clock.advance(5_000)
  await expect.poll(() => stateOf(first.id)).toBe('sending')
  expect(await outbox.decide.approve(held.id, held.digest)).toMatchObject({ state: 'sent' })
  // It has not begun: it can be cancelled, and no crash leaves it unknown.
  expect([texts(), await stateOf(second.id)]).toEqual([['of another chat', 'approved'], 'scheduled'])
  free()
  await expect.poll(() => stateOf(second.id), { timeout: 5_000 }).toBe('sent')
  expect(texts()).toEqual(['of another chat', 'approved', 'slow', 'behind it'])
})

it('reads what waits once the control database responds, and sends nothing before', async () => {
  const before = open()
  const { id } = await schedule(before, 'scheduled', 1_000)
  await before.close()
  const { open: read } = store
  let isBusy = true
  store.open = (...args) => (isBusy ? Promise.reject(new AppError('control_unavailable')) : read(...args))
  const outbox = open()
  await expect(outbox.send(draft('early'), NOW)).rejects.toMatchObject({ code: 'control_unavailable' })
  await expect(outbox.decide.change(id, { text: 'x' })).rejects.toMatchObject({ code: 'control_unavailable' })
  expect(await store.list({ limit: 9 })).toHaveLength(1)
  isBusy = false
  clock.advance(6_000)
  await expect.poll(texts).toEqual(['scheduled'])
  await expect.poll(() => stateOf(id)).toBe('sent')
})

it('tries again to write that an item waits again', async () => {
  const outbox = open()
  const { id } = await schedule(outbox, 'scheduled', 1_000)
  const { change } = store
  let isBusy = true
  let refused = 0
  store.change = (...args) => {
    if (!isBusy || args[2].state !== 'scheduled') return change(...args)
    refused += 1
    return Promise.reject(new Error('busy'))
  }
  phone.problem = new AppError('not_connected')
  clock.advance(1_000)
  await expect.poll(() => refused).toBe(1)
  expect(await stateOf(id)).toBe('sending')
  isBusy = false
  phone.problem = null
  await expect
    .poll(() => {
      clock.advance(6_000)
      return texts()
    })
    .toEqual(['scheduled'])
  await expect.poll(() => stateOf(id)).toBe('sent')
})

it('sends a message later if the page does not respond at its time', async () => {
  const outbox = open()
  let lookups = 0
  phone.finding = async () => {
    lookups += 1
    if (lookups === 1) throw new AppError('whatsapp_timeout')
  }
  const { id } = await schedule(outbox, 'scheduled', 1_000)
  clock.advance(1_000)
  await expect.poll(() => lookups).toBe(1)
  await expect.poll(() => stateOf(id)).toBe('scheduled')
  await expect
    .poll(() => {
      clock.advance(1_000)
      return texts()
    })
    .toEqual(['scheduled'])
  await expect.poll(() => stateOf(id)).toBe('sent')
  expect(texts()).toEqual(['scheduled'])
})

it('counts and reports a message once that could not begin, and again when the owner approves it', async () => {
  const outbox = open()
  let [lookups, isSlow] = [0, true]
  phone.finding = async () => {
    lookups += 1
    if (isSlow) throw new AppError('whatsapp_timeout')
  }
  const { id } = await schedule(outbox, 'scheduled', 1_000)
  const after = async <T>(result: () => T) => {
    clock.advance(1_000)
    return result()
  }
  await expect.poll(() => after(() => lookups), { timeout: 5_000 }).toBeGreaterThan(2)
  heldFor = 'stranger'
  await expect.poll(() => after(() => stateOf(id)), { timeout: 5_000 }).toBe('held')
  isSlow = false
  const { digest } = (await store.get(id)) ?? { digest: '' }
  expect(await outbox.decide.approve(id, digest)).toMatchObject({ state: 'sent' })
  expect([counted, texts(), logged]).toEqual([
    1,
    ['scheduled'],
    ['scheduled', 'sending', 'held', 'sending', 'sent'],
  ])
})

it('keeps the order within a chat when its first message cannot begin', async () => {
  const outbox = open()
  let lookups = 0
  phone.finding = async () => {
    lookups += 1
    if (lookups === 1) throw new AppError('whatsapp_timeout')
  }
  const items = [await schedule(outbox, 'first', 1_000), await schedule(outbox, 'second', 1_000)]
  clock.advance(2_000)
  await expect.poll(texts, { timeout: 5_000 }).toEqual(['first', 'second'])
  await expect.poll(() => Promise.all(items.map(({ id }) => stateOf(id)))).toEqual(['sent', 'sent'])
})

it('keeps what could not begin when a review gives it back at the same moment', async () => {
  const outbox = open()
  const { id } = await schedule(outbox, 'scheduled', 1_000)
  const { change } = store
  let review: (() => Promise<void>) | undefined
  // The review begins between the end of the attempt and the write that the item waits again.
  store.change = async (...args) => {
    if (args[2].state === 'scheduled' && review === undefined) {
      const reviewed = outbox.review()
      review = () => reviewed
    }
    return change(...args)
  }
  phone.problem = new AppError('not_connected')
  clock.advance(1_000)
  await expect.poll(() => review).toBeDefined()
  await review?.()
  await expect.poll(() => stateOf(id)).toBe('scheduled')
  phone.problem = null
  await expect
    .poll(() => {
      clock.advance(1_000)
      changed()
      return texts()
    })
    .toEqual(['scheduled'])
  await expect.poll(() => stateOf(id)).toBe('sent')
})

it('stores an outcome once the control database takes it', async () => {
  const outbox = open()
  const { change } = store
  let isFull = true
  store.change = (...args) => (isFull ? Promise.reject(new AppError('control_unavailable')) : change(...args))
  const { id } = await outbox.send(draft('sent on a full disk'), NOW)
  await new Promise((resolve) => setImmediate(resolve))
  clock.advance(5_000)
  expect(await stateOf(id)).toBe('sending')
  isFull = false
  await expect
    .poll(() => {
      clock.advance(5_000)
      return stateOf(id)
    })
    .toBe('sent')
})

it('answers an approval as soon as the message is cancelled, also after a second approval', async () => {
  const outbox = open()
  phone.connected = false
  // A backlog goes out one by one, one a second: the approved message waits for its turn.
  const first = await schedule(outbox, 'first', 1_000)
  for (const text of ['second', 'third', 'fourth', 'fifth']) await schedule(outbox, text, 1_000)
  const { id, digest } = await hold(outbox, 'approved')
  clock.advance(2_000)
  phone.connected = true
  changed()
  await expect.poll(() => stateOf(first.id)).toBe('sent')
  const begun = Date.now()
  const answer = outbox.decide.approve(id, digest)
  await expect.poll(() => stateOf(id)).toBe('scheduled')
  await expect(outbox.decide.approve(id, digest)).rejects.toMatchObject({ code: 'outbox_not_held' })
  await outbox.decide.cancel(id)
  expect(await answer).toMatchObject({ state: 'cancelled' })
  expect(Date.now() - begun).toBeLessThan(5_000)
})

it('sends nothing while the server only reads: neither what comes from within nor what waited before', async () => {
  const before = open()
  const item = await schedule(before, 'later', 5_000)
  await before.close()
  const outbox = open(true)
  await outbox.review()
  clock.advance(6_000)
  await expect(outbox.send(draft('of a rule'), NOW)).rejects.toMatchObject({ code: 'send_refused' })
  await outbox.review()
  expect([texts(), await stateOf(item.id)]).toEqual([[], 'scheduled'])
  await outbox.close()
  open()
  clock.advance(6_000)
  await expect.poll(texts).toEqual(['later'])
})

describe('the right of a key', () => {
  const scheduleWith = (outbox: Outbox, caller: string, text: string) =>
    wait(outbox, text, { caller, reason: 'send_at', releaseAtMs: clock.now() + 5_000 })

  it('ends with the key: what it scheduled is cancelled at once', async () => {
    const outbox = open()
    const { id } = await scheduleWith(outbox, 'key_1', 'of a key')
    keys.clear()
    await outbox.review()
    expect(await store.get(id)).toMatchObject({ state: 'cancelled', error: { code: 'send_withdrawn' } })
  })

  it('is looked up before each message goes, also after a restart', async () => {
    const before = open()
    const { id } = await scheduleWith(before, 'key_1', 'of a key')
    const own = await scheduleWith(before, 'owner', 'of the owner')
    await before.close()
    keys.clear()
    open()
    // It reads what waits before it looks at the clock.
    const sent = () => {
      clock.advance(1_500)
      return stateOf(own.id)
    }
    await expect.poll(sent).toBe('sent')
    expect([await stateOf(id), texts()]).toEqual(['cancelled', ['of the owner']])
  })

  it('may end at the time of a message: then it waits for the owner, and goes when approved', async () => {
    const outbox = open()
    const { id } = await scheduleWith(outbox, 'key_1', 'of a key')
    heldFor = 'stranger'
    const askedAt = clock.now()
    clock.advance(5_500)
    await expect.poll(() => stateOf(id)).toBe('held')
    const held = await store.get(id)
    expect(held).toMatchObject({ reason: 'stranger', error: null })
    expect(held?.expiresAtMs).toBeGreaterThan(askedAt + HOUR_MS)
    expect(texts()).toEqual([])
    expect(await outbox.decide.approve(id, held?.digest ?? '')).toMatchObject({ state: 'sent' })
    expect(texts()).toEqual(['of a key'])
  })

  it('is used no faster than its limits: the others and other chats go, and its own chat keeps its order', async () => {
    const outbox = open()
    const first = await scheduleWith(outbox, 'key_1', 'first')
    const second = await scheduleWith(outbox, 'key_1', 'second')
    const to = { id: toJid(OTHER), name: 'Bruno' }
    const order = { ...NOW, reason: 'send_at', releaseAtMs: clock.now() + 1_000 } as const
    await outbox.send({ ...draft('of the owner'), to }, order).catch(() => {})
    tooFastS = 60
    clock.advance(5_000)
    await expect.poll(texts, { timeout: 5_000 }).toEqual(['of the owner'])
    expect(askers.filter(({ caller }) => caller === 'key_1')).toHaveLength(1)
    tooFastS = 0
    clock.advance(30_000)
    await outbox.review()
    expect([await stateOf(first.id), await stateOf(second.id)]).toEqual(['scheduled', 'scheduled'])
    clock.advance(30_000)
    await expect.poll(texts, { timeout: 5_000 }).toEqual(['of the owner', 'first', 'second'])
  })

  it('is used too fast by one caller only: what others write to the same chat goes', async () => {
    const outbox = open()
    const { id } = await scheduleWith(outbox, 'key_1', 'of a key')
    await scheduleWith(outbox, 'owner', 'of the owner')
    tooFastS = 60
    clock.advance(5_500)
    await expect.poll(texts, { timeout: 5_000 }).toEqual(['of the owner'])
    expect(await stateOf(id)).toBe('scheduled')
  })

  it('follows the policy of MCP if it came from there, also after a change and a restart', async () => {
    const before = open()
    const order = {
      caller: 'owner',
      overMcp: true,
      reason: 'send_at',
      releaseAtMs: clock.now() + 5_000,
    } as const
    const { id } = await wait(before, 'of an agent', order)
    await before.decide.change(id, { text: 'of an agent, changed' })
    // Items of one moment have no order.
    clock.advance(1)
    await scheduleWith(before, 'owner', 'of a script')
    await before.close()
    open()
    const sent = () => {
      clock.advance(1_500)
      return texts()
    }
    await expect.poll(sent).toEqual(['of an agent, changed', 'of a script'])
    expect(askers).toEqual([{ caller: 'owner', overMcp: true }, { caller: 'owner' }])
  })

  it('is not needed for what the owner approves', async () => {
    const outbox = open()
    const { id, digest } = await wait(outbox, 'approved', { caller: 'key_1', reason: 'confirm' })
    heldFor = 'confirm'
    keys.clear()
    await outbox.review()
    expect(await outbox.decide.approve(id, digest)).toMatchObject({ state: 'sent' })
  })
})

const media = {
  kind: 'media',
  path: '/uploads/1.bin',
  as: 'document',
  mimetype: 'application/pdf',
  filename: '1.pdf',
  sizeBytes: 1,
  sha256: '',
} as const

it('keeps the file of a message for as long as it may be sent, also when it gets another time', async () => {
  const outbox = open()
  await outbox.send({ ...draft(''), outgoing: media }, { ...NOW, reason: 'confirm' }).catch(() => {})
  const [item] = await store.list({ limit: 1 })
  const releaseAtMs = clock.now() + 48 * HOUR_MS
  await outbox.decide.change(item?.id ?? '', { releaseAtMs })
  expect(holds).toEqual([
    ['1.bin', item?.id, (item?.expiresAtMs ?? 0) + HOUR_MS],
    ['1.bin', item?.id, releaseAtMs + HOUR_MS],
  ])
})

it.each(['cancelled', 'rejected', 'sent'])(
  'needs the file of a message no more once it is %s',
  async (end) => {
    const outbox = open()
    await outbox.send({ ...draft(''), outgoing: media }, { ...NOW, reason: 'confirm' }).catch(() => {})
    const [item] = await store.list({ limit: 1 })
    const [id, digest] = [item?.id ?? '', item?.digest ?? '']
    holds = []
    if (end === 'cancelled') await outbox.decide.cancel(id)
    else if (end === 'rejected') await outbox.decide.reject(id, null)
    else await outbox.decide.approve(id, digest)
    expect([await stateOf(id), holds.at(-1)]).toEqual([end, ['1.bin', id, null]])
  },
)

it('gives a file the same time after an approval as at once', async () => {
  const outbox = open()
  const file = { ...draft(''), outgoing: media }
  const { facts } = await outbox.send(file, { ...NOW, reason: 'confirm' }).catch((error) => error)
  let free = () => {}
  phone.sending = () => new Promise<void>((resolve) => (free = resolve))
  const approved = outbox.decide.approve(facts.item.id, facts.item.digest)
  await expect.poll(() => limits.at(-1)).toBeGreaterThan(FILE_MS - 5_000)
  clock.advance(FILE_MS - 5_000)
  free()
  expect(await approved).toMatchObject({ state: 'sent' })
})

it.each([
  ['the question of a poll', { kind: 'poll', question: 'When?', options: ['a', 'b'], multiple: false }, 255],
  ['a text', { kind: 'text', text: 'x' }, 65_536],
] as const)('changes %s within the limit of a send', async (_, outgoing, most) => {
  const outbox = open()
  await outbox.send({ ...draft(''), outgoing }, { ...NOW, reason: 'confirm' }).catch(() => {})
  const [item] = await store.list({ limit: 1 })
  const change = (length: number) => outbox.decide.change(item?.id ?? '', { text: 'y'.repeat(length) })
  await expect(change(most + 1)).rejects.toMatchObject({ code: 'invalid_input' })
  expect((await change(most)).preview).toContain('y'.repeat(most))
})
