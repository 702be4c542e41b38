/** Every fall that a linked session survives or ends in, one by one: the fault by name, the state that must follow. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { browserPid, browserProcesses } from './browser-processes.ts'
import { browserPath, type Harness, type HarnessOptions, openHarness } from './harness.ts'
import { createTestClock, type TestClock } from './test-clock.ts'

/** No process of a failed browser is left after this (F7). */
const GONE = { timeout: 6_000 }

let harness: Harness
let clock: TestClock

async function open(options: HarnessOptions = {}): Promise<Harness> {
  clock = createTestClock()
  harness = await openHarness({ ...options, clock })
  return harness
}

afterEach(async () => {
  await harness.close()
})

const contact = () => harness.world.state().contacts[0]?.phone ?? ''
const fault = (name: string, value: unknown = true) => harness.world.setFault({ name, value })
const status = () => harness.app.session.status()
const inBox = () => harness.log.filter(({ msg }) => msg === 'message.received').length

/** The session still does its work: a send arrives, a message comes in exactly once. */
async function expectWell(): Promise<void> {
  const before = inBox()
  const sent = await harness.post('/api/send', { phone_number: contact(), message: 'well' })
  expect(sent.json).toMatchObject({ ok: true })
  await harness.world.write({ from: contact(), text: 'well too' })
  await expect.poll(inBox).toBe(before + 1)
}

/** Linked, and written to disk by a clean close: a browser killed within seconds of linking loses the link (F14). */
async function linkForGood(): Promise<void> {
  await harness.link()
  await harness.restart()
  await harness.until('ready')
}

/** The states that the session goes through from now on, each once in a row. */
function watchStates(): string[] {
  const seen: string[] = [status().state]
  harness.app.session.onChange(() => {
    if (seen.at(-1) !== status().state) seen.push(status().state)
  })
  return seen
}

async function expectUnlinked(): Promise<void> {
  await harness.until('stopped')
  expect(status()).toMatchObject({
    reason: 'logged_out',
    linked: false,
    account: null,
    has_qr: false,
    reconnect: null,
  })
  expect(status().last_error).not.toBeNull()
  expect(status().next_step).toContain('/api/auth/start')
  await expect.poll(() => browserProcesses(harness.authDir), GONE).toEqual([])
  await expect.poll(() => existsSync(join(harness.authDir, 'session-default', 'Default'))).toBe(false)
}

describe('unlinked on the phone (F13, F15)', () => {
  it.each([true, false])('while connected, navigate: %s', async (navigate) => {
    await open()
    await harness.link()
    const seen = watchStates()
    await harness.world.unlink({ navigate })
    await expectUnlinked()
    expect(seen).not.toContain('qr')
    await harness.link()
    await expectWell()
  })

  it.each([true, false])('while the server was down, navigate: %s', async (navigate) => {
    await open()
    await harness.link()
    await harness.app.close()
    await harness.world.unlink({ navigate })
    await harness.restart()
    await expectUnlinked()
    await harness.link()
    await expectWell()
  })
})

describe('a start that fails', () => {
  it.each(['load_refused', 'module_missing'])('before anything was linked: %s (F7)', async (name) => {
    await open()
    await fault(name, name === 'module_missing' ? 'WAWebSocketModel' : true)
    const answer = await harness.post('/api/auth/start')
    const reason = name === 'module_missing' ? 'unsupported' : 'start_failed'
    expect(answer.json).toMatchObject({ state: 'stopped', reason, linked: false })
    expect(answer.json.last_error).toBeTruthy()
    expect(answer.json.next_step).toContain(
      name === 'module_missing' ? 'GET /api/capabilities' : 'POST /api/auth/start',
    )
    expect(answer.json.next_step.includes('network')).toBe(name === 'load_refused')
    await expect.poll(() => browserProcesses(harness.authDir), GONE).toEqual([])
    await fault(name, false)
    expect((await harness.post('/api/auth/start')).json.state).toBe('qr')
  })

  it('with a saved session: it is tried again by itself', async () => {
    await open()
    await harness.link()
    await fault('load_refused')
    await harness.restart()
    await harness.until('disconnected')
    expect(status()).toMatchObject({ reason: 'start_failed', linked: true, reconnect: { attempt: 1 } })
    await fault('load_refused', false)
    clock.advance(2_000)
    await harness.until('ready')
    await expectWell()
  })

  it.each(['load_hangs', 'version_never', 'opening_forever'])('that hangs: %s (F6)', async (name) => {
    await open()
    await fault(name)
    const started = harness.post('/api/auth/start')
    await expect.poll(() => browserProcesses(harness.authDir).length).toBeGreaterThan(0)
    clock.advance(26_000)
    expect((await started).json.state).toBe('starting')
    clock.advance(65_000)
    await harness.until('stopped')
    expect(status()).toMatchObject({ reason: 'start_failed' })
    await expect.poll(() => browserProcesses(harness.authDir), GONE).toEqual([])
    await fault(name, false)
    expect((await harness.post('/api/auth/start')).json.state).toBe('qr')
  })

  it('that hangs keeps no caller while the server stops', async () => {
    await open()
    await fault('load_hangs')
    const started = harness.post('/api/auth/start')
    await expect.poll(() => browserProcesses(harness.authDir).length).toBeGreaterThan(0)
    const stopAt = performance.now()
    const stopped = harness.app.close()
    expect(await started).toMatchObject({ status: 503, json: { code: 'shutting_down' } })
    // A stop waits for what is under way, for 8 s.
    expect(performance.now() - stopAt).toBeLessThan(7_000)
    await stopped
  })
})

describe('ready that does not come (F9)', () => {
  it('since the sync was done before anybody listened', async () => {
    await open()
    await harness.link()
    await fault('sync_before_attach')
    await harness.restart()
    await harness.until('ready')
    await expectWell()
  })

  it('since the sync never ends', async () => {
    await open()
    await harness.link()
    await fault('sync_never')
    await harness.restart()
    await harness.until('authenticated')
    clock.advance(61_000)
    await harness.until('disconnected')
    expect(status()).toMatchObject({ reason: 'ready_timeout', reconnect: { attempt: 1 } })
    await fault('sync_never', false)
    clock.advance(2_000)
    await harness.until('ready')
    await expectWell()
  })

  it('but that is on its way', async () => {
    await open()
    await harness.link()
    await fault('sync_slow', { percent: 10 })
    await harness.restart()
    await harness.until('authenticated')
    const onItsWay = async (percent: number) => {
      await fault('sync_slow', { percent })
      await expect.poll(() => harness.log.some((line) => line.percent === percent)).toBe(true)
      clock.advance(50_000)
      expect(status().state).toBe('authenticated')
    }
    for (const percent of [20, 30, 40]) await onItsWay(percent)
    // From the beginning again is no progress.
    await fault('sync_slow', { percent: 15 })
    await new Promise((done) => setTimeout(done, 500))
    clock.advance(11_000)
    await harness.until('disconnected')
    expect(status()).toMatchObject({ reason: 'ready_timeout' })
    await fault('sync_slow', false)
    clock.advance(2_000)
    await harness.until('ready')
  })
})

describe('a page that repeats itself (F8, F10)', () => {
  it.each(['double_synced', 'extra_iframe'])('%s: each message still comes once', async (name) => {
    await open()
    await fault(name)
    await harness.link()
    await expectWell()
    await fault(name, false)
    await fault(name)
    await expectWell()
  })

  it('reloads three times at once: not connected for a moment, then well again by itself', async () => {
    await open()
    await linkForGood()
    const seen = watchStates()
    await fault('reload_burst')
    await expect.poll(() => status().connected, { interval: 5 }).toBe(false)
    const meanwhile = await harness.post('/api/send', { phone_number: contact(), message: 'too early' })
    expect([meanwhile.status, meanwhile.json.code]).toEqual([503, 'not_connected'])
    // Between two reloads a send may begin and break off, which is said; after the last one it works.
    const send = () => harness.post('/api/send', { phone_number: contact(), message: 'again' })
    await expect.poll(async () => (await send()).status, { timeout: 30_000, interval: 500 }).toBe(200)
    expect(seen).toEqual(['ready'])
    await expectWell()
  })
})

describe('a page that is loading when the probe is due', () => {
  it('is not taken for one that hangs: the same browser goes on', async () => {
    await open()
    await linkForGood()
    const pid = browserPid(harness.authDir)
    clock.advance(22_000)
    const seen = watchStates()
    // The new document has no version, so the library waits with attaching itself to it.
    await fault('version_never')
    await fault('reload_burst', { times: 1 })
    await expect.poll(() => status().connected, { interval: 5 }).toBe(false)
    // The connection may be away for 30 s: a busy machine needs most of them for the page.
    clock.advance(8_000)
    await fault('version_never', false)
    // A page that is not there yet does not hear of the fault: once more, until it is there.
    const isConnected = () =>
      expect
        .poll(() => status().connected, { timeout: 8_000 })
        .toBe(true)
        .then(
          () => true,
          () => false,
        )
    for (let tries = 0; tries < 5 && !(await isConnected()); tries += 1) {
      await fault('reload_burst', false)
      await fault('reload_burst', { times: 1 })
    }
    expect(status().connected).toBe(true)
    expect([seen, browserPid(harness.authDir)]).toEqual([['ready'], pid])
    await expectWell()
  })
})

describe('a QR code that is not scanned (F11, F12)', () => {
  it('is not shown as long as the page composed it without a ref', async () => {
    await open()
    const shown: (string | null)[] = []
    harness.app.session.onChange(() => shown.push(harness.app.session.qr()))
    await fault('qr_without_ref')
    expect((await harness.post('/api/auth/start')).json.state).toBe('qr')
    expect(harness.app.session.qr()).toMatch(/^2@/)
    expect(shown.filter((qr) => qr?.startsWith('undefined'))).toEqual([])
  })

  it('stops, and starts again', async () => {
    await open()
    await harness.post('/api/auth/start')
    clock.advance(10 * 60_000 + 1)
    await harness.until('stopped')
    expect(status()).toMatchObject({ reason: 'qr_expired', has_qr: false })
    expect((await harness.post('/api/auth/start')).json.state).toBe('qr')
  })

  it('is requested again when WhatsApp stops showing codes while the page is open', async () => {
    await open()
    await harness.post('/api/auth/start')
    await fault('qr_idle')
    await expect.poll(() => harness.log.length).toBeGreaterThan(0)
    await fault('qr_idle', false)
    clock.advance(61_000)
    await harness.until('qr')
    await harness.world.scan()
    await harness.until('ready')
  })
})

describe('the browser dies', () => {
  it('whole (F1): seen within 2 s, ready again without a QR', async () => {
    await open()
    await linkForGood()
    const seen = watchStates()
    process.kill(browserPid(harness.authDir), 'SIGKILL')
    await harness.until('disconnected', 2_000)
    expect(status()).toMatchObject({ reason: 'crashed', reconnect: { attempt: 1 } })
    clock.advance(2_000)
    await harness.until('ready')
    expect(seen).toEqual(['ready', 'disconnected', 'starting', 'authenticated', 'ready'])
    await expectWell()
  })

  it('in its renderer only (F2)', async () => {
    await open()
    await linkForGood()
    for (const { pid, type } of browserProcesses(harness.authDir))
      if (type === 'renderer') process.kill(pid, 'SIGKILL')
    await harness.until('disconnected', 2_000)
    expect(status().reason).toBe('crashed')
    clock.advance(2_000)
    await harness.until('ready')
    await expectWell()
  })

  it('or hangs: found by the next probe, ready again in a new one', async () => {
    await open()
    await linkForGood()
    const pid = browserPid(harness.authDir)
    for (const { pid, type } of browserProcesses(harness.authDir))
      if (type === 'renderer') process.kill(pid, 'SIGSTOP')
    clock.advance(31_000)
    expect(status().state).toBe('ready')
    clock.advance(11_000)
    await harness.until('disconnected', 2_000)
    expect(status()).toMatchObject({ reason: 'not_responding', reconnect: { attempt: 1 } })
    clock.advance(2_000)
    await harness.until('ready')
    expect(browserPid(harness.authDir)).not.toBe(pid)
    await expectWell()
  })

  it('by our own hand, closed while it is being launched', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wma-slow-'))
    const slow = join(folder, 'browser')
    writeFileSync(slow, `#!/bin/sh\nsleep 1\nexec '${browserPath()}' "$@"\n`, { mode: 0o755 })
    vi.stubEnv('WHATSAPP_CHROME_EXECUTABLE', slow)
    await open()
    const started = harness.post('/api/auth/start').catch(() => null)
    const browsers = () => browserProcesses(harness.authDir).filter(({ type }) => type === 'browser')
    // The script, and what it sleeps with.
    await expect.poll(() => browsers().length).toBeGreaterThan(0)
    await harness.app.session.close()
    expect(browsers()).toEqual([])
    // Its helpers follow it.
    await expect.poll(() => browserProcesses(harness.authDir), GONE).toEqual([])
    clock.advance(26_000)
    await started
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true })
  })

  it('while a QR was shown', async () => {
    await open()
    await harness.post('/api/auth/start')
    process.kill(browserPid(harness.authDir), 'SIGKILL')
    await harness.until('stopped', 2_000)
    expect(status()).toMatchObject({ reason: 'start_failed', has_qr: false })
    await harness.link()
  })
})

describe('another browser takes the session (F15)', () => {
  it('is answered once a minute, three times, then waits for a person', async () => {
    await open()
    await harness.link()
    await fault('conflict', { again: true })
    for (let attempt = 1; attempt <= 3; attempt++) {
      await harness.until('disconnected')
      expect(status()).toMatchObject({ reason: 'conflict', reconnect: { attempt } })
      clock.advance(59_000)
      expect(status().state).toBe('disconnected')
      clock.advance(14_000)
      await harness.until('starting')
    }
    await harness.until('disconnected')
    expect(status()).toMatchObject({ reason: 'conflict', reconnect: null })
    await fault('conflict', false)
    await harness.post('/api/auth/start')
    await harness.until('ready')
  })

  it.each(['TOS_BLOCK', 'PROXYBLOCK', 'DEPRECATED_VERSION'])('%s is never fought', async (value) => {
    await open()
    await harness.link()
    await fault('state', value)
    await harness.until('disconnected')
    expect(status()).toMatchObject({ reason: 'blocked', reconnect: null })
    expect(status().next_step).toContain('refuses')
  })
})

describe('the network goes (F16)', () => {
  it('and comes back soon: the state stays ready, and connected is false', async () => {
    await open()
    await harness.link()
    const seen = watchStates()
    await fault('offline')
    await expect.poll(() => status().connected).toBe(false)
    const answer = await harness.post('/api/send', { phone_number: contact(), message: 'offline' })
    expect([answer.status, answer.json.code]).toEqual([503, 'not_connected'])
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    await fault('offline', false)
    await expect.poll(() => status().connected).toBe(true)
    // In one leap: a second one would leave the probe that falls due no time to answer.
    clock.advance(121_000)
    await expectWell()
    expect(seen).toEqual(['ready'])
  })

  it('for more than 30 s: disconnected, and back in the same browser', async () => {
    await open()
    await harness.link()
    const pid = browserPid(harness.authDir)
    await fault('offline')
    await expect.poll(() => status().connected).toBe(false)
    clock.advance(31_000)
    expect(status()).toMatchObject({ state: 'disconnected', reason: 'offline', ready: false })
    await fault('offline', false)
    await harness.until('ready')
    expect(browserPid(harness.authDir)).toBe(pid)
    await expectWell()
  })

  it('for more than 120 s: the browser is started anew', async () => {
    await open()
    await harness.link()
    const pid = browserPid(harness.authDir)
    await fault('offline')
    await expect.poll(() => status().connected).toBe(false)
    clock.advance(31_000)
    clock.advance(90_000)
    expect(status()).toMatchObject({ state: 'disconnected', reason: 'offline', reconnect: { attempt: 1 } })
    await fault('offline', false)
    clock.advance(2_000)
    await harness.until('ready')
    expect(browserPid(harness.authDir)).not.toBe(pid)
  })
})

describe('linking while the network or the page stumbles', () => {
  it('is not taken for a refusal', async () => {
    await open()
    await harness.post('/api/auth/start')
    for (const value of ['TIMEOUT', 'OPENING', 'PAIRING', 'UNPAIRED']) await fault('state', value)
    await fault('state', false)
    expect(status()).toMatchObject({ state: 'qr', reason: null })
    await harness.world.scan()
    await harness.until('ready')
  })

  it('goes on after a reload of the page that just came up', async () => {
    await open()
    await fault('reload_burst')
    expect((await harness.post('/api/auth/start')).json).toMatchObject({ state: 'qr' })
    await harness.world.scan()
    await harness.until('ready')
    await expectWell()
  })

  it('is not refused because a pairing code is requested during a reload', async () => {
    await open()
    await harness.post('/api/auth/start')
    // The library is attached: a request waits for its first attachment.
    await expect.poll(() => harness.app.session.abilities().check).not.toBeNull()
    const shown = () => harness.world.state().linking.qr
    const reloaded = async (work: () => Promise<unknown>) => {
      const before = shown()
      await work()
      await expect.poll(() => shown() !== null && shown() !== before).toBe(true)
    }
    const reload = async () => {
      await fault('reload_burst', false)
      await fault('reload_burst', { times: 1, withinMs: 0 })
    }
    // The new document has no version, so the library waits with attaching itself to it.
    await fault('version_never')
    await reloaded(reload)
    await reloaded(async () => {
      const answer = await harness.post('/api/pairing-code', { phone_number: '15550001000' })
      expect([answer.status, answer.json.code]).toEqual([502, 'whatsapp_error'])
    })
    expect(status()).toMatchObject({ state: 'qr', has_qr: false, reason: null })
    expect(harness.app.session.abilities().abilities.pairing_code.state).not.toBe('broken')
    await fault('version_never', false)
    await reloaded(reload)
    await expect.poll(() => status().has_qr).toBe(true)
    const second = await harness.post('/api/pairing-code', { phone_number: '15550001000' })
    expect([second.status, status().pairing?.method]).toEqual([200, 'code'])
  })
})

describe('linking that fails', () => {
  it('a code that WhatsApp refuses', async () => {
    await open()
    await fault('pairing_refused')
    const answer = await harness.post('/api/pairing-code', { phone_number: '15550001000' })
    expect([answer.status, answer.json.code]).toEqual([422, 'pairing_refused'])
    expect(status()).toMatchObject({ state: 'auth_failure', reason: 'link_refused' })
    await fault('pairing_refused', false)
    await harness.link()
  })

  it('too many codes', async () => {
    await open()
    await fault('pairing_rate_limited')
    const answer = await harness.post('/api/pairing-code', { phone_number: '15550001000' })
    expect([answer.status, answer.json.code]).toEqual([429, 'pairing_rate_limited'])
    // The QR code from before the request is dead; the one that is shown now, or in a moment, is the page's own.
    const isOwn = () => status().has_qr && harness.app.session.qr() === harness.world.state().linking.qr
    await expect.poll(isOwn).toBe(true)
    await harness.world.scan()
    await harness.until('ready')
  })

  it('a code beside a saved session that may be alive', async () => {
    await open()
    await harness.link()
    await fault('load_refused')
    await harness.restart()
    await harness.until('disconnected')
    const answer = await harness.post('/api/pairing-code', { phone_number: '15550001000' })
    expect([answer.status, answer.json.code]).toEqual([409, 'session_exists'])
    expect(answer.json.hint).toContain('/api/logout')
  })

  it('a code that is not typed is replaced with QR codes', async () => {
    await open()
    await harness.post('/api/pairing-code', { phone_number: '15550001000' })
    clock.advance(181_000)
    await expect.poll(() => status().has_qr).toBe(true)
    expect(status()).toMatchObject({ state: 'qr', pairing: { method: 'qr' } })
  })

  it('a code whose connection ends is replaced with QR codes', async () => {
    await open()
    await harness.post('/api/pairing-code', { phone_number: '15550001000' })
    expect(status().pairing?.method).toBe('code')
    await fault('offline')
    await expect.poll(() => status().pairing?.method).not.toBe('code')
    await fault('offline', false)
    await expect.poll(() => status().has_qr).toBe(true)
    await harness.world.scan()
    await harness.until('ready')
  })

  it('a code whose page reloads is replaced with QR codes', async () => {
    await open()
    await harness.post('/api/pairing-code', { phone_number: '15550001000' })
    expect(status().pairing?.method).toBe('code')
    await fault('reload_burst', { times: 1 })
    await expect.poll(() => status().pairing?.method).not.toBe('code')
    await expect.poll(() => status().has_qr).toBe(true)
    await harness.world.scan()
    await harness.until('ready')
  })

  it('a passkey that is not confirmed', async () => {
    await open()
    await harness.post('/api/auth/start')
    await fault('passkey_required')
    await expect(harness.world.scan()).rejects.toThrow(/passkey/)
    await expect.poll(() => harness.log.some(({ msg }) => String(msg).includes('passkey'))).toBe(true)
    clock.advance(61_000)
    await harness.until('auth_failure')
    expect(status()).toMatchObject({ reason: 'passkey_required' })
    expect(status().next_step).toContain('WHATSAPP_HEADLESS=false')
  })
})

describe('logout', () => {
  it('that WhatsApp never answers ends after 15 s and says so (F18)', async () => {
    await open()
    await harness.link()
    await fault('logout_hangs')
    const answer = harness.post('/api/logout')
    await expect.poll(async () => (await harness.post('/api/auth/start')).status).toBe(409)
    clock.advance(16_000)
    expect((await answer).json).toMatchObject({ ok: true, unlinked_remotely: false })
    expect((await answer).json.hint).toContain('Linked devices')
    expect(status()).toMatchObject({ state: 'stopped', linked: false })
  })

  it('that throws in the page (F18)', async () => {
    await open()
    await harness.link()
    await fault('logout_throws')
    expect((await harness.post('/api/logout')).json).toMatchObject({ ok: true, unlinked_remotely: false })
    expect(browserProcesses(harness.authDir)).toEqual([])
    await harness.link()
  })

  it('when nothing runs', async () => {
    await open()
    expect((await harness.post('/api/logout')).json).toEqual({ ok: true })
  })
})

describe('another account, later', () => {
  it('is linked in the same directory', async () => {
    await open()
    await harness.link()
    await harness.post('/api/logout')
    harness.world.switchAccount({ phone: '15550002000', pushname: 'Second' })
    await harness.link()
    expect(status().account).toMatchObject({ wid: '15550002000@c.us', pushname: 'Second' })
  })
})

describe('sending', () => {
  const send = () => harness.post('/api/send', { phone_number: contact(), message: 'uncertain' })
  const arrived = () => harness.world.messages().filter(({ body }) => body === 'uncertain')

  it.each([true, { delivered: true }])(
    'without any answer (%j) is unknown, and never repeated (F19)',
    async (value) => {
      await open()
      await harness.link()
      await fault('send_hangs', value)
      const answer = send()
      await expect.poll(() => harness.log.some(({ msg }) => msg === 'message.sent')).toBe(true)
      clock.advance(28_500)
      expect(await answer).toMatchObject({
        status: 504,
        json: { code: 'send_outcome_unknown', retry: 'check_first' },
      })
      expect((await answer).json.message_id).toMatch(/^true_/)
      expect(arrived().length).toBe(value === true ? 0 : 1)
    },
  )

  it('that WhatsApp refuses (ack -1)', async () => {
    await open()
    await harness.link()
    await fault('send_fails')
    expect(await send()).toMatchObject({ status: 422, json: { code: 'send_refused' } })
  })

  it('that resolves without a message is found by its own events', async () => {
    await open()
    await harness.link()
    await fault('send_returns_undefined')
    const answer = await send()
    expect(answer.json).toMatchObject({ ok: true })
    expect(answer.json.message_id).toContain(arrived()[0]?.id)
  })

  it('that the page rejects is unknown: it may have been on its way', async () => {
    await open()
    await harness.link()
    await fault('send_rejects')
    expect(await send()).toMatchObject({ status: 504, json: { code: 'send_outcome_unknown' } })
  })

  it('asks for the number first, so that one never written to works (F21)', async () => {
    await open()
    await harness.link()
    await fault('no_lid')
    expect((await send()).json).toMatchObject({ ok: true })
  })

  it('never sends a read receipt first (F20)', async () => {
    await open()
    await harness.link()
    await fault('seen_throws')
    expect((await send()).json).toMatchObject({ ok: true })
  })

  it('while the server stops is answered, not cut off (F17)', async () => {
    await open()
    await harness.link()
    await fault('send_hangs')
    const answer = send()
    await expect.poll(() => harness.log.some(({ msg }) => msg === 'message.sent')).toBe(true)
    const closed = harness.app.close()
    await expect.poll(() => clock.waits(8_000)).toBe(true)
    clock.advance(8_000)
    await closed
    expect(await answer).toMatchObject({ status: 504, json: { code: 'send_outcome_unknown' } })
  })

  it('while the browser dies is unknown (F19)', async () => {
    await open()
    await harness.link()
    await fault('send_hangs')
    const answer = send()
    await expect.poll(() => harness.log.some(({ msg }) => msg === 'message.sent')).toBe(true)
    process.kill(browserPid(harness.authDir), 'SIGKILL')
    expect(await answer).toMatchObject({ status: 504, json: { code: 'send_outcome_unknown' } })
  })
})
if (process.env.DEBUG_LOG) afterEach(() => console.log(harness.log.map((l) => JSON.stringify(l)).join('\n')))
