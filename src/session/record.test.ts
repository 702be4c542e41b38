/** What the inbox writes, on a real archive: once, in order, and each change with its event. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { seenMessage } from '../../test/seen-message.ts'
import { createTestClock, type TestClock } from '../../test/test-clock.ts'
import { createTestInbox } from '../../test/test-inbox.ts'
import { systemClock } from '../clock.ts'
import { createLog } from '../log.ts'
import type { MediaSource } from '../model/content.ts'
import { type Jid, toJid } from '../model/ids.ts'
import type { SeenChat, SeenContact, SeenMessage } from '../model/seen.ts'
import { timeOf } from '../store/position.ts'
import { createReader } from '../store/reader.ts'
import { openStore, type Store } from '../store/store.ts'
import type { Inbox } from './inbox.ts'

const ME = toJid('15550001000@c.us')
const MY_LID = toJid('77001@lid')
const AMARA = toJid('15551110000@c.us')
const AMARA_LID = toJid('99001@lid')
const GROUP = toJid('120363000000000001@g.us')
const T = 1_700_000_000

const SOURCE: MediaSource = {
  type: 'image',
  directPath: '',
  mediaKey: null,
  mediaKeyTimestamp: null,
  encFilehash: null,
  filehash: null,
  mimetype: 'image/jpeg',
  sizeBytes: 1,
}

const isOurs = (bareId: string) => bareId.startsWith('OURS')

let dir: string
let store: Store
let inbox: Inbox
let clock: TestClock
let lost: unknown[]
let unheard: number[]
let logged: string[]

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-store-'))
  store = openStore(join(dir, 'a.db'))
  lost = []
  unheard = []
  logged = []
  clock = createTestClock()
  inbox = createTestInbox(store, clock, {
    own: [ME, MY_LID],
    log: createLog({ level: 'warn', write: (line) => logged.push(line) }),
    ownIds: { isOurs },
    onLost: (error) => lost.push(error),
    onUnheard: (chat) => unheard.push(chat),
  })
})
afterEach(() => {
  store.close()
  rmSync(dir, { recursive: true, force: true })
})

function message(bareId: string, more: Partial<SeenMessage> = {}): SeenMessage {
  const facts = { chat: AMARA, sender: AMARA, senderName: 'Amara', body: `text of ${bareId}`, sentAt: T }
  return seenMessage({ ...facts, bareId, ...more })
}

function chat(id: Jid, more: Partial<SeenChat> = {}): SeenChat {
  return {
    id,
    name: null,
    unreadCount: 0,
    timestamp: T,
    archived: false,
    pinnedAt: 0,
    mutedUntil: 0,
    isReadOnly: false,
    last: null,
    members: null,
    ...more,
  }
}

function contact(more: Partial<SeenContact>): SeenContact {
  return {
    phone: null,
    lid: null,
    name: null,
    pushname: null,
    inAddressBook: false,
    isBusiness: false,
    isBlocked: false,
    ...more,
  }
}

function take(...seen: SeenMessage[]): void {
  for (const one of seen) inbox.take({ type: 'message', message: one })
  inbox.flush()
}
const kinds = () => store.events.after(0, 1000).map(({ kind }) => kind)
function rowsOf(jid: Jid) {
  const id = inbox.where.findChat(jid)
  return store.db
    .query<{ id: number; bare_id: string; body: string; type: string; ack: number; sender: number }>(
      'SELECT * FROM messages WHERE chat = ? ORDER BY id',
    )
    .all(id ?? -1)
}
const idsOf = (jid: Jid) => rowsOf(jid).map(({ bare_id }) => bare_id)
const names = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `M${String(from + index).padStart(5, '0')}`)

describe('a chat in which the owner has written', () => {
  const isKnown = () => createReader(store.db, systemClock, isOurs).isKnown(AMARA)
  const own = (bareId: string, more: Partial<SeenMessage> = {}) => message(bareId, { fromMe: true, ...more })
  const remove = (bareId: string) => {
    const row = rowsOf(AMARA).find(({ bare_id }) => bare_id === bareId)
    store.transaction(() => store.messages.remove([row?.id ?? 0]))
  }

  it.each([
    ['stays known when that message is deleted by age', [own('HERS')], true],
    ['is not known by what this server sent', [own('OURS1')], false],
    ['is not known by what was forwarded', [own('HERS', { forwarded: true })], false],
  ])('%s', (_, messages, known) => {
    take(message('M1'), ...messages)
    expect(isKnown()).toBe(known)
    for (const { bareId } of messages) remove(bareId)
    expect(isKnown()).toBe(known)
  })

  it('stays known after many messages of this server, also if it was known before this was noted', () => {
    take(message('M1'), own('HERS'))
    store.chats.setFamiliar(inbox.where.findChat(AMARA) ?? -1, false)
    take(...names(0, 600).map((name, index) => own(`OURS${name}`, { sentAt: T + 1 + index })))
    expect(isKnown()).toBe(true)
  })
})

it('a vote that cannot be read replaces no copy of itself that can', () => {
  take(message('poll', { type: 'poll_creation' }))
  const vote = (options: string[] | null, at: number) => {
    const said = { voter: AMARA, options, at }
    inbox.take({ type: 'vote', chat: AMARA, bareId: 'poll', pollSender: AMARA, vote: said })
    inbox.flush()
    return store.changes.votes(rowsOf(AMARA)[0]?.id ?? 0).map(({ choice }) => choice)
  }
  expect(vote(null, 1_000)).toEqual([null])
  expect(vote(['Fri'], 1_000)).toEqual(['["Fri"]'])
  expect(vote(null, 1_000)).toEqual(['["Fri"]'])
  expect(vote(null, 2_000)).toEqual([null])
})

describe('what is reported before its message', () => {
  const BILAL = toJid('15552220000@c.us')
  const react = (bareId: string, emoji: string, at = T * 1_000) =>
    inbox.take({
      type: 'reaction',
      chat: GROUP,
      bareId,
      messageSender: AMARA,
      reaction: { sender: BILAL, emoji, at },
    })
  const reactionsOf = (jid: Jid) =>
    rowsOf(jid).map(({ id }) => store.changes.reactions(id).map(({ emoji }) => emoji))

  it('is written with it, in order, each with its event', () => {
    const own = { fromMe: true, sender: null, senderName: null, ack: 1 }
    react('A', '👍')
    react('A', '🎉', T * 1_000 + 1)
    inbox.take({ type: 'ack', chat: GROUP, bareId: 'B', ack: 3 })
    inbox.flush()
    take(message('A', { chat: GROUP }), message('B', { chat: GROUP, ...own }))
    expect(reactionsOf(GROUP)).toEqual([['🎉'], []])
    expect(rowsOf(GROUP).map(({ ack }) => ack)).toEqual([1, 3])
    expect(kinds()).toEqual([
      'message.received',
      'message.reaction',
      'message.reaction',
      'message.sent',
      'message.ack',
    ])
    take(message('A', { chat: GROUP }))
    expect(kinds()).toHaveLength(5)
  })

  it('also if it is a vote', () => {
    const said = { voter: BILAL, options: ['Fri'], at: T * 1_000 }
    inbox.take({ type: 'vote', chat: GROUP, bareId: 'poll', pollSender: AMARA, vote: said })
    take(message('poll', { chat: GROUP, type: 'poll_creation' }))
    expect(store.changes.votes(rowsOf(GROUP)[0]?.id ?? 0)).toMatchObject([{ choice: '["Fri"]' }])
    expect(kinds()).toEqual(['message.received', 'poll.voted'])
  })

  it('is not taken for one about another sender’s message of the same id', () => {
    react('SAME', '👍')
    take(message('SAME', { chat: GROUP, sender: BILAL }))
    expect(reactionsOf(GROUP)).toEqual([[]])
    take(message('SAME', { chat: GROUP }))
    expect(reactionsOf(GROUP)).toEqual([[], ['👍']])
  })

  it('is forgotten after ten minutes', () => {
    react('A', '👍')
    inbox.flush()
    clock.advance(600_001)
    take(message('A', { chat: GROUP }))
    expect(reactionsOf(GROUP)).toEqual([[]])
  })
})

describe('a message', () => {
  it('is written once, however often it is seen', () => {
    take(message('A'), message('A'))
    take(message('A'))
    expect(rowsOf(AMARA)).toMatchObject([{ bare_id: 'A', body: 'text of A' }])
    expect(kinds()).toEqual(['message.received'])
    expect(store.messages.count()).toBe(1)
  })

  it('keeps the order in which a second brought it', () => {
    take(...names(0, 500).map((id) => message(id)))
    expect(idsOf(AMARA)).toEqual(names(0, 500))
    expect(rowsOf(AMARA).every(({ id }) => timeOf(id) === T)).toBe(true)
  })

  it('to oneself is in one chat, by phone and by LID', () => {
    const own = { fromMe: true, sender: null, senderName: null }
    take(message('A', { ...own, chat: ME }))
    expect(inbox.where.findChat(MY_LID)).toBe(inbox.where.findChat(ME))
    take(message('B', { ...own, chat: MY_LID }))
    expect(idsOf(ME)).toEqual(['A', 'B'])
  })

  it('is not taken for another sender’s message of the same id', () => {
    const inGroup = { chat: GROUP, bareId: 'SAME' }
    take(message('SAME', inGroup), message('SAME', { ...inGroup, sender: toJid('15552220000@c.us') }))
    take(message('SAME', { ...inGroup, fromMe: true, sender: null }))
    expect(idsOf(GROUP)).toEqual(['SAME', 'SAME', 'SAME'])
  })

  it('of one’s own knows no difference between phone and LID', () => {
    take(message('A', { chat: GROUP, fromMe: true, sender: ME }))
    take(message('A', { chat: GROUP, fromMe: true, sender: MY_LID }))
    expect(rowsOf(GROUP)).toMatchObject([{ sender: 0 }])
    expect(kinds()).toEqual(['message.sent'])
  })

  it('stores its first name for an unknown person', () => {
    take(message('A'))
    expect(store.people.find(AMARA)).toMatchObject({ pushname: 'Amara' })
  })
})

describe('the model of a message', () => {
  const modelOf = (bareId: string, body: string, model: Record<string, unknown>) => {
    take(message(bareId, { body, raw: { engine: 'wweb', build: null, model } }))
    const row = rowsOf(AMARA).find(({ bare_id }) => bare_id === bareId)
    return store.raws.model(row?.id ?? 0)?.model
  }

  it('has the texts that the message itself does not have, and no previews', () => {
    const card = 'BEGIN:VCARD\nFN:Zoë\nEMAIL:zoe@example.org\nEND:VCARD'
    expect(modelOf('A', 'hello', { type: 'chat', body: 'hello' })).toEqual({ type: 'chat' })
    expect(modelOf('B', '', { type: 'novel', body: 'once' })).toEqual({ type: 'novel', body: 'once' })
    expect(modelOf('C', '', { type: 'vcard', body: card })).toEqual({ type: 'vcard', body: card })
    expect(modelOf('D', 'sea', { type: 'image', body: '/9j/4AAQ', caption: 'sea' })).toEqual({
      type: 'image',
    })
    expect(modelOf('E', 'sea', { caption: 'shore' })).toEqual({ caption: 'shore' })
  })
})

it('a call is reported, and is not the last message of its chat; other notices are not reported', () => {
  const notice = { standing: 'notice' as const, body: '' }
  take(message('A'))
  const last = () => store.chats.get(inbox.where.findChat(AMARA) ?? 0)?.last_message
  const before = last()
  take(message('B', { ...notice, type: 'call_log', sentAt: T + 1 }))
  take(message('C', { ...notice, type: 'e2e_notification', sentAt: T + 2 }))
  expect(kinds()).toEqual(['message.received', 'message.received'])
  expect(last()).toBe(before)
})

describe('a change', () => {
  it('of the text is kept as a revision', () => {
    take(message('A', { body: 'helo' }))
    take(message('A', { body: 'hello', editedAt: T * 1000 + 5_000 }))
    take(message('A', { body: 'hello', editedAt: T * 1000 + 5_000 }))
    expect(rowsOf(AMARA)).toMatchObject([{ body: 'hello' }])
    expect(kinds()).toEqual(['message.received', 'message.edited'])
    expect(store.db.query('SELECT what, body, until_at_ms FROM revisions').all()).toMatchObject([
      { what: 'edited', body: 'helo', until_at_ms: T * 1000 + 5_000 },
    ])
  })

  it('of the text, repeated, is kept if WhatsApp Web has no time for it', () => {
    for (const body of ['a', 'b', 'b', 'c', 'b']) take(message('A', { body }))
    expect(rowsOf(AMARA)).toMatchObject([{ body: 'c' }])
    expect(kinds()).toEqual(['message.received', 'message.edited', 'message.edited'])
  })

  it('of a file name that an earlier version took for a caption is no edit', () => {
    const file = { type: 'document', hasMedia: true, content: { media: { filename: 'plan.pdf' } } }
    take(message('A', { ...file, body: 'plan.pdf' }))
    take(message('A', { ...file, body: '' }))
    expect(rowsOf(AMARA)).toMatchObject([{ body: '' }])
    expect(kinds()).toEqual(['message.received'])
  })

  it('is not undone by an older copy', () => {
    take(message('A', { body: 'third', editedAt: 3000 }))
    take(message('A', { body: 'second', editedAt: 2000 }), message('A', { body: 'first' }))
    expect(rowsOf(AMARA)).toMatchObject([{ body: 'third' }])
    expect(kinds()).toEqual(['message.received'])
  })

  it('of what it consists of keeps the facts that a poorer copy lacks', () => {
    const media = { mimetype: 'image/jpeg', width: 3, sha256: 'ab' }
    const quoted = { bareId: 'Q', sender: AMARA, body: 'before' }
    const facts = { type: 'image', hasMedia: true, body: 'sea' }
    take(message('A', { ...facts, content: { media }, quoted, mentions: [AMARA] }))
    const before = rowsOf(AMARA)
    const poorer = { ...facts, content: { media: { mimetype: 'image/jpeg' } } }
    take(message('A', poorer))
    expect(rowsOf(AMARA)).toEqual(before)
    const raw = { engine: 'wweb', build: null, model: {} }
    take(message('A', { ...poorer, content: { media: { width: 4, height: 5 } }, raw }))
    expect(JSON.parse(store.messages.get(rowsOf(AMARA)[0]?.id ?? 0)?.details ?? '')).toMatchObject({
      media: { ...media, width: 4, height: 5 },
      quoted: { bare_id: 'Q', body: 'before' },
      mentions: [expect.any(Number)],
    })
  })

  it('of where its file is makes expired media available again', () => {
    const facts = { type: 'image', hasMedia: true }
    const at = (directPath: string, filehash = 'same') =>
      message('A', { ...facts, source: { ...SOURCE, directPath, filehash } })
    take(at('/old'))
    const { id } = rowsOf(AMARA)[0] ?? { id: 0 }
    store.mediaFiles.noteExpired(id, 1)
    take(at('/old'), at('/other', 'other'))
    expect(store.mediaFiles.stateOf(id)).toBe('expired')
    take(at('/again'))
    expect([store.mediaFiles.stateOf(id), store.raws.source(id)?.directPath]).toEqual([
      'at_whatsapp',
      '/again',
    ])
  })

  it('to a notice, or from one, changes which message is the last of the chat', () => {
    const last = () => store.chats.get(inbox.where.findChat(AMARA) ?? 0)?.last_message
    take(message('A'))
    const novel = { type: 'novel', body: '', sentAt: T + 1 }
    take(message('B', { ...novel, standing: 'unknown' }))
    const [first, second] = rowsOf(AMARA).map(({ id }) => id)
    expect(last()).toBe(second)
    take(message('B', { ...novel, standing: 'notice', content: { notice: { action: 'new' } } }))
    expect(last()).toBe(first)
    take(message('B', { ...novel, type: 'revoked' }))
    expect(last()).toBe(second)
  })

  it('to deleted stays, and what it said is kept', () => {
    take(message('A'), message('A', { type: 'revoked', body: '' }), message('A'))
    expect(rowsOf(AMARA)).toMatchObject([{ type: 'revoked', body: '' }])
    expect(kinds()).toEqual(['message.received', 'message.revoked'])
    expect(store.db.query('SELECT what, body FROM revisions').all()).toMatchObject([
      { what: 'revoked', body: 'text of A' },
    ])
  })

  it.each(['ciphertext', 'unknown'])('fills a placeholder (%s), and no placeholder replaces it', (type) => {
    take(message('A', { type, body: '' }), message('A', { body: 'readable' }))
    take(message('A', { type, body: '' }))
    expect(rowsOf(AMARA)).toMatchObject([{ type: 'chat', body: 'readable' }])
    expect(kinds()).toEqual(['message.received', 'message.decrypted'])
  })

  it('fills a placeholder where WhatsApp Web has it by another model, without an event', () => {
    take(message('A', { type: 'ciphertext', body: '' }))
    const stored = (more: Partial<SeenMessage>) => {
      inbox.take({ type: 'stored', message: message('A', more) })
      inbox.flush()
    }
    stored({ type: 'ciphertext', body: '' })
    expect(kinds()).toEqual(['message.received'])
    stored({ body: 'readable' })
    stored({ body: 'again' })
    expect(rowsOf(AMARA)).toMatchObject([{ type: 'chat', body: 'readable' }])
    expect([kinds(), unheard]).toEqual([['message.received', 'message.decrypted'], []])
  })

  it('of a kind that was unknown is known once a version knows it', () => {
    take(
      message('A', { type: 'new', body: '', standing: 'unknown' }),
      message('A', { type: 'new', body: '' }),
    )
    expect(store.messages.countUnknown()).toBe(0)
    take(message('A', { type: 'new', body: '', standing: 'unknown' }))
    expect(store.messages.countUnknown()).toBe(0)
  })

  it('at an address that is no chat is dropped, and the log says so', () => {
    take(message('A', { chat: 'nowhere' as Jid }))
    expect(store.messages.count()).toBe(0)
    expect(logged.join('')).toMatch(/is no chat's address/)
    expect(logged.join('')).not.toContain('nowhere')
  })

  it('of the ack only goes forward, and comes once', () => {
    const own = { fromMe: true, sender: null }
    take(message('A', { ...own, ack: 1 }))
    for (const ack of [2, 2, 1, 3, 0, -1]) inbox.take({ type: 'ack', chat: AMARA, bareId: 'A', ack })
    inbox.flush()
    expect(rowsOf(AMARA)).toMatchObject([{ ack: 3 }])
    expect(store.events.after(0, 10).map(({ data }) => data?.ack)).toEqual([undefined, 2, 3])
  })

  describe('by the other address of a person, before it is known whose it is', () => {
    const react = (chat: Jid, bareId: string, messageSender: Jid | null) =>
      inbox.take({
        type: 'reaction',
        chat,
        bareId,
        messageSender,
        reaction: { sender: null, emoji: '👍', at: 1 },
      })
    const emojis = () => store.db.query<{ emoji: string }>('SELECT emoji FROM reactions').all().length

    it.each([
      ['a LID', AMARA, AMARA_LID],
      ['a number', AMARA_LID, AMARA],
    ])('%s', (_, known, other) => {
      take(message('OWN', { chat: known, fromMe: true, sender: null, ack: 1 }))
      take(message('HERS', { chat: known, sender: known }))
      take(message('IN GROUP', { chat: GROUP, sender: known }))
      inbox.take({ type: 'ack', chat: other, bareId: 'OWN', ack: 3 })
      react(other, 'HERS', other)
      react(GROUP, 'IN GROUP', other)
      inbox.take({
        type: 'vote',
        chat: GROUP,
        bareId: 'IN GROUP',
        pollSender: other,
        vote: { voter: null, options: ['a'], at: 1 },
      })
      inbox.flush()
      expect(rowsOf(known)).toMatchObject([{ ack: 3 }, {}])
      expect(emojis()).toBe(2)
      expect(kinds().slice(3)).toEqual(['message.ack', 'message.reaction', 'message.reaction', 'poll.voted'])
    })

    it('but not where it is somebody else, or one of two', () => {
      const [first, second] = ['15552220001@c.us', '15552220002@c.us'].map(toJid) as [Jid, Jid]
      for (const one of [first, second])
        take(
          message('SAME', { chat: one, sender: one }),
          message('SAME', { chat: GROUP, sender: one }),
          message('OWN', { chat: one, fromMe: true, sender: null, ack: 1 }),
        )
      take(message('HERS', { sender: AMARA }), message('SAID', { chat: GROUP, sender: AMARA }))
      inbox.take({ type: 'identity', phone: AMARA, lid: toJid('99009@lid') })
      inbox.take({ type: 'ack', chat: AMARA_LID, bareId: 'OWN', ack: 3 })
      for (const [bareId, at] of [
        ['SAME', AMARA_LID],
        ['HERS', AMARA_LID],
        ['SAID', first],
      ] as const) {
        react(at, bareId, at)
        react(GROUP, bareId, at)
      }
      inbox.flush()
      expect(emojis()).toBe(0)
      expect(rowsOf(first).map(({ ack }) => ack)).not.toContain(3)
    })
  })

  it('of reactions: one a person, the last one counts', () => {
    take(message('A'))
    const react = (sender: Jid | null, emoji: string, at: number) =>
      inbox.take({
        type: 'reaction',
        chat: AMARA,
        bareId: 'A',
        messageSender: AMARA,
        reaction: { sender, emoji, at },
      })
    react(AMARA, '👍', 1)
    react(AMARA, '❤️', 2)
    react(null, '🙏', 3)
    react(null, '', 4)
    inbox.flush()
    const [row] = rowsOf(AMARA)
    const emojis = () => store.changes.reactions(row?.id ?? 0).flatMap(({ emoji }) => emoji || [])
    expect(emojis()).toEqual(['❤️'])
    expect(kinds().filter((kind) => kind === 'message.reaction')).toHaveLength(4)
    // An answer that was on its way while a reaction came does not undo it.
    react(AMARA, '😂', Date.now())
    inbox.flush()
    take(message('A', { reactions: [] }))
    expect(emojis()).toEqual(['😂'])
    react(AMARA, '', Date.now() + 1)
    inbox.flush()
    // Seen again as a whole, with nothing left.
    take(message('A', { reactions: [] }))
    expect(emojis()).toEqual([])
  })

  it('of reactions: one that was taken back does not return with what was read before', () => {
    const read = (bareId: string, emoji: string, at: number) =>
      take(message(bareId, { reactions: [{ sender: AMARA, emoji, at }] }))
    const takeBack = (bareId: string, at: number) => {
      const reaction = { sender: AMARA, emoji: '', at }
      inbox.take({ type: 'reaction', chat: AMARA, bareId, messageSender: AMARA, reaction })
      inbox.flush()
    }
    const told = () => kinds().filter((kind) => kind === 'message.reaction').length
    const reactions = () => createReader(store.db, systemClock, isOurs).countAll().reactions
    take(message('A'), message('B'))
    read('A', '👍', 1_000)
    takeBack('A', 2_000)
    read('A', '👍', 1_000)
    expect([reactions(), told()]).toEqual([0, 2])
    // Taken back before it was here.
    takeBack('B', 2_000)
    read('B', '👍', 1_000)
    expect([reactions(), told()]).toEqual([0, 2])
    read('B', '🎉', 3_000)
    expect([reactions(), told()]).toEqual([1, 3])
  })
})

describe('a stretch that was read', () => {
  const stretch = (ids: string[], before: number | null = null, more: Partial<SeenMessage> = {}) => {
    const id = inbox.where.chatId(AMARA)
    if (id === null) throw new Error('no chat')
    return inbox.recordStretch(
      id,
      ids.map((name) => message(name, more)),
      () => 'history',
      before,
    )
  }

  it('goes before what it precedes, also within one second', () => {
    take(...names(300, 320).map((id) => message(id)))
    let before = rowsOf(AMARA)[0]?.id ?? null
    for (let from = 270; from >= 0; from -= 30) {
      before = stretch(names(from, from + 30), before).oldest
    }
    expect(idsOf(AMARA)).toEqual(names(0, 320))
  })

  it('goes between what it lies between, also within one second', () => {
    take(message('M00000'), message('M00150'))
    stretch(names(0, 151))
    expect(idsOf(AMARA)).toEqual(names(0, 151))
  })

  it('goes before what came live in the same second while it was being read', () => {
    take(message('X'), message('C'))
    stretch(['X', 'A', 'B'])
    expect(idsOf(AMARA)).toEqual(['X', 'A', 'B', 'C'])
    take(message('F', { sentAt: T + 1 }))
    const later = ['D', 'E'].map((id) => message(id, { sentAt: T + 1 }))
    const chatId = inbox.where.findChat(AMARA) ?? 0
    inbox.recordStretch(chatId, [message('C'), ...later], () => 'late', null)
    expect(idsOf(AMARA)).toEqual(['X', 'A', 'B', 'C', 'D', 'E', 'F'])
  })

  it('finds its place even where the second is crowded by other chats', () => {
    take(message('M00000'))
    take(...names(0, 300).map((id) => message(id, { chat: GROUP })))
    take(message('M00020'))
    stretch(names(0, 21))
    expect(idsOf(AMARA)).toEqual(names(0, 21))
    expect(idsOf(GROUP)).toEqual(names(0, 300))
  })

  it('loses nothing where there is no room left between two', () => {
    take(message('M00000'), message('M90000'))
    stretch([...names(0, 2000), 'M90000'])
    expect(new Set(idsOf(AMARA))).toEqual(new Set([...names(0, 2000), 'M90000']))
  })

  it('is reported by one event, and leaves known messages unchanged', () => {
    take(message('M00001', { sentAt: T + 10 }))
    const { added, oldest } = stretch(names(0, 2), null, { sentAt: T + 10 })
    expect(added).toBe(1)
    expect(oldest).toBe(rowsOf(AMARA)[0]?.id)
    expect(kinds()).toEqual(['message.received', 'history.loaded'])
  })
})

describe('a person', () => {
  it('known by two addresses has one chat', () => {
    inbox.take({
      type: 'contacts',
      contacts: [contact({ phone: AMARA, lid: AMARA_LID, name: 'Amara Okafor' })],
    })
    take(message('A', { chat: AMARA_LID, sender: AMARA_LID }), message('B'))
    expect(idsOf(AMARA)).toEqual(['A', 'B'])
    expect(inbox.where.findChat(AMARA_LID)).toBe(inbox.where.findChat(AMARA))
  })

  it('who turns out to be another one brings everything along, and nothing twice', () => {
    take(message('A', { chat: AMARA_LID, sender: AMARA_LID, sentAt: T }))
    take(message('B', { chat: AMARA_LID, sender: AMARA_LID, sentAt: T + 1 }))
    take(message('B', { sentAt: T + 1 }), message('C', { sentAt: T + 2 }))
    take(message('G', { chat: GROUP, sender: AMARA_LID }), message('G', { chat: GROUP, sender: AMARA }))
    expect(idsOf(AMARA)).toEqual(['B', 'C'])
    inbox.take({ type: 'contacts', contacts: [contact({ phone: AMARA, lid: AMARA_LID })] })
    inbox.flush()
    expect(idsOf(AMARA)).toEqual(['A', 'B', 'C'])
    expect(idsOf(GROUP)).toEqual(['G'])
    expect(store.messages.count()).toBe(4)
    expect(inbox.where.findChat(AMARA_LID)).toBe(inbox.where.findChat(AMARA))
    expect(store.chats.get(inbox.where.findChat(AMARA) ?? 0)?.last_message).toBe(rowsOf(AMARA)[2]?.id)
    // Later messages by either address are the same person's.
    take(message('D', { chat: AMARA_LID, sender: AMARA_LID, sentAt: T + 3 }))
    expect(idsOf(AMARA)).toEqual(['A', 'B', 'C', 'D'])
  })

  it.each([
    ['group', GROUP, GROUP],
    ['direct chat', AMARA, AMARA_LID],
  ])('whose message was deleted by their other address: its text is gone (%s)', (_, byPhone, byLid) => {
    inbox.take({ type: 'contacts', contacts: [contact({ phone: AMARA }), contact({ lid: AMARA_LID })] })
    take(message('TOLD', { chat: byLid, sender: AMARA_LID }))
    take(message('TOLD', { chat: byPhone, sender: AMARA, type: 'revoked', body: '' }))
    inbox.take({ type: 'identity', phone: AMARA, lid: AMARA_LID })
    inbox.flush()
    expect(rowsOf(byLid)).toMatchObject([{ type: 'revoked', body: '' }])
    expect(kinds()).toContain('message.revoked')
    expect(unheard).toContain(inbox.where.findChat(byLid))
  })

  it('who is two while a page of the other one’s chat is read: the page goes where the person is', () => {
    take(message('A', { chat: AMARA_LID, sender: AMARA_LID, sentAt: T }), message('P', { sentAt: T + 9 }))
    const asked = inbox.where.findChat(AMARA) ?? 0
    inbox.take({ type: 'identity', phone: AMARA, lid: AMARA_LID })
    inbox.flush()
    expect(unheard).toEqual([inbox.where.findChat(AMARA)])
    // Somebody new, who must not come by the old number.
    take(message('S', { chat: toJid('15553330000@c.us'), sender: toJid('15553330000@c.us') }))
    const page = ['O', 'P'].map((id, n) => message(id, { sentAt: T + 8 + n }))
    inbox.recordStretch(asked, page, () => 'history', null)
    expect(idsOf(AMARA)).toEqual(['A', 'O', 'P'])
    expect(idsOf(toJid('15553330000@c.us'))).toEqual(['S'])
    const total = store.db.query<{ n: number }>('SELECT count(*) AS n FROM messages').get()?.n
    expect(total).toBe(4)
  })

  it('who is two keeps the gaps of both, and counts as complete only where both were', () => {
    take(message('A', { chat: AMARA_LID, sender: AMARA_LID, sentAt: T }), message('P', { sentAt: T + 9 }))
    const [byLid, byPhone] = [AMARA_LID, AMARA].map((jid) => inbox.where.findChat(jid) ?? 0)
    inbox.setCaughtUp(byPhone ?? 0, inbox.syncPoint(), rowsOf(AMARA)[0]?.id ?? 0)
    inbox.recordGap(byLid ?? 0, null, rowsOf(AMARA_LID)[0]?.id ?? 0)
    inbox.take({ type: 'identity', phone: AMARA, lid: AMARA_LID })
    inbox.flush()
    const whole = inbox.where.findChat(AMARA) ?? 0
    expect(store.gaps.of(whole)).toHaveLength(1)
    expect(store.chats.get(whole)?.caught_up_to).toBeNull()
    take(message('Q', { sentAt: T + 20 }))
    expect(store.chats.get(whole)?.caught_up_to).toBeNull()
  })

  it('keeps name and flags when WhatsApp Web lists an address of theirs alone', () => {
    const whole = contact({ phone: AMARA, lid: AMARA_LID, name: 'Amara', inAddressBook: true })
    const listed = (more: Partial<SeenContact>) => {
      inbox.take({ type: 'contacts', contacts: [contact(more)] })
      inbox.flush()
      return store.people.find(AMARA)
    }
    listed(whole)
    for (const address of [{ lid: AMARA_LID }, { phone: AMARA }])
      expect(listed(address)).toMatchObject({ name: 'Amara', in_address_book: 1 })
    expect(kinds()).toEqual([])
    expect(listed({ lid: AMARA_LID, name: 'Amara O.', isBlocked: true })).toMatchObject({
      name: 'Amara O.',
      in_address_book: 1,
      is_blocked: 1,
    })
    // Both addresses say that the owner has removed them.
    expect(listed({ phone: AMARA, lid: AMARA_LID })).toMatchObject({
      name: null,
      in_address_book: 0,
      is_blocked: 0,
    })
    expect(kinds()).toEqual(['contact.changed', 'contact.changed'])
  })

  it('is reported only when something changed', () => {
    const seen = contact({ phone: AMARA, name: 'Amara Okafor', inAddressBook: true })
    for (const contacts of [[seen], [seen], [{ ...seen, name: 'Amara O.' }]])
      inbox.take({ type: 'contacts', contacts })
    inbox.flush()
    expect(kinds()).toEqual(['contact.changed'])
  })
})

describe('a chat', () => {
  it('stays as open or closed as it was while that is not known', () => {
    const changed = (more: Partial<SeenChat>) => {
      const before = kinds().length
      inbox.recordChat(chat(GROUP, more))
      return kinds().slice(before)
    }
    const isReadOnly = () => store.chats.get(inbox.where.findChat(GROUP) ?? 0)?.is_read_only
    changed({ isReadOnly: null })
    expect(isReadOnly()).toBe(0)
    expect(changed({ isReadOnly: true })).toEqual(['chat.changed'])
    expect(changed({ isReadOnly: null })).toEqual([])
    expect(isReadOnly()).toBe(1)
  })

  it('keeps its name when WhatsApp Web lists it without one', () => {
    for (const name of ['Weekend hike', null, 'Sunday hike', null])
      inbox.take({ type: 'chats', chats: [chat(GROUP, { name })] })
    inbox.flush()
    expect(store.chats.get(inbox.where.findChat(GROUP) ?? 0)?.name).toBe('Sunday hike')
    expect(store.events.after(0, 10).map(({ data }) => data)).toEqual([
      { fields: ['new'] },
      { fields: ['name'] },
    ])
  })

  it('is reported with the changed fields', () => {
    for (const seen of [chat(AMARA), chat(AMARA), chat(AMARA, { unreadCount: 2, archived: true })]) {
      inbox.take({ type: 'chats', chats: [seen] })
    }
    inbox.flush()
    expect(store.events.after(0, 10).map(({ data }) => data)).toEqual([
      { fields: ['new'] },
      { fields: ['unread_count', 'archived'] },
    ])
  })

  it('that WhatsApp lists twice while it moves to a LID keeps the living one’s facts', () => {
    inbox.take({ type: 'contacts', contacts: [contact({ phone: AMARA, lid: AMARA_LID })] })
    inbox.take({ type: 'chats', chats: [chat(AMARA_LID, { timestamp: T + 100, unreadCount: 3 })] })
    inbox.take({ type: 'chats', chats: [chat(AMARA, { timestamp: T, unreadCount: 0 })] })
    inbox.flush()
    expect(store.chats.get(inbox.where.findChat(AMARA) ?? 0)).toMatchObject({
      unread_count: 3,
      timestamp: T + 100,
    })
  })

  it('that was deleted on WhatsApp comes back with its next message', () => {
    take(message('A'))
    inbox.take({ type: 'chat_removed', chat: AMARA })
    inbox.flush()
    expect(store.chats.get(inbox.where.findChat(AMARA) ?? 0)?.removed_at).not.toBeNull()
    inbox.take({ type: 'chats', chats: [chat(AMARA, { timestamp: T + 1 })] })
    inbox.flush()
    expect(store.chats.get(inbox.where.findChat(AMARA) ?? 0)?.removed_at).toBeNull()
    expect(idsOf(AMARA)).toEqual(['A'])
  })

  it('with a newest message without an event is to be read', () => {
    take(message('A'))
    inbox.setCaughtUp(inbox.where.findChat(AMARA) ?? 0, inbox.syncPoint(), rowsOf(AMARA)[0]?.id ?? 0)
    inbox.take({ type: 'chats', chats: [chat(AMARA, { last: message('A') })] })
    inbox.flush()
    expect(unheard).toEqual([])
    inbox.take({ type: 'chats', chats: [chat(AMARA, { last: message('B') })] })
    inbox.flush()
    expect(unheard).toEqual([inbox.where.findChat(AMARA)])
  })

  it('that was deleted is reported once, and listed again when WhatsApp lists it', () => {
    take(message('A'))
    for (let n = 0; n < 3; n += 1) inbox.take({ type: 'chat_removed', chat: AMARA })
    inbox.take({ type: 'chats', chats: [chat(AMARA, { timestamp: 0 })] })
    inbox.take({ type: 'chats', chats: [chat(AMARA, { timestamp: 0 })] })
    inbox.flush()
    expect(kinds()).toEqual(['message.received', 'chat.removed', 'chat.changed'])
    expect(store.chats.get(inbox.where.findChat(AMARA) ?? 0)?.removed_at).toBeNull()
  })

  it('that moved to a LID is not deleted with its old address, but with its new one, or if it is listed by neither', () => {
    const isRemoved = () => store.chats.get(inbox.where.findChat(AMARA) ?? 0)?.removed_at !== null
    const see = (...seen: SeenChat[]) => {
      inbox.take({ type: 'chats', chats: seen })
      inbox.flush()
    }
    const remove = (one: Jid, more: { isUnlisted?: true } = {}) => {
      inbox.take({ type: 'chat_removed', chat: one, ...more })
      inbox.flush()
    }
    inbox.take({ type: 'contacts', contacts: [contact({ phone: AMARA, lid: AMARA_LID })] })
    see(chat(AMARA), chat(AMARA_LID, { timestamp: T + 1 }))
    remove(AMARA)
    expect(isRemoved()).toBe(false)
    remove(AMARA_LID)
    expect(isRemoved()).toBe(true)
    see(chat(AMARA_LID, { timestamp: T + 2 }))
    remove(AMARA, { isUnlisted: true })
    expect(isRemoved()).toBe(true)
  })

  it('with oneself knows no direction', () => {
    take(message('N', { chat: ME, sender: null, fromMe: true }))
    take(message('N', { chat: ME, sender: ME, fromMe: false }))
    expect(rowsOf(ME)).toMatchObject([{ sender: 0 }])
    expect(kinds()).toEqual(['message.sent'])
  })

  it('keeps the members of a group, and reports their changes', () => {
    const members = [
      { id: AMARA, isAdmin: true },
      { id: toJid('15552220000@c.us'), isAdmin: false },
    ]
    const [first, second] = members
    if (first === undefined || second === undefined) throw new Error('two members')
    for (const list of [
      members,
      members,
      members.slice(1),
      [{ ...second, isAdmin: true }],
      [second],
      members,
    ]) {
      inbox.take({ type: 'chats', chats: [chat(GROUP, { name: 'Hike', members: list })] })
    }
    inbox.flush()
    const id = inbox.where.findChat(GROUP) ?? 0
    expect(store.chats.members(id)).toHaveLength(2)
    const [amara, other] = [AMARA, second.id].map((jid) => store.people.find(jid)?.id)
    const changed = { kind: 'chat.changed', data: { fields: ['members'] } }
    expect(store.events.after(0, 20)).toMatchObject([
      { kind: 'chat.changed', data: { fields: ['new'] } },
      { kind: 'group.member_removed', data: { people: [amara] } },
      changed,
      { kind: 'group.member_promoted', data: { people: [other] } },
      changed,
      { kind: 'group.member_demoted', data: { people: [other] } },
      changed,
      { kind: 'group.member_added', data: { people: [amara] } },
      changed,
    ])
  })
})

describe('what counts as caught up', () => {
  const caughtUp = () =>
    inbox.setCaughtUp(inbox.where.findChat(AMARA) ?? 0, inbox.syncPoint(), rowsOf(AMARA)[0]?.id ?? 0)
  const upTo = () => store.chats.get(inbox.where.findChat(AMARA) ?? 0)?.caught_up_to

  it('moves with live messages once the chat was looked through, and not before', () => {
    take(message('A'))
    expect(upTo()).toBeNull()
    caughtUp()
    take(message('B', { sentAt: T + 5 }))
    expect(upTo()).toBe(rowsOf(AMARA)[1]?.id)
    inbox.invalidateSync()
    take(message('C', { sentAt: T + 9 }))
    expect(upTo()).toBe(rowsOf(AMARA)[1]?.id)
  })

  it('does not hold for a check during which something may have been missed', () => {
    take(message('A'))
    const syncPoint = inbox.syncPoint()
    inbox.invalidateSync()
    inbox.setCaughtUp(inbox.where.findChat(AMARA) ?? 0, syncPoint, rowsOf(AMARA)[0]?.id ?? 0)
    take(message('B', { sentAt: T + 5 }))
    expect(upTo()).toBe(rowsOf(AMARA)[0]?.id)
  })

  it('does not go back with a message that came late', () => {
    take(message('A'))
    caughtUp()
    take(message('B', { sentAt: T - 100 }))
    expect(upTo()).toBe(rowsOf(AMARA)[1]?.id)
  })
})

describe('one event that cannot be written', () => {
  it('does not cost the others', () => {
    const broken = message('X', { body: undefined as unknown as string })
    take(message('0', { sentAt: T - 1 }))
    inbox.setCaughtUp(inbox.where.findChat(AMARA) ?? 0, inbox.syncPoint(), rowsOf(AMARA)[0]?.id ?? 0)
    take(message('A'), broken, message('B'))
    expect(idsOf(AMARA)).toEqual(['0', 'A', 'B'])
    expect(lost).toEqual([])
    // What is missing is looked for from where it was complete.
    expect(store.chats.get(inbox.where.findChat(AMARA) ?? 0)?.caught_up_to).toBeLessThanOrEqual(
      rowsOf(AMARA)[1]?.id ?? 0,
    )
  })
})

describe('a call', () => {
  it('is reported although an event of the same moment cannot be written', () => {
    const call = { id: 'C1', from: AMARA, group: null, video: true, ended: false }
    inbox.take({ type: 'call', call })
    take(message('X', { body: undefined as unknown as string }))
    inbox.take({ type: 'call', call: { ...call, ended: true } })
    take(message('Y', { body: undefined as unknown as string }))
    expect(kinds()).toEqual(['call.incoming', 'call.ended'])
  })

  it('is reported once as it begins and once as it ends, however often the page does', () => {
    const ring = { id: 'C1', from: AMARA, group: null, video: true, ended: false }
    const end = { ...ring, ended: true }
    const unknown = { ...end, id: 'C2' }
    for (const call of [ring, ring, end, end, ring, unknown]) inbox.take({ type: 'call', call })
    inbox.flush()
    const call = { id: 'C1', video: true, group: false }
    expect(store.events.after(0, 20)).toMatchObject([
      { kind: 'call.incoming', data: { call } },
      { kind: 'call.ended', data: { call } },
    ])
  })
})
