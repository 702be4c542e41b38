/** What the server says and does on builds of WhatsApp Web that lack modules. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { newestBuild } from '../simulator/builds.ts'
import { createRandom } from '../simulator/service/random.ts'
import { PRINTS_TEXT } from '../src/cli/sandbox.ts'
import { NEEDS } from '../src/engine/wweb/compat/needs.ts'
import { ROWS } from '../src/operations/index.ts'
import { type Harness, openHarness } from './harness.ts'
import { answerOf, type BuildState, EXAMPLES, runExample } from './link/examples.ts'
import { addBusiness } from './link/proofs.ts'

const MODULES = join(import.meta.dirname, '../simulator/page/modules')
/** Every module of the double, as its source defines them. */
const ALL = readdirSync(MODULES)
  .flatMap((file) => [...readFileSync(join(MODULES, file), 'utf8').matchAll(/defineModule\('(\w+)'/g)])
  .map(([, name = '']) => name)
const { name: BUILD } = newestBuild
/** It registers this module without letting anybody require it. */
const ABSENT = 'WAWebChatForwardMessage'
/** They end the link, and the archive that the others read. */
const LEFT_OUT = ['start_auth', 'pairing_code', 'logout', 'forget_chat']
/** What each example does on this build while nothing is gone (test/link.test.ts). */
const BASELINE: Record<string, BuildState> = JSON.parse(
  readFileSync(join(import.meta.dirname, `snapshots/builds/${BUILD}.json`), 'utf8'),
)

// All examples, one after the other, take several times as long on a busy machine.
vi.setConfig({ testTimeout: 300_000 })

let harness: Harness
let amara: string

beforeAll(async () => {
  harness = await openHarness({ build: BUILD })
})
afterAll(() => harness.close())

it('begins with a linked account', async () => {
  await harness.link()
  amara = harness.world.state().contacts[0]?.phone ?? ''
  await harness.synced()
})

/** Starts the server on the same account and a page without these modules, until it is ready or cannot be. */
async function startWithout(names: readonly string[], server = harness): Promise<void> {
  await server.world.setFault({ name: 'module_missing', value: { names } })
  await server.restart()
  await expect
    .poll(() => server.app.session.status(), { timeout: 60_000 })
    .toSatisfy(({ state, reason }) => state === 'ready' || reason === 'unsupported')
}

/** What the page is asked for, and cannot have without these modules. */
function goneOf(names: readonly string[]): string[] {
  const isGone = (path: string) => names.includes(path.split('.')[0] ?? '')
  const paths = new Set(Object.values(NEEDS).flat())
  return [...paths].filter((path) => path.split(' or ').every(isGone))
}

describe.each([1, 2, 3])('without three modules, seed %i', (seed) => {
  const random = createRandom(seed)
  const left = [...new Set(ALL)]
  const names = [1, 2, 3].flatMap(() => left.splice(random.between(0, left.length - 1), 1))
  let own: Harness
  beforeAll(async () => {
    own = await openHarness({ build: BUILD, examples: true, env: { WHATSAPP_TEXT_COMMAND: PRINTS_TEXT } })
    await addBusiness(own.world)
    await own.link()
    await own.synced()
  })
  afterAll(() => own.close())

  it(`every example does what it does else, or is not supported: without ${names.join(', ')}`, async () => {
    await startWithout(names, own)
    const { missing } = (await own.get('/api/capabilities')).json
    for (const path of missing) expect([...names, ABSENT]).toContain(path.split('.')[0])
    expect(missing).toEqual(expect.arrayContaining(goneOf(names)))
    for (const row of EXAMPLES) {
      const found = await runExample(row, own)
      expect([row.name, found === 'broken' ? BASELINE[row.name] : found]).toEqual([
        row.name,
        BASELINE[row.name],
      ])
    }
    for (const row of ROWS) {
      if (row.uses !== undefined || row.routes.length === 0 || LEFT_OUT.includes(row.name)) continue
      expect((await answerOf(row, Object(row.example.input), own)).status, row.name).toBeLessThan(500)
    }
  })
})

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
