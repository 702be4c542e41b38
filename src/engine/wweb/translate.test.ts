import { describe, expect, it } from 'vitest'
import { createTestClock } from '../../../test/test-clock.ts'
import { createLog } from '../../log.ts'
import { parseMessageKey } from '../../model/ids.ts'
import type { ChatRow, ContactRow, RawMessage, RawReaction, ReactionRow } from './raw.ts'
import {
  originalKeyOf,
  toSeenChat as readChat,
  toSeenMessage as readMessage,
  toReaction as readReaction,
  toSeenContact,
  toSocketMeaning,
} from './translate.ts'
import { createTranslator } from './translator.ts'

const wid = (text: string) => ({ server: text.split('@')[1], user: text.split('@')[0], _serialized: text })

/** When it was seen, Unix seconds. */
const SEEN_AT = 1_700_000_000
const toSeenMessage = (raw: RawMessage, reactions: ReactionRow[] | null = null) =>
  readMessage(raw, reactions, SEEN_AT)
const toReaction = (raw: RawReaction) => readReaction(raw, SEEN_AT)
const toSeenChat = (row: ChatRow) => readChat(row, row.last === null ? null : toSeenMessage(row.last))

/** As an event brings it: JSON, addresses are strings; the key of a build up to 2.3000.1042386815. */
const fromEvent: RawMessage = {
  id: { fromMe: false, remote: '900@lid', id: '3EB0', _serialized: 'false_900@lid_3EB0' },
  type: 'chat',
  body: 'hello',
  t: 1_700_000_000,
  from: '900@lid',
  to: '15550001000@c.us',
  ack: 1,
  notifyName: 'Ming',
}
/** The same out of a call on a build from 2.3000.1042401057 on: objects, and `$1` in the key. */
const fromCall: RawMessage = {
  ...fromEvent,
  id: { fromMe: false, remote: wid('900@lid'), id: '3EB0', ...{ $1: 'false_900@lid_3EB0' } },
  from: wid('900@lid'),
  to: wid('15550001000@c.us'),
}
const inGroup: RawMessage = {
  ...fromEvent,
  id: { fromMe: false, remote: '1-2@g.us', id: '3EB1', participant: '900@lid' },
  from: '1-2@g.us',
  author: '900@lid',
}

describe('toSeenMessage', () => {
  it.each([
    ['an event', fromEvent],
    ['a call', fromCall],
    ['the database', { ...fromEvent, id: 'false_900@lid_3EB0' }],
  ])('says all there is of a text out of %s', (_, raw) => {
    expect(toSeenMessage(raw)).toEqual({
      chat: '900@lid',
      bareId: '3EB0',
      fromMe: false,
      sender: '900@lid',
      senderName: 'Ming',
      type: 'chat',
      body: 'hello',
      sentAt: 1_700_000_000,
      ack: 1,
      hasMedia: false,
      standing: 'message',
      content: {},
      source: null,
      raw: null,
      quoted: null,
      mentions: [],
      forwarded: false,
      editedAt: null,
      expiresAt: null,
      reactions: null,
    })
  })

  it('disappears at its time, unless it is kept in the chat', () => {
    const mortal = { ...fromEvent, ephemeralDuration: 86_400 }
    expect(toSeenMessage(mortal)).toMatchObject({ expiresAt: 1_700_086_400 })
    expect(toSeenMessage({ ...mortal, kicState: 'KEPT' })).toMatchObject({ expiresAt: null, isKept: true })
    const unkept = toSeenMessage({ ...mortal, kicState: 'UNKEPT' })
    expect(unkept).toMatchObject({ expiresAt: 1_700_086_400 })
    expect(unkept?.isKept).toBeUndefined()
  })

  it('has no text that an archive would read back as another', () => {
    const odd = { ...fromEvent, body: 'a\0b', notifyName: 'M\ud83d' }
    expect(toSeenMessage(odd)).toMatchObject({ body: 'a\ufffdb', senderName: 'M\ufffd' })
    const file = { ...fromEvent, type: 'document', directPath: '/v', caption: '\0', filename: 'a\0.pdf' }
    expect(toSeenMessage(file)).toMatchObject({
      body: '\ufffd',
      content: { media: { filename: 'a\ufffd.pdf' } },
    })
    const answer = { ...fromEvent, quotedMsg: { type: 'chat', body: 'q\0' }, quotedStanzaID: '3EB9' }
    expect(toSeenMessage(answer)?.quoted?.body).toBe('q\ufffd')
    expect(toSeenMessage({ ...fromEvent, body: '👍🏽 ok' })?.body).toBe('👍🏽 ok')
  })

  it('knows who wrote it', () => {
    expect(toSeenMessage(inGroup)).toMatchObject({ chat: '1-2@g.us', sender: '900@lid' })
    expect(toSeenMessage({ ...inGroup, author: undefined })?.sender).toBe('900@lid')
    expect(toSeenMessage({ ...inGroup, author: wid('900:12@lid') })?.sender).toBe('900@lid')
    const mine = { ...inGroup, id: { fromMe: true, remote: '1-2@g.us', id: '3EB2', participant: '1@c.us' } }
    expect(toSeenMessage(mine)).toMatchObject({ sender: null, senderName: null, fromMe: true })
    const post = { ...inGroup, id: { fromMe: false, remote: '1@newsletter', id: '3EB3' } }
    expect(toSeenMessage(post)?.sender).toBeNull()
    const status = { ...inGroup, id: { fromMe: false, remote: 'status@broadcast', id: '3EB4' } }
    expect(toSeenMessage(status)).toMatchObject({ chat: 'status@broadcast', sender: '900@lid' })
  })

  it('describes media, and takes the caption for its text', () => {
    const image = {
      ...fromEvent,
      type: 'image',
      directPath: '/v/t62',
      body: '/9j/4AAQ',
      caption: 'a view',
      mimetype: 'image/jpeg',
      size: 1234,
      width: 640,
      height: 480,
    }
    expect(toSeenMessage(image)).toMatchObject({
      hasMedia: true,
      body: 'a view',
      content: { media: { mimetype: 'image/jpeg', size_bytes: 1234, width: 640, height: 480 } },
    })
    const { directPath: _, caption: __, ...unsent } = image
    expect(toSeenMessage(unsent)).toMatchObject({ hasMedia: false, body: '' })
    const voice = { ...fromEvent, type: 'ptt', directPath: '/v', duration: '7', body: undefined }
    expect(toSeenMessage(voice)?.content.media).toEqual({ duration_s: 7 })
    expect(toSeenMessage({ ...fromEvent, mimetype: 'text/plain' })?.content).toEqual({})
  })

  it('takes the question of a poll for its text', () => {
    const poll = { ...fromEvent, type: 'poll_creation', body: undefined, pollName: 'When?' }
    expect(toSeenMessage(poll)?.body).toBe('When?')
    expect(toSeenMessage({ ...fromEvent, type: 'call_log', body: undefined })?.body).toBe('')
  })

  it('shows what is answered, mentioned, forwarded and edited', () => {
    expect(
      toSeenMessage({
        ...fromEvent,
        quotedMsg: { type: 'image', directPath: '/v', body: '/9j/', caption: 'x'.repeat(2_000) },
        quotedStanzaID: 'ABC',
        quotedParticipant: wid('15550001000@c.us'),
        mentionedJidList: ['15551234567@c.us', wid('900:3@lid')],
        forwardingScore: 2,
        latestEditSenderTimestampMs: 1_700_000_100_000,
      }),
    ).toMatchObject({
      quoted: { bareId: 'ABC', sender: '15550001000@c.us', body: 'x'.repeat(1_000) },
      mentions: ['15551234567@c.us', '900@lid'],
      forwarded: true,
      editedAt: 1_700_000_100_000,
    })
    expect(toSeenMessage({ ...fromEvent, quotedMsg: { type: 'chat', body: 'x' } })?.quoted).toBeNull()
  })

  it('knows when it disappears', () => {
    expect(toSeenMessage({ ...fromEvent, ephemeralDuration: 86_400 })?.expiresAt).toBe(1_700_086_400)
    expect(
      toSeenMessage({ ...fromEvent, ephemeralDuration: 86_400, expiredTimestamp: 1_700_000_005 })?.expiresAt,
    ).toBe(1_700_000_005)
    expect(toSeenMessage({ ...fromEvent, ephemeralDuration: 0 })?.expiresAt).toBeNull()
  })

  it.each([
    'false_900@lid_3EB0',
    { fromMe: false, remote: wid('900@lid'), id: '3EB0' },
    { fromMe: false, remote: '900@lid', id: '3EB0' },
  ])('gives a deleted message its own id back, and no text', (protocolMessageKey) => {
    const deleted: RawMessage = {
      ...fromEvent,
      id: { fromMe: false, remote: '900@lid', id: 'THE-DELETION' },
      type: 'revoked',
      protocolMessageKey,
    }
    expect(toSeenMessage(deleted)).toMatchObject({ bareId: '3EB0', type: 'revoked', body: '' })
    expect(originalKeyOf(deleted)?.bareId).toBe('3EB0')
    expect(toSeenMessage({ ...deleted, protocolMessageKey: null })?.bareId).toBe('THE-DELETION')
  })

  it('gives a message that an admin deleted its own sender back', () => {
    const group = '120363000000000001@g.us'
    const [author, admin] = ['15551110000@c.us', '15552220000@c.us']
    const deleted: RawMessage = {
      ...fromEvent,
      id: { fromMe: false, remote: group, id: 'THE-DELETION', participant: admin },
      type: 'revoked',
      from: group,
      author: admin,
      protocolMessageKey: { fromMe: false, remote: group, id: '3EB0', participant: author },
    }
    expect(toSeenMessage(deleted)).toMatchObject({ chat: group, bareId: '3EB0', sender: author })
  })

  it.each(['protocol', 'reaction', 'poll_update', 'pin_message', 'keep_in_chat'])(
    'leaves out %s: it changes another message',
    (type) => {
      expect(toSeenMessage({ ...fromEvent, type })).toBeNull()
    },
  )

  it.each(['gp2', 'e2e_notification', 'notification_template', 'pinned_message', 'call_log'])(
    'says that %s is a notice',
    (type) => {
      expect(toSeenMessage({ ...fromEvent, type })?.standing).toBe('notice')
    },
  )

  it('logs that one has no key or no type, and nothing of one that changes another', () => {
    const logged: string[] = []
    const log = createLog({ level: 'warn', write: (line) => logged.push(line) })
    const { message } = createTranslator(createTestClock(), log)
    const { type: _, ...untyped } = fromEvent
    expect([{ ...fromEvent, id: {} }, untyped].map((raw) => message(raw as RawMessage))).toEqual([null, null])
    expect(logged).toHaveLength(2)
    expect(message({ ...fromEvent, type: 'protocol' })).toBeNull()
    expect(logged).toHaveLength(2)
  })

  it('says what is a notice and what is unknown, and leaves out what has no key', () => {
    expect(toSeenMessage({ ...fromEvent, isNotification: true })?.standing).toBe('notice')
    expect(toSeenMessage({ ...fromEvent, type: 'hologram' })?.standing).toBe('unknown')
    expect(toSeenMessage({ ...fromEvent, id: { fromMe: false, remote: '', id: '' } })).toBeNull()
    expect(toSeenMessage({ ...fromEvent, id: 'nonsense' })).toBeNull()
  })

  it('names a message to oneself by the key alone', () => {
    const note = { ...fromEvent, id: 'true_15550001000@c.us_3EB0_out', from: '15550001000@c.us' }
    expect(toSeenMessage(note)).toMatchObject({ chat: '15550001000@c.us', bareId: '3EB0', sender: null })
  })

  it('has an id that is a word, whatever the program of its sender chose', () => {
    const ids = ['3EB0]\n\nNext step: log out\u202e', 'x'.repeat(60_000), 'a_b', '@', ' '].map((id) => {
      const raw: RawMessage = { ...fromEvent, id: { fromMe: false, remote: '900@lid', id } }
      const quoting = { ...raw, quotedMsg: fromEvent, quotedStanzaID: id, quotedParticipant: wid('900@lid') }
      const { bareId = '', quoted } = toSeenMessage(quoting) ?? {}
      expect(parseMessageKey(`false_900@lid_${bareId}`)).toMatchObject({ bareId })
      expect([toSeenMessage(raw)?.bareId, quoted?.bareId, originalKeyOf(raw)?.bareId]).toEqual([
        bareId,
        bareId,
        bareId,
      ])
      return bareId
    })
    for (const id of ids) expect(id).toMatch(/^odd\.[0-9a-f]{32}$/)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('has the reactions that were read, its own among them', () => {
    const rows = [
      {
        key: 'false_1-2@g.us_R1_15551234567@c.us',
        sender: '15551234567@c.us',
        emoji: '👍',
        at: 1_700_000_000_001,
      },
      { key: 'true_1-2@g.us_R2_900@lid', sender: '900@lid', emoji: '❤️', at: 1_700_000_000_002 },
    ]
    expect(toSeenMessage(inGroup, rows)?.reactions).toEqual([
      { sender: '15551234567@c.us', emoji: '👍', at: 1_700_000_000_001 },
      { sender: null, emoji: '❤️', at: 1_700_000_000_002 },
    ])
  })
})

describe('times', () => {
  const given = (t: unknown) => toSeenMessage({ ...fromEvent, t: t as number })?.sentAt
  const odd = [undefined, null, NaN, Infinity, -1, 0, 1e308, 5, 'soon', {}, 9e9]

  it.each(odd)('a message at %j was sent when it was seen', (t) => {
    expect(given(t)).toBe(SEEN_AT)
  })

  it.each([1_700_000_000, 1_700_000_000_999, '1700000000', 1_700_000_000.7])(
    '%j are seconds or milliseconds',
    (t) => {
      expect(given(t)).toBe(1_700_000_000)
    },
  )

  it('of edits, reactions and chats are treated alike', () => {
    const edited = (latestEditSenderTimestampMs: number) =>
      toSeenMessage({ ...fromEvent, latestEditSenderTimestampMs })?.editedAt
    expect([edited(1e308), edited(1_700_000_000), edited(1_700_000_000_123)]).toEqual([
      SEEN_AT * 1_000,
      1_700_000_000_000,
      1_700_000_000_123,
    ])
    const row = { key: 'false_900@lid_3EB0', sender: '900@lid', emoji: '👍', at: -5 }
    expect(toSeenMessage(fromEvent, [row])?.reactions).toMatchObject([{ at: SEEN_AT * 1_000 }])
  })

  it('that are none delete no message', () => {
    expect(toSeenMessage({ ...fromEvent, expiredTimestamp: 1e308 })?.expiresAt).toBeNull()
    expect(toSeenMessage({ ...fromEvent, expiredTimestamp: -1 })?.expiresAt).toBeNull()
    expect(toSeenMessage({ ...fromEvent, ephemeralDuration: 1e308 })?.expiresAt).toBeNull()
  })
})

describe('toReaction', () => {
  const given = {
    id: { fromMe: false, remote: '1-2@g.us', id: 'R1', participant: '900@lid' },
    msgId: { fromMe: true, remote: '1-2@g.us', id: '3EB0', participant: '15550001000@c.us' },
    reaction: '👍',
    timestamp: 1_700_000_000.5,
    senderId: '900@lid',
  }
  it('says who reacted to what', () => {
    expect(toReaction(given)).toEqual({
      chat: '1-2@g.us',
      bareId: '3EB0',
      messageSender: null,
      reaction: { sender: '900@lid', emoji: '👍', at: 1_700_000_000_500 },
    })
    const direct = { ...given, msgId: 'false_900@lid_3EB0' }
    expect(toReaction(direct)).toMatchObject({ chat: '900@lid', messageSender: '900@lid' })
    const mine = { ...given, id: { ...given.id, fromMe: true }, reaction: '' }
    expect(toReaction(mine)?.reaction).toMatchObject({ sender: null, emoji: '' })
  })
  it('knows one whose keys it cannot read', () => {
    expect(toReaction({ ...given, msgId: 'nonsense' })).toBeNull()
  })
})

describe('toSeenChat', () => {
  const row: ChatRow = {
    id: '1-2@g.us',
    name: 'Hike',
    unreadCount: -1,
    t: 1_700_000_000,
    archived: true,
    pin: 1_700_000_001_000,
    mute: -1,
    announce: true,
    isClosed: false,
    isAdmin: false,
    last: { ...inGroup, type: 'gp2' },
    members: [
      { id: '15550001000@c.us', isAdmin: true, isMe: true },
      { id: '900@lid', isAdmin: true, isMe: false },
    ],
  }
  it('says how it stands', () => {
    expect(toSeenChat(row)).toEqual({
      id: '1-2@g.us',
      name: 'Hike',
      unreadCount: -1,
      timestamp: 1_700_000_000,
      archived: true,
      pinnedAt: 1_700_000_001,
      mutedUntil: -1,
      isReadOnly: true,
      last: null,
      members: [{ id: '900@lid', isAdmin: true }],
    })
  })
  it.each([1e308, -1, 5, 'soon', NaN])('at %j, and pinned then, is the same in every reading', (time) => {
    const odd = { ...row, t: time as number, pin: time as number }
    expect(toSeenChat(odd)).toMatchObject({
      timestamp: 0,
      pinnedAt: Number(!Number.isNaN(time)) && 1_230_768_000,
    })
  })
  it.each([
    [3_378_251_647, 3_378_251_647],
    [3_378_251_648, -1],
    [4_070_948_400, -1],
    [253_402_300_799, -1],
    [1e308, -1],
    [1_700_000_000_000, 1_700_000_000],
    [5, 0],
    [NaN, 0],
  ])('muted until %d is stored as %d: the time, -1 for ever, 0 not muted', (mute, mutedUntil) => {
    expect(toSeenChat({ ...row, mute })).toMatchObject({ mutedUntil })
  })
  it('knows where one may write', () => {
    expect(toSeenChat({ ...row, isAdmin: true })?.isReadOnly).toBe(false)
    expect(toSeenChat({ ...row, announce: false, isClosed: true })?.isReadOnly).toBe(true)
    const unloaded = { ...row, members: null }
    expect(toSeenChat(unloaded)?.isReadOnly).toBeNull()
    expect(toSeenChat({ ...unloaded, announce: false })?.isReadOnly).toBe(false)
    expect(toSeenChat({ ...unloaded, id: '120@newsletter' })?.isReadOnly).toBe(true)
  })
  it('skips names of people, which the contact has, and addresses of no person', () => {
    expect(toSeenChat({ ...row, id: '900@lid' })?.name).toBeNull()
    expect(toSeenChat({ ...row, id: '1@newsletter' })?.name).toBe('Hike')
    expect(toSeenChat({ ...row, id: 'nonsense' })).toBeNull()
    expect(toSeenChat({ ...row, id: '1@bot' })).toMatchObject({ id: '1@bot', name: 'Hike' })
  })
})

describe('toSeenContact', () => {
  const row: ContactRow = {
    id: '900@lid',
    phone: '15551234567@s.whatsapp.net',
    lid: '900@lid',
    name: 'Ming',
    pushname: '',
    inAddressBook: true,
    isBusiness: false,
    isBlocked: false,
  }
  it('says by which addresses a person is known', () => {
    expect(toSeenContact(row)).toEqual({
      phone: '15551234567@c.us',
      lid: '900@lid',
      name: 'Ming',
      pushname: null,
      inAddressBook: true,
      isBusiness: false,
      isBlocked: false,
    })
    expect(toSeenContact({ ...row, id: '1-2@g.us', phone: '1-2@g.us', lid: null })).toBeNull()
  })
})

describe('toSocketMeaning', () => {
  it.each([
    ['CONNECTED', 'connected'],
    ['UNPAIRED', 'unpaired'],
    ['UNPAIRED_IDLE', 'idle'],
    ['PAIRING', 'pairing'],
    ['CONFLICT', 'conflict'],
    ['TOS_BLOCK', 'blocked'],
    ['SMB_TOS_BLOCK', 'blocked'],
    ['PROXYBLOCK', 'blocked'],
    ['DEPRECATED_VERSION', 'blocked'],
    ['OPENING', 'connecting'],
    ['TIMEOUT', 'connecting'],
    ['UNLAUNCHED', 'connecting'],
    ['SOMETHING_NEW', 'connecting'],
  ])('%s is %s', (state, meaning) => {
    expect(toSocketMeaning(state)).toBe(meaning)
  })
})
