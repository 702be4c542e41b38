/** Each reading marks what people wrote whom the owner does not know: in tools, in both formats, in resources, and over REST. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { isRecord } from '../src/json.ts'
import { type Fields, fieldsOf } from '../src/model/fields.ts'
import { OPERATIONS } from '../src/operations/index.ts'
import { AMARA, openToolsStage, type ToolsStage, textOf } from './tools-stage.ts'

/** What a stranger writes, and what a person of the address book writes. */
const [STRAY, KEPT] = ['Stray words', 'Kept words']
const STRANGER = '15550009901'

let stage: ToolsStage
let group: string
let message_id: string
beforeAll(async () => {
  stage = await openToolsStage()
})
afterAll(() => stage.close())

it('begins with messages of a stranger and of a known person, in chats of their own and in a group', async () => {
  const { harness } = stage
  const { world } = harness
  world.addContact({ phone: STRANGER, name: null, pushname: 'Amara Okafor' })
  group = world.addGroup({ subject: 'Neighbours', members: [STRANGER, AMARA] }).id
  await harness.link()
  await harness.synced()
  for (const [from, text] of [
    [STRANGER, STRAY],
    [AMARA, KEPT],
  ] as const) {
    const { id } = await world.write({ from, text })
    const own = `false_${from}@c.us_${id}`
    await world.edit({ id, text: `${text} edited` })
    if (from === STRANGER) message_id = own
    const asked = await world.write({ from, chat: group, text })
    await world.write({ from: AMARA, chat: group, text: 'an answer', quote: asked.id })
  }
  // That this server writes to somebody does not make them known.
  const sent = await harness.post('/api/send', { phone_number: STRANGER, message: 'automatic' })
  expect(sent.status).toBe(200)
  const { id } = await world.write({ from: STRANGER, text: STRAY })
  await expect.poll(async () => (await harness.get('/api/search?q=stray')).text).toContain(id)
  // WhatsApp Web counts a message after it has shown it.
  const chats = [`${STRANGER}@c.us`, `${AMARA}@c.us`, group]
  await expect
    .poll(async () => (await harness.get('/api/unread')).json.chats.map(({ id }: { id: string }) => id))
    .toEqual(expect.arrayContaining(chats))
})

/** The paths of texts with these words: those within something untrusted, and the others. */
function found(
  words: string,
  value: unknown,
  path = '',
  isMarked = false,
): { marked: string[]; others: string[] } {
  if (typeof value === 'string') {
    const here = value.includes(words) ? [path] : []
    return isMarked ? { marked: here, others: [] } : { marked: [], others: here }
  }
  if (typeof value !== 'object' || value === null) return { marked: [], others: [] }
  // What is said beside a message is said of it.
  const about = isRecord(value) && isRecord(value.message) ? value.message : value
  const now = isMarked || ('untrusted' in about && about.untrusted === true)
  const parts = Object.entries(value).map(([name, one]) => {
    // Each has its own author.
    const isOther = ['reply_to', 'context', 'chat'].includes(name)
    return found(words, one, `${path}.${name}`, now && !isOther)
  })
  return { marked: parts.flatMap(({ marked }) => marked), others: parts.flatMap(({ others }) => others) }
}

const inputOf = (name: string, phone: string): Record<string, unknown> | null => {
  const chat_id = `${phone}@c.us`
  const inputs: Record<string, Record<string, unknown>> = {
    read_messages: { chat_id },
    get_chat: { chat_id },
    get_contact: { contact_id: phone },
    get_message: { message_id },
    search_messages: { q: '"words"' },
    list_events: { after: '0', limit: 100, kind: 'message.received,message.edited' },
    list_unread: {},
    list_waiting: { include_groups: true },
    list_chats: {},
  }
  return inputs[name] ?? null
}

const ROWS = OPERATIONS.filter(({ effect, name }) => effect === 'read' && inputOf(name, STRANGER) !== null)

it('every reading that shows texts of chats is here', () => {
  const hasBody = ({ fields }: Fields): boolean =>
    [...fields].some(([name, field]) => name === 'body' || hasBody(field))
  const showing = OPERATIONS.filter(
    ({ effect, brief, output }) => effect === 'read' && brief !== undefined && hasBody(fieldsOf(output)),
  ).map(({ name }) => name)
  // WhatsApp shows the status updates of contacts only.
  expect(showing.filter((name) => name !== 'list_status_updates').sort()).toEqual(
    ROWS.map(({ name }) => name).sort(),
  )
})

it.each(ROWS.map(({ name }) => name))('%s marks the texts of strangers, and no others', async (name) => {
  let shown = 0
  for (const response_format of ['concise', 'detailed']) {
    for (const phone of [STRANGER, AMARA]) {
      const input = { ...inputOf(name, phone), response_format }
      const result = await stage.call(`whatsapp_${name}`, input)
      expect(result.isError, textOf(result)).toBeUndefined()
      const strays = found(STRAY, result.structuredContent)
      const kept = found(KEPT, result.structuredContent)
      expect([name, response_format, strays.others, kept.marked]).toEqual([name, response_format, [], []])
      shown += strays.marked.length + kept.others.length
      if (response_format === 'detailed') continue
      const said = textOf(result)
        .split('\n')
        .filter((line) => line.includes(STRAY) && /\[(true|false)_/.test(line))
      expect(said.filter((line) => !line.includes('untrusted'))).toEqual([])
    }
  }
  expect(shown).toBeGreaterThan(0)
})

it.each(['download_media', 'read_media', 'get_poll_results'])('%s says whose words they are', (name) => {
  const row = OPERATIONS.find((one) => one.name === name)
  expect(row && fieldsOf(row.output).fields.has('untrusted')).toBe(true)
})

it('a file of a stranger is marked, and one of a known person is not', async () => {
  for (const [from, marked] of [
    [STRANGER, true],
    [AMARA, undefined],
  ] as const) {
    const { id } = await stage.harness.world.writeContent({ from, content: { type: 'document' } })
    const key = `false_${from}@c.us_${id}`
    await expect.poll(async () => (await stage.harness.get(`/api/messages/${key}`)).status).toBe(200)
    const result = await stage.call('whatsapp_download_media', { message_id: key })
    expect(Object(result.structuredContent).untrusted).toBe(marked)
    expect(textOf(result).includes('untrusted')).toBe(marked === true)
  }
})

it('resources mark them too', async () => {
  const client = await stage.harness.mcp('current')
  for (const uri of [
    `whatsapp://chats/${STRANGER}@c.us`,
    `whatsapp://chats/${group}`,
    `whatsapp://messages/${message_id}`,
  ]) {
    const { contents } = await client.readResource({ uri })
    const [first] = contents
    const text = first !== undefined && 'text' in first ? first.text : ''
    const { marked, others } = found(STRAY, JSON.parse(text))
    expect([uri, others, marked.length > 0]).toEqual([uri, [], true])
    expect(found(KEPT, JSON.parse(text)).marked).toEqual([])
  }
})

it('the texts of somebody to whom the owner writes are marked no longer', async () => {
  const { harness } = stage
  const read = () => harness.get(`/api/messages?phone_number=${STRANGER}`)
  expect(found(STRAY, (await read()).json).others).toEqual([])
  await harness.world.writeFromPhone({ chat: `${STRANGER}@c.us`, text: 'Hello, who are you?' })
  await expect.poll(async () => found(STRAY, (await read()).json).marked).toEqual([])
})
