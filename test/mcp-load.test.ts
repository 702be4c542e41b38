/** One client that asks for very much, over real HTTP: it gets bounded answers, and everybody else is served meanwhile. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createHttp } from '../src/cli/stdio-http.ts'
import { namedServer } from '../src/cli/stdio-named.ts'
import { createPipe } from '../src/cli/stdio-pipe.ts'
import { cpuMsOf } from './cpu-time.ts'
import { type EventStage, openEventStage } from './event-stage.ts'
import { callWire, currentCall, openSession, openWire, type Wire, type WireCall } from './mcp-wire.ts'

/** Anybody can write this much to an account. */
const LONG = 'Könntet ihr bitte bis "Donnerstag" Bescheid geben?\n'.repeat(2_000).slice(0, 65_000)
const MIB = 1024 * 1024

let stage: EventStage
beforeAll(async () => {
  stage = await openEventStage()
  for (let n = 0; n < 40; n += 1) stage.write({ body: LONG })
})
afterAll(() => stage.close())

const read = (id: unknown) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 'whatsapp_read_messages', arguments: { chat_id: '15550001101@c.us', limit: 100 } },
})
const batch = (length: number) => Array.from({ length }, (_, n) => read(n))

/** The most CPU time that the status waited for while this went on, in milliseconds. */
async function slowestStatus(work: Promise<unknown>): Promise<number> {
  let isOver = false
  const end = () => {
    isOver = true
  }
  work.then(end, end)
  let slowest = 0
  while (!isOver) {
    const look = async () => expect((await stage.get('/api/status')).status).toBe(200)
    slowest = Math.max(slowest, await cpuMsOf(look))
  }
  return slowest
}

const LANES: [string, () => Promise<WireCall['headers']>][] = [
  ['without a session', async () => ({})],
  ['in a session', () => openSession(stage.url)],
  ['in a session of plain JSON', () => openSession(stage.url, '2024-11-05')],
]

it.each(LANES)('a batch of the largest readings is bounded, each answered: %s', async (_, open) => {
  const headers = await open()
  const call = callWire(stage.url, { body: batch(30), headers })
  expect(await slowestStatus(call)).toBeLessThan(2_000)
  const answer = await call
  expect(answer.text().length).toBeLessThan(4 * MIB)
  const answers = answer.messages().flat()
  expect(answers.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(batch(30).map(({ id }) => id))
  const refused = answers.filter(({ error }) => error !== undefined)
  expect(refused.length).toBeGreaterThan(0)
  for (const { error } of refused) {
    expect(error).toMatchObject({ code: -32000, data: { code: 'batch_too_large', retry: 'safe' } })
    expect(error.message).toMatch(/^The responses to this batch .*\. Next step: /)
  }
})

it('simultaneous batches delay no other client', async () => {
  const headers = await openSession(stage.url)
  const ids = Array.from({ length: 5 }, (_, n) => n)
  const calls = ids.map((n) => callWire(stage.url, { body: batch(30), headers: n % 2 === 0 ? {} : headers }))
  expect(await slowestStatus(Promise.all(calls))).toBeLessThan(2_000)
  for (const call of calls) expect((await call).text().length).toBeLessThan(4 * MIB)
})

const READING = '/api/messages?phone_number=15550001101&limit=100'

it.each<[string, () => Promise<Wire>]>([
  ['of MCP', () => callWire(stage.url, currentCall('tools/call', read(1).params))],
  ['of REST', () => callWire(stage.url, { method: 'GET', path: READING })],
])('fifty connections that read at the same time delay no other client: %s', async (_, call) => {
  const calls = Array.from({ length: 50 }, call)
  expect(await slowestStatus(Promise.all(calls))).toBeLessThan(2_000)
  const statuses = (await Promise.all(calls)).map(({ status }) => status)
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(25)
  // Whoever would wait more than 2 s for a turn, as on a loaded machine, is told so instead.
  expect(statuses.filter((status) => status !== 200 && status !== 504)).toEqual([])
})

it('a client that disconnects ends its batch, and nothing else', async () => {
  for (const [, open] of LANES) {
    const gone = new AbortController()
    const headers = await open()
    const left = openWire(stage.url, { body: batch(30), headers, signal: gone.signal }).catch(() => null)
    await stage.get('/api/status')
    gone.abort()
    await left
  }
  const gone = new AbortController()
  const params = { name: 'whatsapp_read_messages', arguments: read(1).params.arguments }
  const current = { ...currentCall('tools/call', params), signal: gone.signal }
  const left = openWire(stage.url, current).catch(() => null)
  gone.abort()
  await left
  const answer = await callWire(stage.url, { body: read(1) })
  expect(answer.messages()[0].result.structuredContent.count).toBe(40)
})

it('a detailed answer is at most 100 KB: long texts are cut, and a note says so', async () => {
  const ask = async (limit: number) => {
    const one = read(1)
    const params = { ...one.params, arguments: { ...one.params.arguments, limit } }
    const [{ result }] = (await callWire(stage.url, { body: { ...one, params } })).messages()
    expect(JSON.parse(result.content[0].text)).toEqual(result.structuredContent)
    expect(Buffer.byteLength(result.content[0].text)).toBeLessThanOrEqual(100_000)
    return result.structuredContent
  }
  const { messages, note } = await ask(40)
  expect(messages).toHaveLength(40)
  expect(messages[0].body).toMatch(/… \(\d+ more characters\)$/)
  expect(note).toMatch(
    /^\d+ long texts are cut\. whatsapp_read_messages with chat_id, limit 1 and before set to the id /,
  )
  // Also where several came in one second.
  const args = { chat_id: '15550001101@c.us', limit: 1, before: messages[1].id }
  const body = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'whatsapp_read_messages', arguments: args },
  }
  const [{ result }] = (await callWire(stage.url, { body })).messages()
  expect(result.structuredContent.messages).toMatchObject([{ id: messages[0].id, body: LONG }])
  const one = await ask(1)
  expect(one.messages[0].body).toBe(LONG)
  expect(one.chat.last_message.body).toMatch(/^.{990,1000}… \(\d+ more characters\)$/s)
})

it('a message with many edits is limited in size as a resource', async () => {
  const first = stage.write({ body: LONG })
  for (let n = 0; n < 30; n += 1) stage.write({ ...first, body: `${n} ${LONG}`, editedAt: 1_760_000_000 + n })
  const uri = `whatsapp://messages/false_${first.chat}_${first.bareId}`
  const body = { jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri } }
  const [{ result }] = (await callWire(stage.url, { body })).messages()
  expect(result.contents[0].text.length).toBeLessThan(120_000)
  const { message, revisions } = JSON.parse(result.contents[0].text)
  expect(message.body).toMatch(/^29 .*… \(\d+ more characters\)$/s)
  expect(revisions.length).toBeGreaterThan(5)
})

it('a batch over stdio is bounded, each request answered', async () => {
  const lines: string[] = []
  const pipe = createPipe({
    server: namedServer(stage.url),
    http: createHttp(`${stage.url}/mcp`),
    write: async (line) => void lines.push(line),
    say: () => {},
  })
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'test', version: '1' },
  }
  pipe.accept(JSON.stringify({ jsonrpc: '2.0', id: 'first', method: 'initialize', params }))
  pipe.accept(JSON.stringify(batch(30)))
  await pipe.settled()
  await pipe.close()
  const answers = lines.flatMap((line) => JSON.parse(line))
  expect(answers.map(({ id }) => id)).toEqual(
    expect.arrayContaining(['first', ...batch(30).map(({ id }) => id)]),
  )
  expect(answers.filter(({ error }) => error?.data.code === 'batch_too_large').length).toBeGreaterThan(0)
  expect(lines.join('').length).toBeLessThan(4 * MIB)
})
