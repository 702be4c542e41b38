/** Searching over HTTP: six scripts, every filter, pages while messages come, and what is refused. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Message } from '../src/model/message.ts'
import { readArchive } from './archive-rows.ts'
import { type Harness, openHarness } from './harness.ts'
import { createTestClock } from './test-clock.ts'

const AMARA = '15550001101'
const JURGEN = '15550001102'
const MING = '15550001103'

const clock = createTestClock()
let harness: Harness
let group: string

const path = (q: string, more: Record<string, string> = {}) =>
  `/api/search?${new URLSearchParams({ q, ...more })}`
async function search(q: string, more: Record<string, string> = {}) {
  const { status, json } = await harness.get(path(q, more))
  expect(status, JSON.stringify(json)).toBe(200)
  return json
}
const bodies = async (q: string, more: Record<string, string> = {}) =>
  (await search(q, more)).messages.map(({ body }: { body: string }) => body)
/** Until the archive has what was just written. */
const written = (q: string, count: number) =>
  expect.poll(async () => (await search(q, { limit: '100' })).count).toBe(count)

beforeAll(async () => {
  harness = await openHarness({ clock, env: { WHATSAPP_HISTORY_PER_CHAT: '60' } })
})
afterAll(() => harness.close())

it('begins with an account that has more history than is fetched', async () => {
  const { world } = harness
  group = world.state().groups[0]?.id ?? ''
  for (let n = 0; n < 150; n += 1)
    await world.write({ from: JURGEN, text: `Archivwort ${n}`, t: 1_750_000_000 + n })
  await harness.link()
  await harness.synced()
})

describe('before an account was ever linked', () => {
  it('is not_linked', async () => {
    const fresh = await openHarness()
    expect((await fresh.get(path('x'))).json).toMatchObject({ status: 409, code: 'not_linked' })
    await fresh.close()
  })
})

describe('words', () => {
  it('of six scripts and emoji are found however they are typed', async () => {
    const texts = [
      'Das Café hat geöffnet, Grüße aus Łódź',
      'Съёмка в Йошкар-Оле завтра',
      '这个电梯又坏了，明天见面',
      '東京タワーで会いましょう',
      'ذَهَبَ مُحَمَّد إلى المكتبة',
      'मुझे ज़रूर फ़ोन करना',
      'ไปกินข้าวที่ร้านอาหารไทย',
      'Glückwunsch 🎉👍🏽 aus 🇩🇪',
    ]
    for (const text of texts) await harness.world.write({ from: AMARA, text })
    await expect.poll(() => bodies('Glückwunsch')).toHaveLength(1)
    const [latin, cyrillic, han, kana, arabic, hindi, thai, emoji] = texts
    const queries: [string, string | undefined][] = [
      ['cafe GROSSE', undefined],
      ['CAFE grusse lodz', latin],
      ['grüs*', latin],
      ['"hat geoffnet"', latin],
      ['съемка иошкар', cyrillic],
      ['梯', han],
      ['电梯', han],
      ['明天见', han],
      ['电明', undefined],
      ['東京', kana],
      ['タワー', kana],
      ['会', kana],
      ['محمد المكتبه', arabic],
      ['जरूर फोन', hindi],
      ['ร้านอาหาร', thai],
      ['กิน', thai],
      ['🎉', emoji],
      ['👍', emoji],
      ['🇩🇪', emoji],
      ['🇫🇷', undefined],
    ]
    const chat_id = `${AMARA}@c.us`
    for (const [q, text] of queries)
      expect([q, await bodies(q, { chat_id })]).toEqual([q, text === undefined ? [] : [text]])
  })

  it('may be given by their beginnings, so many of them', async () => {
    expect(await bodies('d* c* h* g* "gru"* a* "aus l"* lo*')).toHaveLength(1)
  })

  it('are shown with the whole message, its chat and the hit', async () => {
    const json = await search('GEOFFNET')
    expect(Object.keys(json)).toEqual(['ok', 'count', 'messages'])
    expect([json.ok, json.count]).toEqual([true, 1])
    const { chat, snippet, marks, ...message } = json.messages[0]
    Message.strict().parse(message)
    expect(chat).toEqual({ id: `${AMARA}@c.us`, name: 'Amara Okafor' })
    expect(marks.map(([start, end]: number[]) => [...snippet].slice(start, end).join(''))).toEqual([
      'geöffnet',
    ])
    expect((await harness.get(`/api/messages/${message.id}`)).json.message).toEqual(message)
  })
})

describe('filters', () => {
  let key: string
  it('have something to choose from', async () => {
    const { world } = harness
    await world.write({ from: AMARA, text: 'Filterwort eins' })
    // Within a second, the archive has messages in the order in which they came.
    await written('filterwort', 1)
    key = (await harness.post('/api/send', { phone_number: AMARA, message: 'Filterwort zwei' })).json
      .message_id
    await world.write({ from: AMARA, chat: group, text: 'Filterwort drei' })
    const media = { mimetype: 'application/pdf', sizeBytes: 1234, filename: 'filterwort.pdf' }
    await world.writeContent({ from: MING, content: { type: 'document', caption: 'vier', media } })
    await written('filterwort', 4)
  })
  const [one, two, three, four] = ['Filterwort eins', 'Filterwort zwei', 'Filterwort drei', 'vier']

  it.each<[Record<string, string>, () => (string | undefined)[]]>([
    [{}, () => [four, three, two, one]],
    [{ chat_id: `${AMARA}@c.us` }, () => [two, one]],
    [{ phone_number: `+${AMARA}` }, () => [two, one]],
    [{ from: AMARA }, () => [three, one]],
    [{ from: `${MING}@c.us` }, () => [four]],
    [{ from: 'me' }, () => [two]],
    [{ from_me: 'true' }, () => [two]],
    [{ from_me: 'false' }, () => [four, three, one]],
    [{ type: 'document' }, () => [four]],
    [{ type: 'chat,image' }, () => [three, two, one]],
    [{ kind: 'group' }, () => [three]],
    [{ kind: 'direct,channel' }, () => [four, two, one]],
    [{ after: '2001-02-03', before: '2001-02-04' }, () => []],
    [{ limit: '1' }, () => [four]],
  ])('%j', async (filter, expected) => {
    expect(await bodies('filterwort', filter)).toEqual(expected())
  })

  it('before and after a message', async () => {
    expect(await bodies('filterwort', { after: key })).toEqual([four, three])
    expect(await bodies('filterwort', { before: key })).toEqual([one])
  })

  it.each([
    [{}, 400, /"q": must be the text to search for/],
    [{ q: '' }, 400, /"q": must be the text to search for/],
    [{ q: '., "" * -' }, 400, /"q" contains nothing to search for/],
    [{ q: 'x'.repeat(501) }, 400, /"q": must have at most 500 characters/],
    [{ q: 'a* b* c* d* e* f* g* h* i*' }, 400, /"q" has 9 prefixes .* at most 8/],
    [{ q: 'x', limit: '0' }, 400, /"limit"/],
    [{ q: 'x', limit: '101' }, 400, /"limit"/],
    [{ q: 'x', sort: 'best' }, 400, /"sort"/],
    [{ q: 'x', cursor: 'nonsense' }, 400, /"cursor"/],
    [{ q: 'x', type: 'Text!' }, 400, /"type/],
    [{ q: 'x', kind: 'family' }, 400, /"kind/],
    [{ q: 'x', chat_id: `${AMARA}@c.us`, phone_number: AMARA }, 400, /either phone_number or chat_id/],
    [{ q: 'x', query: 'y' }, 400, /unknown field "query"/],
    [{ q: 'x', phone_number: '4915199999999' }, 404, /chat/i],
    [{ q: 'x', from: '4915199999999' }, 404, /./],
    [{ q: 'x', before: `true_${AMARA}@c.us_3EB0NONE` }, 404, /"before"/],
  ])('refuse %j', async (query, status, detail) => {
    const answer = await harness.get(`/api/search?${new URLSearchParams(query as Record<string, string>)}`)
    expect([answer.status, answer.json.detail]).toEqual([status, expect.stringMatching(detail)])
  })
})

describe('time', () => {
  it('is the order, also of history that was loaded late', async () => {
    const order = (count: number) => Array.from({ length: count }, (_, n) => `Archivwort ${149 - n}`)
    await harness.world.write({ from: AMARA, text: 'Archivwort jetzt' })
    await expect.poll(() => bodies('archivwort', { limit: '1' })).toEqual(['Archivwort jetzt'])
    const before = await bodies('archivwort', { limit: '100' })
    expect(before.length).toBeLessThan(80)
    expect(before).toEqual(['Archivwort jetzt', ...order(before.length - 1)])
    await harness.post(`/api/chats/${JURGEN}@c.us/load-earlier`, { count: 200 })
    const first = await search('archivwort', { limit: '100' })
    const rest = await bodies('archivwort', { limit: '100', cursor: first.next_cursor })
    const all = [...first.messages.map(({ body }: { body: string }) => body), ...rest]
    expect(all).toEqual(['Archivwort jetzt', ...order(150)])
  })

  it.each(['newest', 'relevance'])('pages by %s stay whole while messages come', async (sort) => {
    const word = `seite${sort}`
    for (let n = 0; n < 9; n += 1) await harness.world.write({ from: AMARA, text: `${word} ${n}` })
    await written(word, 9)
    const seen: string[] = []
    let cursor: string | undefined
    for (let come = 10; ; come += 1) {
      const page = await search(word, { limit: '4', sort, ...(cursor === undefined ? {} : { cursor }) })
      seen.push(...page.messages.map(({ body }: { body: string }) => body))
      cursor = page.next_cursor
      if (cursor === undefined) break
      await harness.world.write({ from: AMARA, text: `${word} meanwhile` })
      await written(word, come)
    }
    expect(seen).toEqual(Array.from({ length: 9 }, (_, n) => `${word} ${8 - n}`))
  })
})

describe('an answer that cannot have looked at everything', () => {
  /** What an agent reads of the same search. */
  async function told(q: string, more: Record<string, string | number> = {}): Promise<string> {
    const client = await harness.mcp('current')
    const answer = await client.callTool({ name: 'whatsapp_search_messages', arguments: { q, ...more } })
    return JSON.stringify(answer.content)
  }

  it('says how many of the newest hits were ranked, and only where there are more', async () => {
    // Long ones, so that fewer are ranked than of short ones.
    const long = 'und so weiter '.repeat(250)
    for (let n = 0; n < 60; n += 1) await harness.world.write({ from: AMARA, text: `Rangwort ${n} ${long}` })
    await written('rangwort', 60)
    const by = { sort: 'relevance', limit: '2' }
    const { ranked, count } = await search('rangwort', by)
    expect([ranked, count]).toEqual([50, 2])
    expect(await told('rangwort', { sort: 'relevance', limit: 2 })).toContain(
      'Only the newest 50 hits were ranked',
    )
    expect(await told('"rangwort 7"')).toMatch(/\b1 hit\b/)
    for (const less of [{ ...by, sort: 'newest' }, by]) {
      const q = less === by ? '"rangwort 7"' : 'rangwort'
      expect(await search(q, less)).not.toHaveProperty('ranked')
      expect(await told(q, { sort: less.sort, limit: 2 })).not.toContain('were ranked')
    }
  })

  it('says that older messages are still being made searchable, until they are', async () => {
    // Just looked whether there is anything to index: the next look is half a minute away.
    clock.advance(30_000)
    expect(await search('filterwort')).not.toHaveProperty('indexing')
    readArchive((await harness.status()).archive?.file ?? '', ({ search }) => search.rebuild())
    expect(await search('filterwort')).toMatchObject({ indexing: true })
    const says = 'Older messages are still being indexed'
    expect(await told('filterwort')).toContain(says)
    clock.advance(30_000)
    await expect.poll(() => search('filterwort')).not.toHaveProperty('indexing')
    expect(await told('filterwort')).not.toContain(says)
    expect(await bodies('filterwort')).toHaveLength(4)
  })
})

describe('what changes', () => {
  it('is found by what it says now, and not at all once it is deleted', async () => {
    const { id } = await harness.world.write({ from: AMARA, text: 'Erstfassung Wandelwort' })
    await written('wandelwort', 1)
    await harness.world.edit({ id, text: 'Zweitfassung Wandelwort' })
    await written('zweitfassung', 1)
    expect(await bodies('erstfassung')).toEqual([])
    await harness.world.revoke({ id })
    await written('wandelwort', 0)
  })
})

describe('while nothing is connected', () => {
  it('is answered too, and says since when something may be missing', async () => {
    const before = await bodies('filterwort')
    await harness.app.close()
    await harness.restart()
    const json = await search('filterwort')
    expect(json.messages.map(({ body }: { body: string }) => body)).toEqual(before)
    await harness.until('ready')
  })
})
