/** Export, import, export: equal. And every way in which a file is refused, with the number of its line. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { seenMessage } from '../../test/seen-message.ts'
import { createTestClock, type TestClock } from '../../test/test-clock.ts'
import { createTestInbox } from '../../test/test-inbox.ts'
import { createLog } from '../log.ts'
import type { MediaSource } from '../model/content.ts'
import { afterEnd } from '../model/history.ts'
import { type Jid, toJid } from '../model/ids.ts'
import { KEEP_ALL, type KeepRules } from '../model/keeping.ts'
import type { SeenMessage } from '../model/seen.ts'
import { createOwnIds, type OwnIds } from '../own-ids.ts'
import { openRegular } from '../read-file.ts'
import { createExporter } from '../store/exporter.ts'
import { createReader } from '../store/reader.ts'
import { openStore, type Store } from '../store/store.ts'
import { openArchive } from '../store/unlock.ts'
import { verify } from '../store/verify.ts'
import { type AuthDir, openAuthDir } from './auth-dir.ts'
import { importArchive } from './import-archive.ts'
import { createKeeping } from './keeping.ts'

const ME = toJid('15550001000@c.us')
const MY_LID = toJid('77001@lid')
const AMARA = toJid('15551110000@c.us')
const AMARA_LID = toJid('99001@lid')
const HIDDEN = toJid('99002@lid')
const GROUP = toJid('120363000000000001@g.us')
const CHANNEL = toJid('120363000000000009@newsletter')
const T = 1_700_000_000

/**
 * Latin with accents, Cyrillic, Arabic, Hebrew, Devanagari, Han: with marks that turn the direction, and
 * emoji.
 */
const SCRIPTS = [
  'Žluťoučký kůň',
  'Съешь ещё',
  'مرحبا \u202bبالعالم\u202c',
  'שָׁלוֹם',
  'नमस्ते दुनिया',
  '你好，世界 👨‍👩‍👧 \u0001 \u2028 \u0085',
]
const TYPES = [
  'chat',
  'image',
  'video',
  'ptt',
  'audio',
  'document',
  'sticker',
  'location',
  'vcard',
  'poll_creation',
  'ciphertext',
]

const SOURCE: MediaSource = {
  ...{ type: 'image', directPath: '/v/t62', mediaKey: 'a2V5', mediaKeyTimestamp: T },
  ...{ encFilehash: 'ZW5j', filehash: 'ZmlsZQ==', mimetype: 'image/jpeg', sizeBytes: 12 },
}
const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16, 7])

const log = createLog({ level: 'silent' })
let dirs: string[]
let held: AuthDir[]
beforeEach(() => {
  dirs = []
  held = []
})
afterEach(() => {
  for (const authDir of held) authDir.release()
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true })
})

function temp(): string {
  const dir = mkdtempSync(join(tmpdir(), 'wma-import-'))
  dirs.push(dir)
  return dir
}

function seen(bareId: string, more: Partial<SeenMessage> = {}): SeenMessage {
  const facts = { chat: AMARA, sender: AMARA, body: `text of ${bareId}`, sentAt: T }
  return seenMessage({ ...facts, bareId, ...more })
}

/** An archive in which everything occurs, written by the inbox. */
function fill(store: Store): void {
  const clock = createTestClock()
  store.meta.set('account_wid', ME)
  store.meta.set('account_lid', MY_LID)
  store.meta.set('known_until', T + 500)
  const inbox = createTestInbox(store, clock, {
    keeping: createKeeping(store, { ...KEEP_ALL, disappearing: true }, clock),
    own: [ME, MY_LID],
  })
  const contact = (phone: Jid | null, lid: Jid | null, name: string | null) => ({
    phone,
    lid,
    name,
    pushname: name === null ? null : `~${name}`,
    inAddressBook: name !== null,
    isBusiness: false,
    isBlocked: name === null,
  })
  inbox.take({ type: 'contacts', contacts: [contact(ME, MY_LID, 'Myself'), contact(null, HIDDEN, null)] })
  const stretch = [
    ...SCRIPTS.map((body, n) => seen(`script${n}`, { body, sentAt: T + n })),
    ...TYPES.map((type, n) =>
      seen(`type${n}`, {
        type,
        chat: GROUP,
        sender: HIDDEN,
        hasMedia: n > 0,
        ...(n === 1 ? { source: SOURCE, preview: JPEG } : {}),
        sentAt: T + 50,
        content:
          n === 0
            ? {}
            : { media: { mimetype: 'image/jpeg', filename: `${type} 文件.jpg`, size_bytes: 12, width: 3 } },
      }),
    ),
    seen('own', { fromMe: true, sender: null, ack: 3, sentAt: T + 100 }),
    seen('answer', {
      quoted: { bareId: 'own', sender: MY_LID, body: 'text of own' },
      mentions: [ME, HIDDEN],
      forwarded: true,
      expiresAt: T + 4_000_000_000,
      sentAt: T + 101,
    }),
    seen('to be edited', { sentAt: T + 102 }),
    seen('to be deleted', { sentAt: T + 103 }),
    seen('news', { chat: CHANNEL, sender: null, sentAt: T + 104 }),
    seen('by lid', { chat: AMARA_LID, sender: AMARA_LID, sentAt: T + 105 }),
  ]
  for (const message of stretch) inbox.take({ type: 'message', message })
  inbox.take({
    type: 'message',
    message: seen('to be edited', { body: 'edited', sentAt: T + 102, editedAt: 1e12 + 1 }),
  })
  inbox.take({
    type: 'message',
    message: seen('to be deleted', { type: 'revoked', body: '', sentAt: T + 103 }),
  })
  const reaction = (sender: Jid | null, emoji: string) =>
    inbox.take({
      type: 'reaction',
      chat: AMARA,
      bareId: 'own',
      messageSender: null,
      reaction: { sender, emoji, at: 1e12 },
    })
  reaction(AMARA, '❤️')
  reaction(null, '👍')
  const vote = (voter: Jid | null, options: string[] | null) =>
    inbox.take({
      type: 'vote',
      chat: AMARA,
      bareId: 'own',
      pollSender: null,
      vote: { voter, options, at: 1e12 },
    })
  vote(AMARA, ['Sat', 'Fri'])
  vote(null, null)
  // Phone and LID turn out to be one person: details still name the row that went.
  inbox.take({ type: 'contacts', contacts: [contact(AMARA, AMARA_LID, 'Amara')] })
  inbox.take({
    type: 'chats',
    chats: [
      {
        id: GROUP,
        name: 'Družina',
        unreadCount: -1,
        timestamp: T + 900,
        archived: true,
        pinnedAt: T,
        mutedUntil: -1,
        isReadOnly: true,
        last: null,
        members: [
          { id: HIDDEN, isAdmin: true },
          { id: AMARA, isAdmin: false },
        ],
      },
    ],
  })
  inbox.take({ type: 'chat_removed', chat: CHANNEL })
  inbox.flush()
  const chat = inbox.where.findChat(AMARA) ?? 0
  inbox.setCaughtUp(chat, inbox.syncPoint(), store.messages.oldest(chat)?.id ?? 0)
  inbox.setHistory(inbox.where.findChat(GROUP) ?? 0, afterEnd({ history_tries: 0 }, 'none', 0, 0))
  inbox.recordGap(chat, null, store.messages.oldest(chat)?.id ?? 0)
  // It has messages of this time, as a chat has that turned out to be one with another.
  store.chats.setForgotten(inbox.where.findChat(CHANNEL) ?? 0, T - 5, T + 10_000)
}

function exported(
  store: Store,
  chat: Jid | null = null,
  format: 'jsonl' | 'text' = 'jsonl',
  ownIds?: OwnIds,
): string {
  const exporter = createExporter(store.db, createTestClock(), ownIds?.isOurs)
  return [...exporter.export(chat, format).pieces].join('')
}
/** Without the time at which it was made. */
const lines = (text: string) =>
  text
    .replace(/"exported_at":"[^"]*"/, '"exported_at":""')
    .trimEnd()
    .split('\n')

let source: string
function original(): string {
  source = join(temp(), 'a.db')
  const store = openStore(source)
  fill(store)
  const text = exported(store)
  store.close()
  return text
}

async function intoEmpty(
  text: string | Buffer,
  {
    dir = temp(),
    secret = null,
    keep = KEEP_ALL,
    clock = createTestClock(),
  }: { dir?: string; secret?: string | null; keep?: KeepRules; clock?: TestClock } = {},
) {
  const file = join(temp(), 'export.jsonl')
  writeFileSync(file, text)
  const authDir = await openAuthDir(dir, log)
  held.push(authDir)
  try {
    const from = openRegular(file)
    return { authDir, ...(await importArchive({ authDir, from, secret, keep, clock, onProgress: () => {} })) }
  } finally {
    authDir.release()
  }
}

it('a line of a message has everything of it', () => {
  const messages = new Map(
    lines(original())
      .map((line) => JSON.parse(line))
      .map((line) => [line.bare_id, line]),
  )
  const until_at = expect.any(String)
  expect(messages.get('to be edited')).toMatchObject({
    body: 'edited',
    edited_at: '2001-09-09T01:46:40.001Z',
    revisions: [{ what: 'edited', type: 'chat', body: 'text of to be edited', until_at }],
  })
  expect(messages.get('to be deleted')).toMatchObject({
    type: 'revoked',
    revoked_at: until_at,
    revisions: [{ what: 'revoked', body: 'text of to be deleted' }],
  })
  expect(messages.get('own')).toMatchObject({
    from_me: true,
    from: null,
    ack: 3,
    sent_at: new Date((T + 100) * 1000).toISOString(),
    reactions: [
      { from: ME, emoji: '👍', at: '2001-09-09T01:46:40.000Z' },
      { from: AMARA, emoji: '❤️', at: '2001-09-09T01:46:40.000Z' },
    ],
    votes: [
      { from: ME, options: null, at: '2001-09-09T01:46:40.000Z' },
      { from: AMARA, options: ['Fri', 'Sat'], at: '2001-09-09T01:46:40.000Z' },
    ],
  })
  expect(messages.get('answer')).toMatchObject({
    from: AMARA,
    reply_to: { bare_id: 'own', from: ME, body: 'text of own' },
    mentions: [ME, HIDDEN],
    details: { forwarded: 1, expires_at: T + 4_000_000_000 },
  })
  expect(messages.get('by lid')).toMatchObject({ chat: AMARA, from: AMARA })
  expect(messages.get('news')).toMatchObject({ chat: CHANNEL, from: null, from_me: false })
  expect(messages.get('type1')).toMatchObject({ type: 'image', details: { media: { width: 3 } } })
  expect(messages.get('type1')).toMatchObject({ source: SOURCE, preview: JPEG.toString('base64') })
})

/** The inbox of this archive, as a server has it. */
function inboxOf(store: Store, clock = createTestClock()) {
  return createTestInbox(store, clock, { own: [ME, MY_LID] })
}

it('a number that passed to somebody else leads where it led before, and so does another spelling of one', async () => {
  const [bob, number] = [toJid('99003@lid'), toJid('15553330000@c.us')]
  const store = openStore(join(temp(), 'moved.db'))
  store.meta.set('account_wid', ME)
  const inbox = inboxOf(store)
  const write = (bareId: string, sentAt: number) => seen(bareId, { chat: number, sender: number, sentAt })
  store.transaction(() => {
    store.identify(number, AMARA_LID, (T - 100) * 1000)
    inbox.recordStretch(inbox.where.chatId(number, T) ?? 0, [write('hers', T)], () => 'history', null)
    store.identify(number, bob, (T + 100) * 1000)
    inbox.recordStretch(inbox.where.chatId(number) ?? 0, [write('his', T + 200)], () => 'history', null)
    store.people.setAlias(toJid('15550333000@c.us'), number)
  })
  const text = exported(store)
  store.close()
  expect(text).toContain(`"by_phone":"${number}"`)
  const { file } = await intoEmpty(text)
  const again = openStore(file)
  expect(lines(exported(again))).toEqual(lines(text))
  const after = inboxOf(again)
  // WhatsApp Web has one chat by that number, and gives all of it.
  const chat = after.where.findChat(number) ?? 0
  again.transaction(() =>
    after.recordStretch(chat, [write('earlier', T - 50), write('hers', T)], () => 'history', null),
  )
  const idsIn = (jid: Jid) =>
    again.db
      .query<{ bare_id: string }>('SELECT bare_id FROM messages WHERE chat = ? ORDER BY id')
      .all(after.where.findChat(jid) ?? 0)
      .map(({ bare_id }) => bare_id)
  expect([idsIn(AMARA_LID), idsIn(bob)]).toEqual([['earlier', 'hers'], ['his']])
  expect(after.where.chatFor(toJid('15550333000@c.us'))).toBe(chat)
  // What came by the number moves with it, as before the export.
  again.transaction(() => again.identify(number, toJid('99004@lid'), (T + 150) * 1000))
  expect([idsIn(bob), idsIn(toJid('99004@lid'))]).toEqual([[], ['his']])
  again.close()
})

it('a number that a lookup led to a LID leads to its chat, also where the LID has another number', async () => {
  const [asked, other] = [toJid('15550333001@c.us'), toJid('15550333002@c.us')]
  const own = toJid('15550333003@c.us')
  const store = openStore(join(temp(), 'asked.db'))
  store.meta.set('account_wid', ME)
  for (const lid of [AMARA_LID, HIDDEN]) store.chats.insert('direct', { person: store.people.idOf(lid) })
  store.people.setAlias(asked, AMARA_LID)
  store.people.setAlias(other, HIDDEN)
  store.people.setAlias(own, HIDDEN)
  store.identify(own, HIDDEN, T * 1000)
  const text = exported(store)
  store.close()
  const { file } = await intoEmpty(text)
  const again = openStore(file)
  expect(lines(exported(again))).toEqual(lines(text))
  const { where } = inboxOf(again)
  expect(where.chatFor(asked)).toBe(where.findChat(AMARA_LID) ?? 0)
  expect([other, own].map(where.chatFor)).toEqual(Array(2).fill(where.findChat(HIDDEN) ?? 0))
  expect(again.people.aliasOf(own)).toBe(null)
  again.close()
})

it('who was in a group when is as before, and which chats the owner knows', async () => {
  const store = openStore(join(temp(), 'groups.db'))
  store.meta.set('account_wid', ME)
  const people = [1, 2, 3, 4].map((n) => store.people.idOf(toJid(`9900${n}@lid`)))
  const [stayed = 0, left = 0, came = 0, returned = 0] = people
  const [group = 0, stranger = 0] = [GROUP, toJid('120363000000000002@g.us')].map((jid) =>
    store.chats.insert('group', { jid }),
  )
  const change = (atMs: number | null, present: number[], gone: number[] = []) => {
    const members = present.map((person) => ({ person, isAdmin: person === stayed }))
    store.chats.changeMembers(group, { present: members, gone }, atMs)
  }
  change(null, [stayed, left, returned])
  change(T * 1000 + 1, [came], [left, returned])
  change(T * 1000 + 2, [returned])
  store.chats.setFamiliar(group, true)
  const read = (from: Store) => ({
    stays: createReader(from.db, createTestClock())
      .stays(GROUP, null)
      .stays.sort((one, other) => JSON.stringify(one).localeCompare(JSON.stringify(other))),
    known: [group, stranger].map((id) => from.chats.get(id)?.familiar),
  })
  const [text, before] = [exported(store), read(store)]
  store.close()
  expect([before.stays.length, before.known]).toEqual([5, [1, 0]])
  const again = openStore((await intoEmpty(text)).file)
  expect(read(again)).toEqual(before)
  expect(lines(exported(again))).toEqual(lines(text))
  again.close()
})

it('a chat that was forgotten goes on from where it did, before the time of a computer that is ahead', async () => {
  const store = openStore(join(temp(), 'forgotten.db'))
  store.meta.set('account_wid', ME)
  const chatIn = (inbox: ReturnType<typeof inboxOf>) => inbox.where.findChat(AMARA) ?? 0
  const inbox = inboxOf(store)
  inbox.take({ type: 'message', message: seen('kept', { sentAt: T + 1 }) })
  inbox.flush()
  store.chats.setForgotten(chatIn(inbox), T, T + 3_600, T + 10)
  const text = exported(store)
  store.close()
  const again = openStore((await intoEmpty(text)).file)
  expect(lines(exported(again))).toEqual(lines(text))
  const after = inboxOf(again)
  const come = [seen('asked', { sentAt: T + 9 }), seen('reply', { sentAt: T + 60 })]
  for (const message of come) after.take({ type: 'message', message })
  after.flush()
  const ids = again.db.query<{ bare_id: string }>('SELECT bare_id FROM messages ORDER BY id').all()
  expect(ids.map(({ bare_id }) => bare_id)).toEqual(['kept', 'reply'])
  again.close()
})

describe('in another directory, whom the owner knows', () => {
  const [stranger, friend, colleague] = [1, 2, 3].map((n) => toJid(`1555044000${n}@c.us`))
  const [former, present] = [createOwnIds('of the former directory'), createOwnIds('of this directory')]
  const own = (chat: Jid | undefined, bareId: string, sentAt: number) =>
    seen(bareId, { chat: chat ?? ME, sender: null, fromMe: true, sentAt })
  const ofWeb = (n: number) => `3EB0${String(n).padStart(18, 'A')}`
  const inboxWith = (store: Store, ownIds: OwnIds, clock: TestClock) => {
    const inbox = createTestInbox(store, clock, { own: [ME], ownIds })
    return (...messages: SeenMessage[]) => {
      for (const message of messages) inbox.take({ type: 'message', message })
      inbox.flush()
    }
  }
  const knownIn = ({ db }: Store, { isOurs }: OwnIds) => {
    const reader = createReader(db, createTestClock(), isOurs)
    return [stranger, friend, colleague].map((chat) => reader.isKnown(chat ?? ME))
  }

  /** The server has written to all three, the owner to two: from the phone, and from WhatsApp Web. */
  function export3(): string {
    const store = openStore(join(temp(), 'a.db'))
    store.meta.set('account_wid', ME)
    const take = inboxWith(store, former, createTestClock())
    take(own(friend, 'AC01', T), own(colleague, ofWeb(1), T))
    for (const chat of [stranger, friend, colleague]) take(own(chat, former.create(), T + 1))
    // As in an archive of an earlier version, which did not note it.
    store.chats.setFamiliar(store.chats.all().at(-1)?.id ?? 0, false)
    expect(knownIn(store, former)).toEqual([false, true, true])
    const text = exported(store, null, 'jsonl', former)
    store.close()
    return text
  }

  it.each([
    ['is in the file', (text: string) => text, [false, true, true]],
    // Who sent it from WhatsApp Web is not known any more.
    [
      'shows in messages of phones, if an earlier version wrote the file',
      (text: string) => text.replaceAll('"familiar":true,', ''),
      [false, true, false],
    ],
  ])('%s', async (_, change, known) => {
    const clock = createTestClock()
    const { file } = await intoEmpty(change(export3()), { clock })
    const store = openStore(file)
    expect(knownIn(store, present)).toEqual(known)
    const take = inboxWith(store, present, clock)
    const now = () => clock.now() / 1000
    // What the former server sent after the export, and this one now.
    take(own(stranger, former.create(), now() - 60), own(stranger, present.create(), now()))
    expect(knownIn(store, present)).toEqual(known)
    clock.advance(60_000)
    take(own(stranger, ofWeb(2), now()))
    expect(knownIn(store, present)).toEqual([true, ...known.slice(1)])
    store.close()
  })
})

describe('export, import, export', () => {
  it.each([null, 'a key of 24 characters..'])('is equal, whole; key: %s', async (secret) => {
    const text = original()
    expect(lines(text).length).toBeGreaterThan(25)
    const { file, messages, left, authDir } = await intoEmpty(text, { secret })
    expect([messages, left]).toEqual([SCRIPTS.length + TYPES.length + 6, 0])
    expect(authDir.account()).toBe(ME)
    const store = openArchive(file, secret)
    try {
      expect(lines(exported(store))).toEqual(lines(text))
      expect(verify(store.db)).toEqual([])
      const first = openStore(source)
      // Events are left behind; their cursors are not used again.
      expect(store.events.last()).toBe(first.events.last())
      first.close()
    } finally {
      store.close()
    }
    expect(readdirSync(join(file, '..')).filter((name) => name.includes('.new'))).toEqual([])
  })

  it('a history is not called complete if the settings of the server that wrote the file kept no more', async () => {
    original()
    const store = openStore(source)
    const chat = store.chats.byJid(GROUP)?.id ?? 0
    const complete = () => /"chat":"[^"]*@g.us","kind".*"history_complete":true/.test(exported(store))
    expect(complete()).toBe(true)
    store.chats.limitHistory(chat)
    expect(complete()).toBe(false)
    store.close()
  })

  it('of one chat brings only that, and says nothing about others', async () => {
    original()
    const store = openStore(source)
    const text = exported(store, GROUP)
    store.close()
    const [header = ''] = lines(text)
    expect(JSON.parse(header)).toMatchObject({
      chat: GROUP,
      messages: TYPES.length,
      complete_until: null,
    })
    const { messages, file } = await intoEmpty(text)
    expect(messages).toBe(TYPES.length)
    const again = openStore(file)
    expect(lines(exported(again, GROUP)).slice(1)).toEqual(lines(text).slice(1))
    again.close()
  })

  it('takes texts that cannot be kept as the next best ones', async () => {
    const text = original()
    const nul = text.replace('"body":"text of own"', '"body":"a\\u0000b\\ud83d"')
    const { file } = await intoEmpty(nul)
    const again = openStore(file)
    expect(exported(again)).toContain('"body":"a\ufffdb\ufffd"')
    again.close()
  })

  it('keeps captions that look like base64, and of the first format also corrects what was no text', async () => {
    const caption = '0x52908400098527886E0F7030069857D2E4169EE7'
    const preview = `/9j/${'4AAQSkZJRgABAQ'.repeat(9)}=`
    const card = 'BEGIN:VCARD\nVERSION:3.0\nFN:Zoë\nEND:VCARD'
    const was = (body: string, type = 'image') => ({
      what: 'edited',
      type,
      body,
      until_at: '2025-01-02T00:00:00.000Z',
    })
    const changes: Record<string, object> = {
      type1: { body: caption, revisions: [was(caption)] },
      type7: { body: preview, revisions: [was(preview, 'location'), was(caption)] },
      type8: { body: card },
      type9: { type: 'scheduled_event_creation', body: 'Party' },
      answer: { reply_to: { bare_id: 'own', from: ME, body: card } },
    }
    const change = (version: number) => (line: string) => {
      if (line === '') return line
      const read = JSON.parse(line)
      return JSON.stringify({ ...read, ...(read.line === 'archive' ? { version } : changes[read.bare_id]) })
    }
    const text = original().split('\n')
    const read = async (version: number) => {
      const { file } = await intoEmpty(text.map(change(version)).join('\n'))
      const again = openStore(file)
      const kept = lines(exported(again)).map((line) => JSON.parse(line))
      again.close()
      return new Map(kept.map((line) => [line.bare_id, line]))
    }
    const [first, second] = [await read(1), await read(2)]
    for (const messages of [first, second]) expect(messages.get('type1')).toMatchObject(changes.type1 ?? {})
    expect(first.get('type7')).toMatchObject({ body: '', revisions: [{ body: '' }, { body: caption }] })
    expect(first.get('type8')).toMatchObject({ body: '', details: { contacts: [{ name: 'Zoë' }] } })
    expect(first.get('type9')).toMatchObject({ body: '', details: { event: { name: 'Party' } } })
    expect(first.get('answer')).toMatchObject({ reply_to: { body: '' } })
    expect(second.get('type9')).toMatchObject({ body: 'Party' })
  })

  it('is taken as editors save it: with a byte order mark, CRLF, and blank lines at its end', async () => {
    const text = original()
    const { messages } = await intoEmpty(`\ufeff${text.replaceAll('\n', '\r\n')}\r\n\n  \n`)
    expect(messages).toBe(text.split('"line":"message"').length - 1)
  })

  it('leaves out what is not to be kept', async () => {
    const keep = { ...KEEP_ALL, never: [{ jid: GROUP }] }
    const { messages, left } = await intoEmpty(original(), { keep })
    expect([messages, left]).toEqual([SCRIPTS.length + 6, TYPES.length])
  })
})

describe('a file is refused', () => {
  const edit = (text: string, n: number, change: (line: Record<string, unknown>) => object) =>
    text
      .split('\n')
      .map((line, index) => (index + 1 === n ? JSON.stringify(change(JSON.parse(line))) : line))
      .join('\n')
  const numberOf = (text: string, part: string) =>
    text.split('\n').findIndex((line) => line.includes(part)) + 1
  const messageLine = (text: string) => numberOf(text, '"bare_id":"own"')

  it.each<[string, (text: string) => string | Buffer, string, (text: string) => string | RegExp]>([
    ['that is none', () => '{"a":1}\n', 'not_an_export', () => /first line/],
    ['that is empty', () => '', 'not_an_export', () => /empty/],
    ['that is no text', () => Buffer.from([0xff, 0xd8, 0xff]), 'not_an_export', () => /UTF-8/],
    [
      'with a line that is not UTF-8',
      (text) => Buffer.from(text.replace('text of own', 'text \u00fc own'), 'latin1'),
      'invalid_line',
      () => /^Line \d+ is not UTF-8 text\.$/,
    ],
    [
      'with an id of a megabyte',
      (text) => edit(text, messageLine(text), (line) => ({ ...line, bare_id: 'x'.repeat(1_000_000) })),
      'invalid_line',
      (text) => new RegExp(`^Line ${messageLine(text)}: "bare_id"`),
    ],
    [
      'with an address of a megabyte',
      (text) => edit(text, messageLine(text), (line) => ({ ...line, chat: `${'1'.repeat(1_000_000)}@c.us` })),
      'invalid_line',
      (text) => new RegExp(`^Line ${messageLine(text)}: "chat"`),
    ],
    [
      'of a newer format',
      (text) => edit(text, 1, (line) => ({ ...line, version: 3 })),
      'newer_format',
      () => /version 3/,
    ],
    [
      'with a wrong first line',
      (text) => edit(text, 1, (line) => ({ ...line, account: 7 })),
      'invalid_line',
      () => /^Line 1: "account"/,
    ],
    [
      'with a line that is no JSON',
      (text) => text.replace('{"line":"message"', '{"line":message"'),
      'invalid_line',
      (text) => `Line ${numberOf(text, '"line":"message"')}: not JSON.`,
    ],
    [
      'with a wrong field',
      (text) => edit(text, messageLine(text), (line) => ({ ...line, body: 3 })),
      'invalid_line',
      (text) => new RegExp(`^Line ${messageLine(text)}: "body"`),
    ],
    ...[
      ['media', { media: 7 }],
      ['media.filename', { media: { filename: 5 } }],
      ['expires_at', { expires_at: 'soon' }],
      // Who is quoted or mentioned stands beside them, by address.
      ['mentions', { mentions: [1] }],
      ['quoted', { quoted: {} }],
    ].map(([what, details]): [string, (text: string) => string, string, (text: string) => RegExp] => [
      `with wrong details of ${what}`,
      (text) => edit(text, messageLine(text), (line) => ({ ...line, details })),
      'invalid_line',
      (text) => new RegExp(`^Line ${messageLine(text)}: "details`),
    ]),
    [
      'with a message twice',
      (text) =>
        edit(text, messageLine(text) + 1, (line) => ({ ...line, bare_id: 'own', from_me: true, from: null })),
      'invalid_line',
      (text) => `Line ${messageLine(text) + 1}: it repeats an earlier line.`,
    ],
    [
      'out of order',
      (text) => edit(text, messageLine(text), (line) => ({ ...line, position: 1 })),
      'invalid_line',
      (text) => `Line ${messageLine(text)}: "position" must increase from message to message.`,
    ],
    [
      'whose times do not match',
      (text) => edit(text, messageLine(text), (line) => ({ ...line, sent_at: '2001-01-01T00:00:00.000Z' })),
      'invalid_line',
      () => /"position" and "sent_at"/,
    ],
    [
      'of an unknown person',
      (text) => edit(text, messageLine(text), (line) => ({ ...line, from: '1@lid', from_me: false })),
      'invalid_line',
      () => /names a person/,
    ],
    [
      'of an unknown chat',
      (text) => edit(text, messageLine(text), (line) => ({ ...line, chat: '1@g.us' })),
      'invalid_line',
      () => /names a chat/,
    ],
    [
      'that is cut short',
      (text) => text.slice(0, text.lastIndexOf('{"line":"end"')),
      'cut_short',
      () => /last line/,
    ],
    ['that is cut in a line', (text) => text.slice(0, -400), 'invalid_line', () => /not JSON/],
    [
      'from whose middle a line is missing',
      (text) => text.replace(/.*"bare_id":"news".*\n/, ''),
      'cut_short',
      () => /but has \d+/,
    ],
  ])('%s, and nothing is left', async (_, change, code, says) => {
    const text = original()
    const dir = temp()
    const expected = says(text)
    await expect(intoEmpty(change(text), { dir })).rejects.toMatchObject({
      code,
      message: typeof expected === 'string' ? expected : expect.stringMatching(expected),
    })
    expect(readdirSync(join(dir, '.whatsapp-mcp-api', 'archives'))).toEqual([])
    expect(existsSync(join(dir, '.whatsapp-mcp-api', 'account.json'))).toBe(false)
  })

  it('with a key, of which nothing is left either: the next one may be without', async () => {
    const text = original()
    const dir = temp()
    const places = join(dir, '.whatsapp-mcp-api', 'archives')
    const secret = 'a key of 24 characters..'
    await expect(intoEmpty(text.slice(0, -400), { dir, secret })).rejects.toThrow()
    expect(readdirSync(places)).toEqual([])
    await intoEmpty(text, { dir })
    // One that was there before stays, with the archive that it opens.
    const empty = await openAuthDir(temp(), log)
    const file = empty.archiveOf(ME)
    openArchive(file, secret).close()
    empty.release()
    await expect(intoEmpty(text.slice(0, -400), { dir: empty.path, secret })).rejects.toThrow()
    openArchive(file, secret).close()
  })

  it('of another account, or into an archive that is not empty', async () => {
    const text = original()
    const { authDir, file } = await intoEmpty(text)
    const before = readFileSync(file)
    await expect(intoEmpty(text, { dir: authDir.path })).rejects.toMatchObject({ code: 'archive_not_empty' })
    const other = edit(text, 1, (line) => ({ ...line, account: '15559999999@c.us' }))
    await expect(intoEmpty(other, { dir: authDir.path })).rejects.toMatchObject({ code: 'other_account' })
    const store = openStore(file)
    expect(lines(exported(store))).toEqual(lines(text))
    store.close()
    expect(before.length).toBe(statSync(file).size)
  })
})

describe('as text', () => {
  it('no part of a message counts as a separate line', () => {
    const store = openStore(join(temp(), 'a.db'))
    const clock = createTestClock()
    store.meta.set('account_wid', ME)
    const inbox = createTestInbox(store, clock, { own: [ME], onLost: () => {} })
    const fake = 'one\r\n2025-01-01T00:00:00.000Z You: fake\u2028three \u202egnp'
    inbox.take({ type: 'message', message: seen('a', { body: fake, senderName: 'Amara\n2025: You' }) })
    inbox.take({
      type: 'message',
      message: seen('b', {
        type: 'document',
        body: 'a file',
        hasMedia: true,
        content: { media: { filename: 'x\ny.pdf', size_bytes: 5 } },
        sentAt: T + 1,
      }),
    })
    inbox.take({ type: 'message', message: seen('c', { sentAt: T + 2 }) })
    inbox.take({
      type: 'message',
      message: seen('c', { body: 'better', sentAt: T + 2, editedAt: (T + 3) * 1000 }),
    })
    inbox.take({ type: 'message', message: seen('a', { body: '', type: 'revoked' }) })
    inbox.flush()
    const text = exported(store, null, 'text')
    store.close()
    // Times are those of the zone that the test runs in.
    const body = text
      .split('\n\n')
      .slice(1)
      .join('\n\n')
      .replace(/(20\d\d-\d\d-\d\d) (\d\d:\d\d:\d\d) ([+-]\d\d:\d\d)/g, (_, day, time, zone) =>
        new Date(`${day}T${time}${zone}`).toISOString(),
      )
    expect(body.replace(/(deleted |until )20[^:\]]*[\d:.]+Z/g, '$1…')).toBe(
      [
        '2023-11-14T22:13:20.000Z Amara 2025: You: [deleted …]',
        '    before it was deleted, until …: one',
        '      2025-01-01T00:00:00.000Z You: fake',
        '      three \\u202egnp',
        '2023-11-14T22:13:21.000Z Amara 2025: You: [document, x y.pdf, 5 bytes] a file',
        '2023-11-14T22:13:22.000Z Amara 2025: You: better (edited 2023-11-14T22:13:23.000Z)',
        '    before the edit, until …: text of c',
        '',
      ].join('\n'),
    )
  })
})
