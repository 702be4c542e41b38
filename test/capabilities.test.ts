/** What the server says and does on builds of WhatsApp Web that lack modules. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRandom } from '../simulator/service/random.ts'
import { OPERATIONS } from '../src/operations/index.ts'
import { requestOf } from './call-row.ts'
import { type Answer, type Harness, openHarness } from './harness.ts'

const MODULES = join(import.meta.dirname, '../simulator/page/modules')
/** Every module of the double, as its source defines them. */
const ALL = readdirSync(MODULES)
  .flatMap((file) => [...readFileSync(join(MODULES, file), 'utf8').matchAll(/defineModule\('(\w+)'/g)])
  .map(([, name = '']) => name)
/** They end the link, and the archive that the others read. */
const LEFT_OUT = ['logout', 'forget_chat']

let harness: Harness
let amara: string

beforeAll(async () => {
  harness = await openHarness()
})
afterAll(() => harness.close())

it('begins with a linked account', async () => {
  await harness.link()
  amara = harness.world.state().contacts[0]?.phone ?? ''
  await harness.synced()
})

/** Starts the server on the same account and a page without these modules, until it is ready or cannot be. */
async function startWithout(names: readonly string[]): Promise<void> {
  await harness.world.setFault({ name: 'module_missing', value: { names } })
  await harness.restart()
  await expect
    .poll(() => harness.app.session.status(), { timeout: 30_000 })
    .toSatisfy(({ state, reason }) => state === 'ready' || reason === 'unsupported')
}

/** Calls each row with its example, over REST. */
async function callAll(): Promise<[name: string, answer: Answer][]> {
  const answers: [string, Answer][] = []
  for (const row of OPERATIONS) {
    const { name, example, limitMs = 2_000 } = row
    if (row.routes.length === 0 || LEFT_OUT.includes(name)) continue
    const input: Record<string, unknown> = { ...Object(example.input) }
    if ('phone_number' in input) input.phone_number = amara
    if ('chat' in input) input.chat = amara
    const called = harness.call(requestOf(row, input))
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`${name} is late`)), limitMs + 5_000).unref()
    })
    answers.push([name, await Promise.race([called, late])])
  }
  return answers
}

/** Every answer is a result, an error of the caller, or says that this build does not offer it. */
function expectHonest(answers: [string, Answer][]): void {
  const others = answers
    .filter(([, { status, json }]) => status >= 500 && json?.code !== 'not_supported_by_whatsapp_web')
    .map(([name, { status, json }]) => `${name}: ${status} ${json?.code} ${json?.detail}`)
  expect(others).toEqual([])
}

const withoutOf = (names: readonly string[]) => names.filter((name) => name !== '').join(', ')

describe.each([1, 2, 3])('without three modules, seed %i', (seed) => {
  const random = createRandom(seed)
  const names = Array.from({ length: 3 }, () => ALL[random.between(0, ALL.length - 1)] ?? '')

  it(`answers every row: without ${withoutOf(names)}`, { timeout: 120_000 }, async () => {
    await startWithout(names)
    expectHonest(await callAll())
    const { json } = await harness.get('/api/capabilities')
    for (const path of json.missing) expect([...names, ABSENT]).toContain(path.split('.')[0])
  })
})

/** The newest build registers it without letting anybody require it. */
const ABSENT = 'WAWebChatForwardMessage'

it('a send without its module says so, and what is missing', async () => {
  await startWithout(['WAWebSendMsgChatAction'])
  const answer = await harness.post('/api/send', { phone_number: amara, message: 'never' })
  expect([answer.status, answer.json.code]).toEqual([501, 'not_supported_by_whatsapp_web'])
  expect(answer.json).toMatchObject({
    whatsapp_web_version: harness.world.state().build,
    missing: ['WAWebSendMsgChatAction.addAndSendMsgToChat()'],
  })
  const { json } = await harness.get('/api/capabilities')
  expect(json.missing.filter((path: string) => !path.startsWith(`${ABSENT}.`))).toEqual(answer.json.missing)
  expect(stateOf(json, 'send_message')).toMatchObject({ state: 'broken', since_at: expect.any(String) })
  expect(stateOf(json, 'load_earlier')).toMatchObject({ state: 'works', why: null })
  expect(harness.world.messages().some(({ body }) => body === 'never')).toBe(false)
})

it.each(['WAWebCollections.Msg.on()', 'WAWebUserPrefsMeUser.getMaybeMePnUser()'])(
  'without %s the start ends at once, and every reading goes on',
  async (path) => {
    await startWithout([path.split('.')[0] ?? ''])
    const status = await harness.status()
    expect(status).toMatchObject({ state: 'disconnected', reason: 'unsupported', linked: true })
    expect(status.last_error).toContain(path)
    const send = await harness.post('/api/send', { phone_number: amara, message: 'never' })
    expect(send.json).toMatchObject({ code: 'not_supported_by_whatsapp_web', missing: expect.any(Array) })
    expect((await harness.get('/api/chats')).json.count).toBeGreaterThan(0)
  },
)

it('a failure that contradicts the check turns it to broken, until a success, in any browser', async () => {
  await startWithout([])
  expect(stateOf((await harness.get('/api/capabilities')).json, 'send_message')?.state).toBe('works')
  await harness.world.setFault({ name: 'send_rejects', value: true })
  await harness.post('/api/send', { phone_number: amara, message: 'rejected' })
  expect(stateOf((await harness.get('/api/capabilities')).json, 'send_message')).toMatchObject({
    state: 'broken',
    why: expect.stringContaining('storage is gone'),
    since_at: expect.any(String),
  })
  await harness.world.clearFaults()
  await harness.post('/api/accounts/default/restart')
  await harness.until('ready')
  expect((await harness.post('/api/send', { phone_number: amara, message: 'accepted' })).status).toBe(200)
  expect(stateOf((await harness.get('/api/capabilities')).json, 'send_message')?.state).toBe('works')
})

function stateOf(
  json: { operations: { operation: string; state: string; why: string | null }[] },
  name: string,
) {
  return json.operations.find(({ operation }) => operation === name)
}
