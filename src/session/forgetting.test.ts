/** What leaves the archive, and that nothing of it can be read in the file afterwards, byte by byte. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { seenMessage } from '../../test/seen-message.ts'
import { createTestClock, type TestClock } from '../../test/test-clock.ts'
import { createTestInbox } from '../../test/test-inbox.ts'
import { createLog } from '../log.ts'
import type { MediaSource } from '../model/content.ts'
import { afterEnd } from '../model/history.ts'
import { type Jid, toJid } from '../model/ids.ts'
import { chatList, daysPerChat, KEEP_ALL, type KeepRules } from '../model/keeping.ts'
import type { SeenMessage } from '../model/seen.ts'
import { openStore, type Store } from '../store/store.ts'
import { verify } from '../store/verify.ts'
import { createForgetting, type Forgetting } from './forgetting.ts'
import type { Inbox } from './inbox.ts'
import { createKeeping } from './keeping.ts'

const AMARA = toJid('15551110000@c.us')
const GROUP = toJid('120363000000000001@g.us')
const DAY_S = 86_400
const HOUR_MS = 3_600_000

let dir: string
let file: string
let store: Store
let clock: TestClock
let inbox: Inbox
let forgetting: Forgetting

function open(rules: Partial<KeepRules> = {}): void {
  store = openStore(file)
  const keeping = createKeeping(store, { ...KEEP_ALL, ...rules }, clock)
  const log = createLog({ level: 'silent' })
  inbox = createTestInbox(store, clock, { keeping })
  forgetting = createForgetting({
    store,
    keeping,
    clock,
    log,
    flush: inbox.flush,
    onRemoved: async () => {},
    alone: async (work) => work(),
  })
}

function close(): void {
  forgetting.stop()
  store.close()
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-forget-'))
  file = join(dir, 'a.db')
  clock = createTestClock()
})
afterEach(() => {
  close()
  rmSync(dir, { recursive: true, force: true })
})

const NO_SOURCE: MediaSource = {
  ...{ type: 'image', directPath: '', mediaKey: null, mediaKeyTimestamp: null },
  ...{ encFilehash: null, filehash: null, mimetype: null, sizeBytes: null },
}

const nowS = () => Math.floor(clock.now() / 1000)

function seen(bareId: string, more: Partial<SeenMessage> = {}): SeenMessage {
  const facts = { chat: AMARA, sender: AMARA, body: `canary${bareId}`, sentAt: nowS() }
  return seenMessage({ ...facts, bareId, ...more })
}

function write(...messages: SeenMessage[]): void {
  for (const message of messages) inbox.take({ type: 'message', message })
  inbox.flush()
}
const kept = () =>
  store.db
    .query<{ bare_id: string }>('SELECT bare_id FROM messages ORDER BY id')
    .all()
    .map(({ bare_id }) => bare_id)
const chatId = (jid: Jid) => inbox.where.findChat(jid) ?? 0

/** What was begun has had its turns. */
async function turns(): Promise<void> {
  for (let n = 0; n < 50; n += 1) await new Promise((done) => setImmediate(done))
}

/** Is this text anywhere in what is on disk? */
function isOnDisk(text: string): boolean {
  return [file, `${file}-wal`, `${file}-shm`]
    .filter((path) => existsSync(path))
    .some((path) => readFileSync(path).includes(text))
}

describe('by age', () => {
  it('a message leaves with its revisions, reactions and events, and nothing of it stays on disk', async () => {
    open({ days: 30 })
    const old = seen('old', {
      sentAt: nowS() - 29 * DAY_S,
      hasMedia: true,
      source: { ...NO_SOURCE, directPath: '/old' },
      preview: Buffer.from('canarypreview'),
    })
    write(old, seen('young'))
    write({ ...old, body: 'rewritten', editedAt: clock.now() })
    inbox.take({
      type: 'reaction',
      chat: AMARA,
      bareId: 'old',
      messageSender: AMARA,
      reaction: { sender: AMARA, emoji: '🦓', at: clock.now() },
    })
    inbox.flush()
    const chat = inbox.where.findChat(AMARA) ?? 0
    inbox.setHistory(chat, afterEnd({ history_tries: 0 }, 'none', 0, 0))
    forgetting.start()
    const canaries = ['canaryold', 'rewritten', '🦓', 'canarypreview']
    expect(canaries.map(isOnDisk)).toEqual([true, true, true, true])
    clock.advance(2 * DAY_S * 1000)
    await expect.poll(kept).toEqual(['young'])
    await expect.poll(() => canaries.map(isOnDisk)).toEqual([false, false, false, false])
    expect(isOnDisk('canaryyoung')).toBe(true)
    expect(store.events.after(0, 100).map(({ kind, message }) => [kind, message])).toEqual([
      ['message.received', expect.any(Number)],
      ['message.forgotten', null],
    ])
    expect(store.messages.count()).toBe(1)
    expect(store.chats.get(chat)).toMatchObject({ history: 'all', history_reason: 'settings' })
    expect(verify(store.db)).toEqual([])
  })

  it('what is too old is not written, however it comes', () => {
    open({ days: 30 })
    write(seen('late', { sentAt: nowS() - 31 * DAY_S }))
    inbox.recordStretch(
      chatId(AMARA),
      [seen('older', { sentAt: nowS() - 40 * DAY_S }), seen('young')],
      () => 'history',
      null,
    )
    expect(kept()).toEqual(['young'])
  })

  it('one chat has a time of its own, before its kind and all others', async () => {
    open({ days: 10, perChat: daysPerChat.parse('groups=5, 120363000000000001@g.us=0') })
    const other = toJid('120363000000000002@g.us')
    const days = (n: number) => nowS() - n * DAY_S
    write(
      seen('direct', { sentAt: days(9) }),
      seen('group', { chat: GROUP, sentAt: days(400) }),
      seen('other', { chat: other, sentAt: days(4) }),
      seen('not this', { chat: other, sentAt: days(6) }),
    )
    expect(kept()).toEqual(['group', 'direct', 'other'])
    forgetting.start()
    clock.advance(2 * DAY_S * 1000)
    await expect.poll(kept).toEqual(['group'])
  })

  it('thousands of texts leave no trace, whatever stood between them', async () => {
    open({ days: 30 })
    const at = (n: number) => nowS() - (n % 2 === 0 ? 29 : 1) * DAY_S + n
    const texts = Array.from({ length: 3_000 }, (_, n) => `${(n * 7919 + 104_729).toString(36)}zebra`)
    for (let n = 0; n < texts.length; n += 1)
      inbox.take({
        type: 'message',
        message: seen(`m${n}`, { sentAt: at(n), body: (texts[n] ?? '').repeat(1 + (n % 40)) }),
      })
    inbox.flush()
    forgetting.start()
    clock.advance(2 * DAY_S * 1000)
    await expect.poll(() => store.messages.count(), { timeout: 50_000 }).toBe(1_500)
    const gone = texts.filter((_, n) => n % 2 === 0)
    // The first one that is left: to count them all takes the time that the work needs.
    const left = () => {
      const bytes = [file, `${file}-wal`].map((path) => readFileSync(path).toString('latin1')).join()
      return gone.find((text) => bytes.includes(text))
    }
    await expect.poll(left, { timeout: 50_000 }).toBeUndefined()
  }, 120_000)
})

describe('never', () => {
  it('is a message of these chats written, nor anything about it', () => {
    open({ never: chatList.parse('status, 15551110000') })
    write(seen('secret'), seen('status', { chat: toJid('status@broadcast') }), seen('kept', { chat: GROUP }))
    inbox.recordStretch(chatId(AMARA), [seen('from history')], () => 'history', null)
    expect(kept()).toEqual(['kept'])
    expect(store.events.after(0, 100)).toHaveLength(1)
    expect(['canarysecret', 'canarystatus', 'canaryfrom history'].some(isOnDisk)).toBe(false)
  })

  it('what was there before leaves', async () => {
    open()
    write(seen('before'), seen('kept', { chat: GROUP }))
    close()
    open({ never: chatList.parse('15551110000@c.us') })
    forgetting.start()
    await expect.poll(kept).toEqual(['kept'])
    await expect.poll(() => isOnDisk('canarybefore')).toBe(false)
  })
})

describe('a message that disappears from WhatsApp', () => {
  it('leaves at its second, not before', async () => {
    open()
    write(seen('going', { expiresAt: nowS() + 3 * 3600 }), seen('staying'))
    forgetting.start()
    await expect.poll(() => store.messages.nextExpiry()).not.toBeNull()
    clock.advance(3 * HOUR_MS - 120_000)
    await turns()
    expect(kept()).toEqual(['going', 'staying'])
    clock.advance(60_000)
    await turns()
    clock.advance(60_000)
    await expect.poll(kept).toEqual(['staying'])
    await expect.poll(() => isOnDisk('canarygoing')).toBe(false)
    expect(store.chats.get(chatId(AMARA))?.last_message).toBe(store.messages.newest(chatId(AMARA))?.id)
    // WhatsApp Web may still have it in memory.
    write(seen('going', { expiresAt: nowS() - 1, sentAt: nowS() - 9_000 }))
    expect(kept()).toEqual(['staying'])
  })

  it('leaves at the start if it is due, also where what is too old leaves later', async () => {
    open({ days: 30 })
    write(seen('going', { expiresAt: nowS() + 60 }), seen('old', { sentAt: nowS() - 29 * DAY_S }))
    clock.advance(2 * DAY_S * 1000)
    forgetting.start(HOUR_MS)
    await expect.poll(kept).toEqual(['old'])
    clock.advance(HOUR_MS)
    await expect.poll(kept).toEqual([])
  })

  it('leaves at its second although it was deleted for everyone, with what it said before', async () => {
    open()
    const at = nowS() + 3600
    write(seen('going', { expiresAt: at }))
    // What is left of it on WhatsApp Web may not say when it disappears.
    write(seen('going', { type: 'revoked', body: '', expiresAt: null }))
    expect(store.messages.nextExpiry()).toBe(at)
    forgetting.start()
    clock.advance(HOUR_MS)
    await expect.poll(kept).toEqual([])
    await expect.poll(() => isOnDisk('canarygoing')).toBe(false)
  })

  it('keeps its time whatever else happens to it', () => {
    open()
    const at = nowS() + 3600
    write(seen('going', { expiresAt: at }))
    write(seen('going', { body: 'edited', editedAt: clock.now(), expiresAt: null }))
    expect(store.messages.nextExpiry()).toBe(at)
  })

  it('stays while it is kept in the chat, and is deleted when it no longer is', async () => {
    open()
    const sentAt = nowS()
    const expiresAt = sentAt + 3600
    const going = seen('going', { sentAt, expiresAt, content: { media: { filename: 'x.pdf' } } })
    write(going)
    write({ ...going, expiresAt: null, isKept: true })
    forgetting.start()
    clock.advance(2 * HOUR_MS)
    await turns()
    expect(kept()).toEqual(['going'])
    write({ ...going, expiresAt: null, isKept: true })
    expect(store.messages.newest(chatId(AMARA))?.details).toBe('{"media":{"filename":"x.pdf"}}')
    write(going)
    clock.advance(HOUR_MS / 60)
    await expect.poll(kept).toEqual([])
    expect(store.events.after(0, 100).map(({ kind }) => kind)).toEqual(['message.forgotten'])
  })

  it('stays where the setting says so', async () => {
    open({ disappearing: true })
    write(seen('going', { expiresAt: nowS() + 60 }))
    forgetting.start()
    clock.advance(2 * HOUR_MS)
    await turns()
    expect(kept()).toEqual(['going'])
  })
})

describe('a chat that is forgotten', () => {
  it('has what comes next, whatever the clock of this computer says', async () => {
    open()
    write(seen('old', { sentAt: nowS() - 1_000 }))
    expect(await forgetting.forgetChat(chatId(AMARA))).toBe(1)
    // Sent a minute later, as WhatsApp has it: this computer is two minutes ahead.
    clock.advance(60_000)
    write(seen('live', { sentAt: nowS() - 120 }))
    expect(kept()).toEqual(['live'])
  })

  it('has the replies, although an own message has the time of a computer that is an hour ahead', async () => {
    open()
    const ahead = nowS()
    const trueS = ahead - 3_600
    const own = (sentAt: number) => seen('own', { fromMe: true, sender: null, sentAt })
    write(...['old', 'asked'].map((id, n) => seen(id, { sentAt: trueS - 600 + n })), own(ahead))
    expect(await forgetting.forgetChat(chatId(AMARA))).toBe(3)
    write(own(ahead), seen('asked', { sentAt: trueS - 599 }), seen('reply', { sentAt: trueS + 60 }))
    // As WhatsApp Web has it.
    inbox.recordStretch(chatId(AMARA), [own(trueS)], () => 'late', null)
    expect(kept()).toEqual(['reply'])
    forgetting.start()
    clock.advance(2 * HOUR_MS)
    await turns()
    expect(kept()).toEqual(['reply'])
    expect(['canaryold', 'canaryown'].some(isOnDisk)).toBe(false)
    // The events that name what was forgotten end before the bounds do.
    clock.advance(31 * 24 * HOUR_MS)
    const nowMs = clock.now()
    store.transaction(() => store.events.dropOldest({ beforeMs: nowMs - HOUR_MS, nowMs }, 1_000))
    write(own(ahead))
    expect(kept()).toEqual(['reply'])
  })

  /** A conversation, then 130 own messages, sent by a program within a day. */
  function writeDay(): number {
    const heard = nowS() - 3_600
    write(seen('heard', { sentAt: heard }))
    write(
      ...Array.from({ length: 130 }, (_, n) =>
        seen(`own${n}`, { fromMe: true, sender: null, sentAt: heard + 10 + n }),
      ),
    )
    return heard
  }
  const tombstones = () =>
    store.events.after(0, 1_000).filter(({ kind }) => kind === 'message.forgotten').length

  it('loses a day of own messages in steps, between which other work runs', async () => {
    open()
    const heard = writeDay()
    const counts = [store.messages.count()]
    let forgot: number | null = null
    void forgetting.forgetChat(chatId(AMARA)).then((removed) => {
      forgot = removed
    })
    write(seen('reply', { sentAt: heard + 60 }))
    while (forgot === null) {
      counts.push(store.messages.count())
      await new Promise((done) => setImmediate(done))
    }
    expect(forgot).toBe(131)
    expect(kept()).toEqual(['reply'])
    expect(tombstones()).toBe(131)
    const steps = counts.slice(1).map((count, n) => (counts[n] ?? 0) - count)
    expect(Math.max(...steps)).toBeLessThanOrEqual(50)
  })

  it('is reported once, however often that is asked for', async () => {
    open()
    writeDay()
    const counts = [forgetting.forgetChat(chatId(AMARA)), forgetting.forgetChat(chatId(AMARA))]
    expect(await Promise.all(counts)).toEqual([131, 0])
    expect(tombstones()).toBe(131)
    expect(kept()).toEqual([])
  })

  it('loses the rest of them after a start, if the server ended in between', async () => {
    open()
    const heard = writeDay()
    const forgot = forgetting.forgetChat(chatId(AMARA))
    await new Promise((done) => setImmediate(done))
    forgetting.stop()
    await expect(forgot).rejects.toMatchObject({ code: 'still_forgetting' })
    expect(kept().length).toBeGreaterThan(50)
    close()
    open()
    write(seen('reply', { sentAt: heard + 60 }))
    forgetting.start()
    await expect.poll(kept).toEqual(['reply'])
    expect(tombstones()).toBe(131)
    expect(verify(store.db)).toEqual([])
  })

  it('has the replies, although it turned out to be one with another', async () => {
    open()
    const lid = toJid('777@lid')
    const trueS = nowS() - 3_600
    const own = seen('own', { fromMe: true, sender: null })
    write(seen('kept', { sentAt: trueS - 1_000 }))
    write(seen('heard', { chat: lid, sender: lid, sentAt: trueS }), { ...own, chat: lid })
    await forgetting.forgetChat(chatId(lid))
    inbox.take({ type: 'identity', phone: AMARA, lid })
    inbox.flush()
    write(seen('of that second', { sentAt: trueS }), own)
    write(seen('reply', { sentAt: trueS + 60 }))
    expect(kept()).toEqual(['kept', 'reply'])
  })

  it('has nothing of before, although no message of that time was here', async () => {
    open()
    const last = nowS() - 500
    const facts = {
      id: AMARA,
      name: null,
      unreadCount: 0,
      timestamp: last,
      archived: false,
      pinnedAt: 0,
      mutedUntil: 0,
      isReadOnly: false,
      last: null,
      members: null,
    }
    inbox.take({ type: 'chats', chats: [facts] })
    write(seen('old', { sentAt: last - 500 }))
    await forgetting.forgetChat(chatId(AMARA))
    write(seen('between', { sentAt: last }), seen('next', { sentAt: last + 1 }))
    expect(kept()).toEqual(['next'])
  })

  it('goes on in its last second: what comes live stays, what was there does not come again', async () => {
    open()
    // The next second may begin meanwhile.
    const sentAt = nowS()
    const now = (id: string) => seen(id, { sentAt })
    const older = seen('older', { sentAt: sentAt - 5 })
    write(older, now('one'), now('two'))
    expect(await forgetting.forgetChat(chatId(AMARA))).toBe(3)
    write(now('one'), now('next'), older)
    const album = [now('two'), now('three of the same album')]
    inbox.recordStretch(chatId(AMARA), album, () => 'history', null)
    inbox.recordStretch(chatId(AMARA), album, () => 'late', null)
    expect(kept()).toEqual(['next'])
    forgetting.start()
    clock.advance(2 * HOUR_MS)
    await turns()
    expect(kept()).toEqual(['next'])
    expect(isOnDisk('canaryone')).toBe(false)
  })

  it('is not said to be gone when that is cut short; asking again finishes it', async () => {
    open()
    write(...Array.from({ length: 120 }, (_, n) => seen(`m${n}`)))
    const chat = chatId(AMARA)
    const first = forgetting.forgetChat(chat)
    const again = forgetting.forgetChat(chat)
    expect(await Promise.all([first, again])).toEqual([120, 0])
    write(...Array.from({ length: 120 }, (_, n) => seen(`n${n}`, { sentAt: nowS() + 10 + n })))
    const cut = forgetting.forgetChat(chat)
    await new Promise((done) => setImmediate(done))
    forgetting.stop()
    await expect(cut).rejects.toMatchObject({ code: 'still_forgetting' })
    expect(kept().length).toBeGreaterThan(0)
    close()
    open()
    forgetting.start()
    await expect.poll(kept).toEqual([])
  })

  it('is wiped also by the next server, although the first attempt failed as it was written', async () => {
    open()
    write(seen('old'))
    const { transaction } = store
    vi.spyOn(store, 'transaction').mockImplementationOnce((work) =>
      transaction(() => {
        work()
        throw new Error('the disk failed')
      }),
    )
    expect(() => forgetting.forgetChat(chatId(AMARA))).toThrow('the disk failed')
    const forgotten = forgetting.forgetChat(chatId(AMARA))
    expect(store.meta.get('scattered')).toBe(1)
    expect(await forgotten).toBe(1)
    expect(store.meta.get('scattered')).toBe(0)
  })

  it('takes nothing of another chat with it, with which it turns out to be one', async () => {
    open()
    const lid = toJid('777@lid')
    const older = nowS() - 1_000
    write(...['p1', 'p2'].map((id) => seen(id, { sentAt: older })))
    write(seen('forgotten', { chat: lid, sender: lid, sentAt: older + 1 }))
    await forgetting.forgetChat(chatId(lid))
    inbox.take({ type: 'identity', phone: AMARA, lid })
    inbox.flush()
    forgetting.start()
    await turns()
    expect(kept()).toEqual(['p1', 'p2'])
    write(seen('even older', { sentAt: older - 1 }))
    // WhatsApp Web still has what was forgotten.
    write(
      seen('forgotten', { chat: lid, sender: lid, sentAt: older + 1 }),
      seen('other', { sentAt: older + 1 }),
    )
    expect(kept()).toEqual(['p1', 'p2'])
    clock.advance(2 * 3_600_000)
    await turns()
    expect(kept()).toEqual(['p1', 'p2'])
    write(seen('new', { sentAt: nowS() }))
    expect(kept()).toEqual(['p1', 'p2', 'new'])
  })

  it('is forgotten whole, although meanwhile it turns out to be one with another', async () => {
    open()
    const lid = toJid('777@lid')
    write(seen('kept', { sentAt: nowS() - 1_000 }))
    write(seen('forgotten', { chat: lid, sender: lid }))
    const forgot = forgetting.forgetChat(chatId(lid))
    inbox.take({ type: 'identity', phone: AMARA, lid })
    inbox.flush()
    await forgot
    expect(kept()).toEqual(['kept'])
  })

  it('loses everything, and what comes later is kept', async () => {
    open()
    write(seen('one', { sentAt: nowS() - 5 }), seen('two', { sentAt: nowS() }), seen('else', { chat: GROUP }))
    const chat = chatId(AMARA)
    inbox.recordGap(chat, null, store.messages.oldest(chat)?.id ?? 0)
    expect(await forgetting.forgetChat(chat)).toBe(2)
    expect(kept()).toEqual(['else'])
    expect(['canaryone', 'canarytwo'].some(isOnDisk)).toBe(false)
    expect(store.gaps.of(chat)).toEqual([])
    inbox.recordStretch(chat, [seen('one', { sentAt: nowS() - 5 })], () => 'history', null)
    expect(kept()).toEqual(['else'])
    write(seen('three', { sentAt: nowS() + 1 }))
    expect(kept()).toEqual(['else', 'three'])
    expect(verify(store.db)).toEqual([])
  })
})

it('cursors of events go on where the newest ones left with their messages', async () => {
  open()
  write(seen('one'))
  const last = store.events.last()
  await forgetting.forgetChat(chatId(AMARA))
  expect(store.events.after(0, 10).map(({ cursor }) => cursor)).toEqual([last + 1])
})
