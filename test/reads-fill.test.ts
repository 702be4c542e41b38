/** A read of a chat asks WhatsApp for what the archive lacks of it: within its 2 s, and never for what is not to be stored. */
import type { Client } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Harness, openHarness } from './harness.ts'

const DAY_S = 86_400
const phoneOf = (n: number) => `1555777010${n}`
const [PLAIN, BY_TOOL, BY_RESOURCE, SLOW, FORGOTTEN, NEVER, REPLIED, SHORT_KEPT, FROM_TIME] = [
  1, 2, 3, 4, 5, 6, 7, 8, 9,
].map(phoneOf) as [string, string, string, string, string, string, string, string, string]
const CHATS = [PLAIN, BY_TOOL, BY_RESOURCE, SLOW, FORGOTTEN, NEVER, REPLIED, SHORT_KEPT, FROM_TIME]

let harness: Harness
let tool: Client
/** Ids of the messages of {@link REPLIED}, oldest first. */
const replied: string[] = []

beforeAll(async () => {
  harness = await openHarness({
    env: {
      WHATSAPP_HISTORY_DAYS: '30',
      WHATSAPP_NEVER_STORE: NEVER,
      WHATSAPP_KEEP_DAYS_PER_CHAT: `${SHORT_KEPT}=103`,
    },
  })
  const from = Math.floor(Date.now() / 1000) - 105 * DAY_S
  for (const phone of CHATS) {
    harness.world.addContact({ phone, name: `Old ${phone.slice(-2)}` })
    for (let n = 0; n < 30; n += 1) {
      const { id } = await harness.world.write({ from: phone, text: `old ${n}`, t: from + (n * DAY_S) / 10 })
      if (phone === REPLIED) replied.push(id)
    }
  }
})
afterAll(() => harness.close())

const read = async (phone: string, more = '') =>
  (await harness.get(`/api/messages?phone_number=${phone}&limit=10${more}`)).json
/** A read waits 1.3 s for what it lacks (operations/seen.ts). What took longer, on a loaded machine, has it the next time. */
async function inTime<T>(look: () => Promise<T>): Promise<T> {
  for (;;) {
    const from = performance.now()
    const found = await look()
    if (performance.now() - from < 1_300) return found
  }
}
const bodies = ({ messages }: { messages: { body: string }[] }) => messages.map(({ body }) => body)
const latest = (to: number, count: number) => Array.from({ length: count }, (_, n) => `old ${to - count + n}`)

it('an account is linked whose chats are old', async () => {
  await harness.link()
  await harness.synced()
  tool = await harness.mcp('current')
})

describe('a chat that is older than the history that is loaded', () => {
  it('is read in full by REST, and further back', async () => {
    const page = await inTime(() => read(PLAIN))
    expect(bodies(page)).toEqual(latest(30, 10))
    const earlier = await inTime(() => read(PLAIN, `&before=${encodeURIComponent(page.messages[0].id)}`))
    expect(bodies(earlier)).toEqual(latest(20, 10))
  })

  it('by the tool', async () => {
    const input = { phone_number: BY_TOOL, limit: 10 }
    const { content } = await inTime(() =>
      tool.callTool({ name: 'whatsapp_read_messages', arguments: input }),
    )
    const [{ text } = { text: '' }] = content as { text: string }[]
    expect(bodies(JSON.parse(text))).toEqual(latest(30, 10))
  })

  it('and by the resource', async () => {
    const uri = `whatsapp://chats/${BY_RESOURCE}@c.us`
    const { contents } = await inTime(() => tool.readResource({ uri }))
    const [{ text } = { text: '' }] = contents as { text: string }[]
    expect(text).toContain('old 29')
    expect(text).toContain('old 5')
  })

  it('from a time that is earlier than what the archive has, or says that more is being loaded', async () => {
    const from = `&after=${Math.floor(Date.now() / 1000) - 106 * DAY_S}`
    const page = await read(FROM_TIME, from)
    if (page.history?.loading !== true) expect(bodies(page)).toEqual(latest(10, 10))
    await expect.poll(async () => bodies(await read(FROM_TIME, from))).toEqual(latest(10, 10))
    const later = await read(FROM_TIME, `&after=${Math.floor(Date.now() / 1000)}`)
    expect([later.count, later.history?.loading]).toEqual([0, undefined])
  })

  it('says so where WhatsApp does not answer in time, loads once, and has it afterwards', async () => {
    const chat = `${SLOW}@c.us`
    await harness.world.setFault({ name: 'earlier_messages', value: { mode: 'slow', chat, delayMs: 5_000 } })
    const pages = await Promise.all([read(SLOW), read(SLOW), read(SLOW)])
    for (const page of pages) {
      expect(page).toMatchObject({ ok: true, count: 1, history_complete: false, history: { loading: true } })
    }
    await expect.poll(async () => bodies(await read(SLOW))).toEqual(latest(30, 10))
    expect((await read(SLOW)).history.loading).toBeUndefined()
    await harness.world.setFault({ name: 'earlier_messages', value: false })
  })
})

describe('a message that only WhatsApp has', () => {
  it('is answered', async () => {
    const id = `false_${REPLIED}@c.us_${replied[3]}`
    const path = `/api/chats/${REPLIED}@c.us/messages`
    const answer = await harness.post(path, { message: 'to an old one', reply_to: id })
    expect(answer.json).toMatchObject({ ok: true, reply_to: id })
    const [sent] = harness.world.messages().filter(({ body }) => body === 'to an old one')
    expect(sent?.quoted).toBe(replied[3])
    expect((await harness.post(path, { message: 'loose', reply_to: `${id}0` })).json.code).toBe(
      'message_not_found',
    )
    const other = `false_${PLAIN}@c.us_${replied[3]}`
    expect((await harness.post(path, { message: 'loose', reply_to: other })).json.code).toBe('invalid_input')
  })
})

describe('what is not to be stored is not fetched', () => {
  it('of a chat that was forgotten', async () => {
    await harness.call({ method: 'DELETE', path: `/api/chats/${FORGOTTEN}@c.us/messages` })
    expect(bodies(await read(FORGOTTEN))).toEqual([])
  })

  it('of a chat that is never stored', async () => {
    expect(bodies(await read(NEVER))).toEqual([])
  })

  it('of a time that is not kept', async () => {
    const page = await inTime(() => read(SHORT_KEPT))
    expect(page.count).toBeLessThan(15)
    expect(page.history_complete).toBe(page.count < 10)
  })

  it('and the phone is never asked', () => {
    expect(harness.world.state().phoneAsked).toEqual([])
  })
})
