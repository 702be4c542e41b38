import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseMessageKey, toJid } from '../model/ids.ts'
import type { Message } from '../model/message.ts'
import type { SearchFilter } from './read-search.ts'
import { ME_JID, ME_LID, NOW, openTestArchive, type TestArchive } from './test-archive.ts'

const AMARA = toJid('15551110000@c.us')
const GROUP = toJid('120363000000000001@g.us')
const NEWS = toJid('120363000000000002@newsletter')

let archive: TestArchive
let amara: number
let direct: number
let group: number

beforeEach(() => {
  archive = openTestArchive()
  amara = archive.person({ phone: AMARA, lid: '99001@lid', name: 'Amara' })
  direct = archive.chat('direct', { person: amara })
  group = archive.chat('group', { jid: GROUP }, { name: 'Hike' })
})
afterEach(() => archive.close())

const page = (
  q: string,
  filter: SearchFilter = {},
  options: { limit?: number; cursor?: string | undefined; sort?: 'newest' | 'relevance' } = {},
) => archive.reader.searchMessages(q, filter, { limit: 20, sort: 'newest', ...options })
const bodies = (...of: Parameters<typeof page>) => page(...of).items.map(({ message }) => message.body)

describe('a hit', () => {
  it('is the whole message with its chat and what was hit', () => {
    archive.message(group, { from: amara, body: 'Über den Berg', id: '3EB0A' })
    expect(page('uber').items).toEqual([
      {
        message: expect.objectContaining({ id: `false_${GROUP}_3EB0A_${AMARA}`, sender_name: 'Amara' }),
        chat: { id: GROUP, name: 'Hike' },
        snippet: { text: 'Über den Berg', marks: [[0, 4]] },
      },
    ])
  })
})

describe('a sign', () => {
  const characters = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, n) => String.fromCodePoint(first + n))
  /** They part words, are syntax, or both. */
  const PUNCTUATION = [...'!"\'()*,-./:;?[\\]^_`{}']
  const ascii = characters(0x21, 0x7e)
  const signs = ascii.filter((one) => !PUNCTUATION.includes(one) && !/[a-z\d]/i.test(one))

  it('of ASCII that is no punctuation, and every currency, is found where it stands', () => {
    const currencies = [...'¢£¤¥֏৳฿﷼', ...characters(0x20a0, 0x20cf)]
    const all = [...signs, ...currencies, '§', '°', '→', '×']
    for (const sign of all) archive.message(direct, { body: `vor ${sign} nach 5${sign}` })
    for (const sign of all) expect([sign, bodies(sign)]).toEqual([sign, [`vor ${sign} nach 5${sign}`]])
    for (const sign of all) expect([sign, bodies(`5${sign}`)]).toEqual([sign, [`vor ${sign} nach 5${sign}`]])
    // Beside a letter that is not ASCII, too: such texts are taken apart in another way.
    for (const sign of all) archive.message(group, { body: `für ${sign}` })
    for (const sign of all) expect([sign, bodies(`"fur ${sign}"`)]).toEqual([sign, [`für ${sign}`]])
    expect(page('5$').items[0]?.snippet.marks).toEqual([[11, 13]])
    expect(bodies('vor nach', {}, { limit: 100 })).toHaveLength(all.length)
  })

  it('that is punctuation parts words and is not searched for', () => {
    for (const sign of PUNCTUATION) archive.message(direct, { body: `vor${sign}nach` })
    for (const sign of PUNCTUATION) expect(() => page(sign), sign).toThrow('nothing to search for')
    expect(bodies('"vor nach"', {}, { limit: 100 })).toHaveLength(PUNCTUATION.length)
  })

  it.each([
    ["don't l'eau", 'don’t l‘eau'],
    ["п'ять", 'пʼять'],
    ['"e-mail"', 'e‑mail'],
  ])('%j finds %j, as a keyboard or a word processor writes it, and the other way round', (plain, typed) => {
    archive.message(direct, { body: typed })
    archive.message(direct, { body: plain.replaceAll('"', '') })
    expect(bodies(plain)).toHaveLength(2)
    expect(bodies(`"${typed}"`)).toHaveLength(2)
  })
})

describe('what is typed', () => {
  it('as a phrase stands side by side, in that order', () => {
    for (const body of ['see you soon', 'you see', 'see all of you']) archive.message(direct, { body })
    expect(bodies('"see you"')).toEqual(['see you soon'])
    expect(bodies('"see yo"*')).toEqual(['see you soon'])
    expect(bodies('see you')).toHaveLength(3)
  })

  // Whatever FTS5 or SQL could take for more than text (https://www.sqlite.org/fts5.html, "Full-text Query
  // Syntax").
  it.each([
    ['AND', ['and or not near']],
    ['OR NOT', ['and or not near']],
    ['NEAR(and or, 5)', []],
    ['near and', ['and or not near']],
    ['tokens:and', []],
    ['{tokens}: x', []],
    ['^and', ['and or not near']],
    ['- and', ['and or not near']],
    ['and + or', []],
    ['(and', ['and or not near']],
    ['and"', ['and or not near']],
    ['"and or', ['and or not near']],
    ['"""and"""', ['and or not near']],
    ["' OR 1=1 --", []],
    ['and; DROP TABLE messages', []],
    ['a*b*c**', ['a*b*c* here']],
    ['**and', ['and or not near']],
    ['?1 $x @y :z', []],
    ['and\0or', ['and or not near']],
    ['\\and\\', ['and or not near']],
    ['\ud83dand', ['and or not near']],
    ['%', []],
    ['*', null],
    ['""*', null],
    ['^', null],
  ])('%j is plain text', (q, expected) => {
    archive.message(direct, { body: 'and or not near' })
    archive.message(direct, { body: 'a*b*c* here', ago: 60 })
    if (expected === null) expect(() => page(q)).toThrow('nothing to search for')
    else expect(bodies(q)).toEqual(expected)
  })

  it('may be as long and as manifold as the face allows', () => {
    for (const piece of ['a ', 'a* ', '"a b" ', '电', '电梯', '👍', 'a"', '_', 'ä-']) {
      const q = piece.repeat(Math.ceil(500 / piece.length))
      if (piece === '_') expect(() => page(q)).toThrow('nothing')
      else expect(bodies(q)).toEqual([])
    }
    const words = Array.from({ length: 170 }, (_, n) => n.toString(36)).join(' ')
    archive.message(direct, { body: words })
    expect(bodies(words)).toEqual([words])
  })
})

describe('narrowing', () => {
  let keys: Record<string, number>
  beforeEach(() => {
    const news = archive.chat('channel', { jid: NEWS }, { name: 'News' })
    const media = { filename: 'x.pdf' }
    keys = {
      old: archive.message(direct, { from: amara, body: 'x old', ago: 500 }),
      own: archive.message(direct, { body: 'x own', ago: 400, id: '3EB0OWN' }),
      group: archive.message(group, { from: amara, body: 'x group', ago: 300 }),
      file: archive.message(group, { body: '', type: 'document', details: { media }, ago: 200 }),
      image: archive.message(direct, { from: amara, body: 'x image', type: 'image', ago: 100 }),
      news: archive.message(news, { from: -1, body: 'x news', ago: 50 }),
    }
  })

  it.each<[string, SearchFilter, string[]]>([
    ['nothing', {}, ['news', 'image', 'file', 'group', 'own', 'old']],
    ['the chat', { chat: AMARA }, ['image', 'own', 'old']],
    ['the chat by LID', { chat: toJid('99001@lid') }, ['image', 'own', 'old']],
    ['the sender', { from: AMARA }, ['image', 'group', 'old']],
    ['this account', { from: 'me' }, ['file', 'own']],
    ['this account’s number', { from: toJid(ME_JID) }, ['file', 'own']],
    ['this account’s LID', { from: toJid(ME_LID) }, ['file', 'own']],
    ['the direction', { fromMe: true }, ['file', 'own']],
    ['the other direction', { fromMe: false }, ['news', 'image', 'group', 'old']],
    ['plain text', { types: ['chat'] }, ['news', 'group', 'own', 'old']],
    ['other types', { types: ['image', 'document'] }, ['image', 'file']],
    ['types of both kinds', { types: ['chat', 'image'] }, ['news', 'image', 'group', 'own', 'old']],
    ['groups', { kinds: ['group'] }, ['file', 'group']],
    ['direct chats', { kinds: ['direct'] }, ['image', 'own', 'old']],
    ['several kinds', { kinds: ['direct', 'channel'] }, ['news', 'image', 'own', 'old']],
    ['a time', { before: { time: NOW - 200 } }, ['group', 'own', 'old']],
    ['a time from which on', { after: { time: NOW - 200 } }, ['news', 'image', 'file']],
    ['two times', { after: { time: NOW - 400 }, before: { time: NOW - 200 } }, ['group', 'own']],
    ['no time at all', { after: { time: NOW }, before: { time: 0 } }, []],
    ['much', { chat: AMARA, from: AMARA, types: ['chat'], kinds: ['direct'], fromMe: false }, ['old']],
    ['a contradiction', { from: AMARA, fromMe: true }, []],
  ])('by %s', (_, filter, expected) => {
    const names = page('x', filter).items.map(
      ({ message }) =>
        Object.keys(keys).find((name) => message.body === `x ${name}`) ?? (message.media ? 'file' : '?'),
    )
    expect(names).toEqual(expected)
  })

  it('by a message, of whatever chat', () => {
    const key = parseMessageKey(`true_${AMARA}_3EB0OWN`)
    if (key === null) throw new Error('no key')
    expect(bodies('x', { after: { key } })).toEqual(['x news', 'x image', '', 'x group'])
    expect(bodies('x', { before: { key } })).toEqual(['x old'])
  })

  it.each<[SearchFilter, string]>([
    [{ chat: toJid('15559999999@c.us') }, 'chat_not_found'],
    [{ from: toJid('15559999999@c.us') }, 'contact_not_found'],
    [
      { before: { key: { chat: AMARA, bareId: '3EB0NONE', fromMe: true, participant: null } } },
      'message_not_found',
    ],
  ])('by what is not there is refused: %j', (filter, code) => {
    expect(() => page('x', filter)).toThrow(expect.objectContaining({ code }))
  })
})

describe.each(['newest', 'relevance'] as const)('pages, %s first,', (sort) => {
  it('go through all hits once, whatever comes meanwhile', () => {
    for (let n = 0; n < 25; n += 1)
      archive.message(direct, { body: `x ${'y '.repeat(n % 5)}${n}`, ago: 1000 - n })
    const all = bodies('x', {}, { limit: 100, sort })
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const { items, next } = page('x', {}, { limit: 4, cursor, sort })
      seen.push(...items.map(({ message }) => message.body))
      cursor = next ?? undefined
      // Of the least relevance there is.
      archive.message(direct, { body: `x new ${'much else '.repeat(30)}`, ago: 0 })
    } while (cursor !== undefined)
    expect(seen).toEqual(all)
    expect(seen).toHaveLength(25)
  })

  it('take no cursor of another list', () => {
    const { next } = page('x', {}, { sort })
    expect(next).toBeNull()
    expect(() => page('x', {}, { sort, cursor: 'WyJjaGF0cyIsWzEsMl1d' })).toThrow('"cursor"')
  })
})

/** With many long texts, the beginning of a word is common: the newest texts are read in place of the index. */
describe.each([
  ['rare', 3],
  ['common', 2_500],
] as const)('a prefix that is %s', (_, words) => {
  const long = (first: string) => Array.from({ length: words }, (_, n) => `${first}${n}`).join(' ')

  beforeEach(() => {
    const news = archive.chat('channel', { jid: NEWS }, { name: 'News' })
    const texts = [
      { body: '#tag guten Morgen' },
      { body: 'kein Wort davon' },
      { body: long('mo'), type: 'image' },
      { body: '', details: { media: { filename: 'Motor.pdf' } }, type: 'document' },
      { body: 'guten Tag, Motor' },
      { body: 'Über Möwen', type: 'revoked' },
      { body: 'moёre 电梯m 梯' },
    ]
    archive.store.transaction(() => {
      for (let ago = 100; ago > 0; ago -= 1)
        for (const [index, chat] of [direct, group, news].entries())
          archive.message(chat, {
            ...texts[(ago + index) % texts.length],
            from: ago % 2 === 0 ? 0 : amara,
            id: `3EB0${index}X${ago}`,
            ago,
          })
    })
  })

  const all: [q: string, fits: RegExp][] = [
    ['mo*', /(^|[^\p{L}])mo/iu],
    ['MÖ*', /(^|[^\p{L}])mo/iu],
    ['mo1*', /mo1/],
    ['m* guten', /guten (Mo|Tag, Mo)/],
    ['"guten mo"*', /guten Mo/],
    ['mo* gut*', /guten.*Mo/],
    ['mo* 梯', /梯/],
    ['mo* #', /#/],
    ['motor*', /motor/i],
    ['mx*', /mx/],
    ['guten motor', /guten.*Motor/],
    ['"guten tag" motor', /guten Tag.*Motor/],
    ['电梯 梯', /电梯/],
  ]
  const narrowed: [SearchFilter, (message: Message) => boolean][] = [
    [{}, () => true],
    [{ chat: GROUP }, ({ id }) => id.includes(GROUP)],
    [{ chat: GROUP, from: AMARA }, ({ id, from_me }) => id.includes(GROUP) && !from_me],
    [{ from: 'me' }, ({ from_me }) => from_me],
    [{ fromMe: false }, ({ from_me }) => !from_me],
    [{ types: ['image', 'document'] }, ({ type }) => type !== 'chat'],
    [{ types: ['chat'] }, ({ type }) => type === 'chat'],
    [{ kinds: ['channel'] }, ({ id }) => id.includes(NEWS)],
    [{ kinds: ['direct', 'group'] }, ({ id }) => !id.includes(NEWS)],
    [
      { before: { time: NOW - 30 }, after: { time: NOW - 60 } },
      ({ timestamp }) => timestamp < NOW - 30 && timestamp >= NOW - 60,
    ],
  ]

  it('finds what begins so, however it is narrowed', () => {
    const everything = ['direct', 'group', 'channel'].flatMap((_, index) => {
      const address = [AMARA, GROUP, NEWS][index] ?? AMARA
      return archive.reader.readMessages(address, { limit: 100 }).messages
    })
    for (const [[q, fits], [filter, isIn]] of all.flatMap((one) =>
      narrowed.map((other) => [one, other] as const),
    )) {
      const expected = everything.filter(
        (message) =>
          message.type !== 'revoked' &&
          isIn(message) &&
          fits.test(
            `${message.body}\n${message.media?.filename ?? ''}`.normalize('NFD').replace(/\p{M}/gu, ''),
          ),
      )
      const found: string[] = []
      let cursor: string | undefined
      do {
        const { items, next } = page(q, filter, { limit: 60, cursor })
        found.push(...items.map(({ message }) => message.id))
        cursor = next ?? undefined
      } while (cursor !== undefined)
      expect([q, filter, found.toSorted()]).toEqual([q, filter, expected.map(({ id }) => id).toSorted()])
      const times = found.map((id) => Number(/X(\d+)/.exec(id)?.[1]))
      expect(times).toEqual(times.toSorted((one, other) => one - other))
    }
  })
})

describe('relevance', () => {
  it('puts many hits in few words before one in many, and words that stand together before others', () => {
    archive.message(direct, { body: 'apple', ago: 400 })
    archive.message(direct, { body: `apple and ${'much else '.repeat(20)}`, ago: 100 })
    archive.message(direct, { body: 'apple apple', ago: 300 })
    expect(bodies('apple', {}, { sort: 'relevance' }).map((body) => body.length)).toEqual([11, 5, 210])
    archive.message(direct, { body: 'red and green and apple', ago: 10 })
    archive.message(direct, { body: 'and and green apple red', ago: 20 })
    expect(bodies('green apple', {}, { sort: 'relevance' })[0]).toBe('and and green apple red')
  })

  it('ranks the newest thousand, and says so where there are more', () => {
    archive.store.transaction(() => {
      archive.message(direct, { body: 'x x x', ago: 5_000 })
      for (let n = 0; n < 999; n += 1) archive.message(direct, { body: `x and ${n}`, ago: 2_000 - n })
    })
    expect(page('x', {}, { sort: 'relevance' })).toMatchObject({ ranked: null })
    expect(bodies('x', {}, { sort: 'relevance' })[0]).toBe('x x x')
    archive.message(direct, { body: 'x and more' })
    expect(page('x', {}, { sort: 'relevance' })).toMatchObject({ ranked: 1_000 })
    expect(bodies('x', {}, { sort: 'relevance' })).not.toContain('x x x')
  })
})
