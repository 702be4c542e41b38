/** Fields say of themselves that people wrote them: a text of people in any other field would be cut and quoted by nobody. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Fields, fieldsOf, UNMARKED } from '../src/model/fields.ts'
import { OPERATIONS } from '../src/operations/index.ts'
import { briefShape } from '../src/operations/operation.ts'
import { openToolsStage, type ToolsStage, textOf } from './tools-stage.ts'

/** In quotes it reads otherwise. */
const CANARY = 'Canary "1" \u202eevil'
const WRITER = '15550003301'

let stage: ToolsStage
let inputs: Record<string, Record<string, unknown>>
beforeAll(async () => {
  stage = await openToolsStage()
})
afterAll(() => stage.close())

it('begins with messages of every type', async () => {
  const { harness } = stage
  const { world } = harness
  world.addContact({ phone: WRITER, name: CANARY, pushname: CANARY })
  const { id: group } = world.addGroup({ subject: CANARY, members: [WRITER] })
  await harness.link()
  await harness.synced()
  const first = await world.write({ from: WRITER, text: CANARY })
  await world.edit({ id: first.id, text: `${CANARY} edited` })
  await world.react({ id: first.id, by: WRITER, emoji: '👍' })
  const file = await world.writeContent({
    from: WRITER,
    content: {
      type: 'document',
      caption: CANARY,
      media: { mimetype: CANARY, sizeBytes: 1234, filename: CANARY },
    },
  })
  const gone = await world.write({ from: WRITER, chat: group, text: CANARY })
  await world.revoke({ id: gone.id })
  await world.write({ from: WRITER, chat: group, text: CANARY, quote: gone.id })
  const chat_id = `${WRITER}@c.us`
  inputs = {
    pairing_code: { phone_number: world.state().account.phone },
    send_message: { phone_number: WRITER, message: CANARY },
    send_to_chat: { chat: group, message: CANARY },
    get_chat: { chat_id: group },
    list_unread: { include_muted: true, include_archived: true },
    list_waiting: { include_groups: true },
    read_messages: { chat_id },
    download_media: { message_id: `false_${chat_id}_${file.id}` },
    get_message: { message_id: `false_${chat_id}_${first.id}` },
    search_messages: { q: 'canary' },
    load_earlier: { chat_id },
    get_contact: { contact_id: WRITER },
    list_events: { after: '0', limit: 100 },
    forget_chat: { chat_id: group },
  }
  await expect
    .poll(async () => (await harness.get('/api/search?q=canary')).json.count, { interval: 50 })
    .toBe(3)
})

/** The fields whose texts people wrote, by the names of what they are in, and whether they are marked. */
function canaries(value: unknown, fields: Fields, path: string): [path: string, isMarked: boolean][] {
  if (typeof value === 'string') return value.includes('Canary') ? [[path, fields.written === true]] : []
  if (Array.isArray(value)) return value.flatMap((one) => canaries(one, fields, path))
  return Object.entries(Object(value)).flatMap(([name, one]) =>
    canaries(one, fields.fields.get(name) ?? UNMARKED, `${path}.${name}`),
  )
}

it('short forms quote what people wrote', async () => {
  for (const row of OPERATIONS.filter(({ brief, effect }) => brief !== undefined && effect === 'read')) {
    const tool = row.tool ?? `whatsapp_${row.name}`
    const result = await stage.call(tool, {
      ...(inputs[row.name] ?? Object(row.example.input)),
      response_format: 'concise',
    })
    expect(result.isError, textOf(result)).toBeUndefined()
    const found = canaries(result.structuredContent, fieldsOf(briefShape(row)), row.name)
    expect(found.filter(([, isMarked]) => !isMarked)).toEqual([])
    expect(textOf(result), row.name).not.toContain('Canary "1"')
    expect(textOf(result), row.name).not.toContain('\u202e')
  }
})

const seen = new Set<string>()

// Logging out is last in the table.
const WITH_ROUTES = OPERATIONS.filter(({ routes }) => routes.length > 0)
it.each(WITH_ROUTES.map((row) => [row.name, row] as const))(
  '%s marks what people wrote',
  async (name, row) => {
    const { harness } = stage
    const [method = '', template = ''] = row.routes[0]?.split(' ') ?? []
    const input: Record<string, unknown> = { ...(inputs[name] ?? Object(row.example.input)) }
    // The account that an earlier row of the table adds.
    const path = template.replace('{account}', 'work').replace(/\{(\w+)\}/g, (_, field) => {
      const text = encodeURIComponent(String(input[field]))
      delete input[field]
      return text
    })
    const query = method === 'GET' ? `?${new URLSearchParams(input as Record<string, string>)}` : ''
    const answer = await harness.call({
      method,
      path: `${path}${query}`,
      ...(method === 'POST' || method === 'PATCH' ? { body: input } : {}),
    })
    expect(answer.status, answer.text).toBeLessThan(300)
    const found = canaries(answer.json, fieldsOf(row.output), name)
    expect(found.filter(([, isMarked]) => !isMarked)).toEqual([])
    for (const [where] of found) seen.add(where.split('.').at(-1) ?? '')
  },
)

it('every kind of marked field was seen, but for what only WhatsApp Web says', () => {
  const marked = (fields: Fields): string[] =>
    [...fields.fields].flatMap(([name, field]) => [...(field.written ? [name] : []), ...marked(field)])
  const all = new Set(OPERATIONS.flatMap((row) => marked(fieldsOf(row.output))))
  expect([...all].filter((name) => !seen.has(name)).sort()).toEqual(['emoji', 'last_error'])
})
