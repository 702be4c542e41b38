/** Linking and sending, on every family of builds: the real library in a real browser, from a QR to a restart. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { builds } from '../simulator/builds.ts'
import { PRINTS_TEXT } from '../src/cli/sandbox.ts'
import { type Harness, openHarness } from './harness.ts'
import { type BuildState, EXAMPLES, runExample } from './link/examples.ts'
import { addBusiness } from './link/proofs.ts'

const NAMES = builds.map(({ name }) => name)

/** What builds do not have: the newest registers a module without letting anybody require it, the oldest knows no albums. */
const MISSING: Record<string, string[]> = {
  '2.3000.1049045808': ['WAWebChatForwardMessage.forwardMessages()'],
  // Earlier ones reject calls without an engine.
  '2.3000.1045210364': ['WAWebVoipStackInterface.getVoipStackInterface()'],
  '2.3000.1034728815': [
    'WAWebMediaGatingUtils.isAlbumV2SenderEnabled()',
    'WAWebMsgType.MsgKind.Album',
    'WAWebVoipStackInterface.getVoipStackInterface()',
  ],
}

describe.each(NAMES)('on build %s', (build) => {
  let harness: Harness
  let contact: string
  /** What each operation did on this build. */
  const found: Record<string, BuildState> = {}
  beforeAll(async () => {
    harness = await openHarness({ build, examples: true, env: { WHATSAPP_TEXT_COMMAND: PRINTS_TEXT } })
    await addBusiness(harness.world)
    contact = harness.world.state().contacts[0]?.phone ?? ''
  })
  afterAll(() => harness.close())

  it('starts stopped, and says what to do', async () => {
    const status = await harness.status()
    expect(status).toMatchObject({
      state: 'stopped',
      ready: false,
      authenticated: false,
      has_qr: false,
      account: null,
    })
    expect(status.next_step).toContain('/api/auth/start')
    const page = await harness.get('/qr')
    expect([page.status, page.text.includes('No QR code is available yet')]).toEqual([200, true])
  })

  it('shows a QR code', async () => {
    const started = await harness.post('/api/auth/start')
    expect(started.json).toMatchObject({ state: 'qr', has_qr: true, ready: false, pairing: { method: 'qr' } })
    const page = await harness.get('/qr')
    expect(page.headers['content-type']).toContain('text/html')
    expect(page.text).toMatch(/<img src="data:image\/png;base64,[^"]+" width="360" height="360"/)
    expect(page.text).toContain('<meta http-equiv="refresh" content="5">')
    expect(page.text).not.toContain('<script')
    expect(page.headers).toMatchObject({ 'cache-control': 'no-store', 'x-frame-options': 'DENY' })
    expect(page.headers['content-security-policy']).toMatch(
      /^default-src 'none'; img-src data:; style-src 'sha256-/,
    )
  })

  it('refuses what needs a linked account, and says so', async () => {
    const answer = await harness.post('/api/send', { phone_number: contact, message: 'too early' })
    expect([answer.status, answer.json.code]).toEqual([409, 'not_linked'])
  })

  it('runs through authenticated to ready once the phone has scanned', async () => {
    const seen: string[] = []
    const stop = harness.app.session.onChange(() => {
      const { state } = harness.app.session.status()
      if (seen.at(-1) !== state) seen.push(state)
    })
    await harness.world.scan()
    const status = await harness.until('ready')
    stop()
    const { account } = harness.world.state()
    expect(seen.slice(-2)).toEqual(['authenticated', 'ready'])
    expect(status).toMatchObject({
      state: 'ready',
      ready: true,
      authenticated: true,
      connected: true,
      has_qr: false,
      pairing: null,
      last_error: null,
      linked: true,
      account: { wid: `${account.phone}@c.us`, pushname: account.pushname, platform: account.platform },
    })
    expect(status.whatsapp_web_version).toContain(build.split('-')[0])
    expect((await harness.get('/qr')).text).toContain('Linked as')
  })

  it('says what is missing on this build', async () => {
    const { json } = await harness.get('/api/capabilities')
    const missing = MISSING[build] ?? []
    expect(json).toMatchObject({ is_known_build: true, missing, whatsapp_web_version: build })
  })

  it('sends a text that WhatsApp has then', async () => {
    const message = `Hello ✓ <b>${build}</b>\nsecond line`
    const before = Date.now()
    const answer = await harness.post('/api/send', { phone_number: `+${contact}`, message })
    expect(answer.json).toMatchObject({ ok: true, to: contact, chat_id: `${contact}@c.us` })
    expect(Object.keys(answer.json)).toEqual(['ok', 'to', 'chat_id', 'message_id', 'timestamp'])
    const at = Date.parse(answer.json.timestamp)
    expect(at >= before && at <= Date.now()).toBe(true)
    const arrived = harness.world.messages().filter(({ body }) => body === message)
    expect(arrived).toHaveLength(1)
    expect(arrived[0]).toMatchObject({ fromMe: true, chat: `${contact}@c.us` })
    expect(arrived[0]?.ack).toBeGreaterThanOrEqual(1)
    expect(answer.json.message_id).toMatch(/^true_\d+@c\.us_[0-9A-F]+$/)
    expect(answer.json.message_id).toContain(arrived[0]?.id)
  })

  it('sends to a person whom WhatsApp addresses by LID, and returns the phone number', async () => {
    const byLid = harness.world.state().contacts.find(({ lidChat }) => lidChat)?.phone ?? ''
    const answer = await harness.post('/api/send', { phone_number: byLid, message: 'by LID' })
    expect(answer.json).toMatchObject({ ok: true, to: byLid, chat_id: `${byLid}@c.us` })
    const [arrived] = harness.world.messages().filter(({ body }) => body === 'by LID')
    expect(answer.json.message_id).toBe(`true_${byLid}@c.us_${arrived?.id}`)
  })

  it('sends to itself too, whose key ends in _out', async () => {
    const { phone } = harness.world.state().account
    const answer = await harness.post('/api/send', { phone_number: phone, message: 'note to self' })
    expect([answer.status, answer.json.code]).toEqual([200, undefined])
    expect(answer.json.message_id).toMatch(/^true_\d+@c\.us_[0-9A-F]+_out$/)
    expect(harness.world.messages().filter(({ body }) => body === 'note to self')).toHaveLength(1)
  })

  it('rejects a number that is not on WhatsApp', async () => {
    const answer = await harness.post('/api/send', { phone_number: '99900011122233', message: 'x' })
    expect([answer.status, answer.json.code]).toEqual([422, 'not_on_whatsapp'])
  })

  it('logs that messages arrive, without names or texts', async () => {
    const text = `secret words ${build}`
    await harness.world.write({ from: contact, text })
    const group = harness.world.state().groups[0]
    await harness.world.write({ from: group?.members[0]?.split('@')[0] ?? '', text, chat: group?.id ?? '' })
    await expect.poll(() => received(harness, false)).toBe(1)
    await expect.poll(() => received(harness, true)).toBe(1)
    const log = JSON.stringify(harness.log)
    for (const secret of [text, contact, group?.id ?? '']) expect(log).not.toContain(secret)
  })

  it('is ready after a restart without a QR, and sends', async () => {
    await harness.restart()
    const seen = new Set<string>()
    harness.app.session.onChange(() => seen.add(harness.app.session.status().state))
    await harness.until('ready')
    expect(seen.has('qr')).toBe(false)
    const answer = await harness.post('/api/send', { phone_number: contact, message: 'after the restart' })
    expect(answer.json).toMatchObject({ ok: true })
  })

  it('does what the examples of all operations ask for, where the build can, and says so before', async () => {
    const { operations } = (await harness.get('/api/capabilities')).json
    for (const row of EXAMPLES) {
      found[row.name] = await runExample(row, harness)
      const { state } = operations.find(({ operation }: { operation: string }) => operation === row.name)
      expect([row.name, state]).toEqual([row.name, found[row.name] === 'broken' ? 'broken' : 'works'])
    }
  }, 300_000)

  it('logs out, and starts again with a QR, without a new server', async () => {
    expect((await harness.post('/api/logout')).json).toEqual({ ok: true, unlinked_remotely: true })
    expect(await harness.status()).toMatchObject({
      state: 'stopped',
      linked: false,
      account: null,
      last_error: null,
    })
    expect(harness.world.state().devices).toEqual([])
    expect(existsSync(join(harness.authDir, 'session-default', 'Default'))).toBe(false)
    expect((await harness.post('/api/auth/start')).json.state).toBe('qr')
    found.start_auth = 'works'
    found.logout = 'works'
  })

  it('links by a pairing code', async () => {
    const { phone } = harness.world.state().account
    const answer = await harness.post('/api/pairing-code', { phone_number: `+${phone}` })
    expect(answer.json).toMatchObject({ already_authenticated: false, phone_number: phone })
    expect(answer.json.code).toMatch(/^[0-9A-Z]{8}$/)
    expect(answer.json.instructions).toContain('Link with phone number instead')
    expect(await harness.status()).toMatchObject({ state: 'qr', has_qr: false, pairing: { method: 'code' } })
    await harness.world.typePairingCode({ code: answer.json.code })
    await harness.until('ready')
    const again = await harness.post('/api/pairing-code', { phone_number: phone })
    expect(again.json).toMatchObject({ already_authenticated: true, code: null, status: { state: 'ready' } })
    found.pairing_code = 'works'
  })

  it('is in the documentation with what works on it', async () => {
    await expect(`${JSON.stringify(found, null, 2)}\n`).toMatchFileSnapshot(`snapshots/builds/${build}.json`)
  })
})

function received(harness: Harness, group: boolean): number {
  return harness.log.filter((line) => line.msg === 'message.received' && line.group === group).length
}
