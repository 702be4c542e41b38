/** Compatibility with the builds of WhatsApp Web: what fails without each piece, and what does not with all of them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { newestBuild } from '../simulator/builds.ts'
import { openSimulator } from '../simulator/open-simulator.ts'
import { sampleBytes } from '../simulator/service/media-samples.ts'
import type { Simulator } from '../simulator/simulator.ts'
import { createDeferred, systemClock } from '../src/clock.ts'
import type { Engine, EngineEvent } from '../src/engine/engine.ts'
import { PIECES } from '../src/engine/wweb/compat/pieces.ts'
import { launchArgs } from '../src/engine/wweb/launch-args.ts'
import { wwebEngine } from '../src/engine/wweb/open-engine.ts'
import { createLog } from '../src/log.ts'
import { newBareId, toJid } from '../src/model/ids.ts'
import { browserPath, type Harness, openHarness } from './harness.ts'
import { createTestClock } from './test-clock.ts'

const NEWS_S = 301

let simulator: Simulator
let engine: Engine
let events: EngineEvent[]
let folder: string
let channel: string

/** Links an engine with these pieces to the double; resolves at its first event of this type. */
async function link(without: string | null, until: EngineEvent['type']): Promise<void> {
  events = []
  folder = mkdtempSync(join(tmpdir(), 'wma-compat-'))
  const opened = createDeferred<true>()
  engine = await wwebEngine({
    profileDir: join(folder, 'session-default'),
    executablePath: browserPath(),
    headless: true,
    browserArgs: launchArgs(true, simulator.chromiumArgs).args,
    proxy: null,
    clock: systemClock,
    log: createLog({ level: 'error', write: () => {} }),
    pieces: PIECES.filter(({ name }) => name !== without),
  })({
    emit(event) {
      events.push(event)
      if (event.type === until) opened.resolve(true)
    },
  })
  // A phone waits for a code for 10 s, in which a busy machine may load no page.
  await simulator.world.scan().catch(() => simulator.world.scan())
  await opened.promise
}

const types = () => events.map(({ type }) => type)
const send = (text: string, limitMs: number) =>
  engine.send(toJid(`${amara()}@c.us`), { kind: 'text', text }, { bareId: newBareId(), limitMs })
const amara = () => simulator.world.state().contacts[0]?.phone ?? ''

describe(`on build ${newestBuild.name}`, () => {
  beforeAll(async () => {
    simulator = await openSimulator({ dataDir: null, pace: 'none', control: null, build: newestBuild.name })
  })
  afterAll(() => simulator.close())
  afterEach(async () => {
    await engine.close()
    await simulator.world.unlink()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })

  it('every piece together: it links, sends, and stays linked', async () => {
    await link(null, 'ready')
    const sent = await send('with all', 30_000)
    expect(sent.id).toContain(sent.message.bareId)
    const devices = () => simulator.world.state().devices.map(({ news }) => news)
    await expect.poll(devices).toEqual([false])
    await simulator.world.moveClock({ seconds: NEWS_S })
    expect(devices()).toEqual([false])
    expect(types()).not.toContain('ended')
  })

  it('without stand_ins: a missing module that the library alone needs ends the start', async () => {
    await simulator.world.setFault({ name: 'module_missing', value: { names: ['WAWebCmd'] } })
    await link('stand_ins', 'ended')
    await simulator.world.clearFaults()
    expect(types()).not.toContain('ready')
  })

  it('with stand_ins: a reload of a page without a module that the library alone needs is repaired too', async () => {
    await simulator.world.setFault({ name: 'module_missing', value: { names: ['WAWebCmd'] } })
    await link(null, 'ready')
    await simulator.world.setFault({ name: 'reload_burst', value: { times: 1, withinMs: 0 } })
    await expect.poll(types, { timeout: 60_000 }).toContain('missed')
    await simulator.world.clearFaults()
    expect(types()).not.toContain('ended')
  })

  it('without news_dialog: WhatsApp removes the device after five minutes', async () => {
    await link('news_dialog', 'authenticated')
    await simulator.world.moveClock({ seconds: NEWS_S })
    expect(simulator.world.state().devices).toEqual([])
    await expect.poll(types, { timeout: 60_000 }).toContain('ended')
  })

  it.each([
    ['media_ids', 'no media is sent', () => `${amara()}@c.us`, 'must include an id property'],
    ['channel_media', 'no media is posted in a channel', () => channel, 'avParams is not a function'],
    [
      'status_media',
      'no media is posted as a status update',
      () => 'status@broadcast',
      'canCheckStatusRankingPosterGating is not a function',
    ],
  ])('without %s: %s', async (piece, _, to, message) => {
    const { id } = await simulator.world.addChannel({ name: 'Ours', own: true })
    channel = id
    await link(piece, 'ready')
    const path = join(folder, 'picture')
    const bytes = sampleBytes('image', 400, 'compat')
    writeFileSync(path, bytes)
    const picture = {
      kind: 'media',
      path,
      as: 'image',
      mimetype: 'image/jpeg',
      filename: 'a.jpg',
      sizeBytes: 400,
      sha256: '',
    } as const
    const sending = engine.send(toJid(to()), picture, { bareId: newBareId(), limitMs: 30_000 })
    await expect(sending).rejects.toMatchObject({ cause: { message: expect.stringContaining(message) } })
  })

  it('without message_keys: a send is never known', async () => {
    await link('message_keys', 'ready')
    const sending = send('without keys', 3_000)
    await expect(sending).rejects.toMatchObject({ code: 'send_outcome_unknown' })
  })
})

describe('the server on the newest build', () => {
  const clock = createTestClock()
  let harness: Harness
  beforeAll(async () => {
    harness = await openHarness({ build: newestBuild.name, clock, qrTtlMs: 300 })
  })
  afterAll(() => harness.close())

  it('asks the page for a QR code again when codes stop without a word', async () => {
    await harness.post('/api/auth/start')
    const shown = () => harness.world.state().linking.qr
    await expect.poll(shown, { timeout: 10_000 }).toBe(null)
    const starts = harness.log.filter(({ state }) => state === 'starting').length
    clock.advance(66_000)
    expect(await harness.status()).toMatchObject({ state: 'qr', next_step: expect.any(String) })
    await harness.world.scan()
    await harness.until('ready')
    expect(harness.log.filter(({ state }) => state === 'starting')).toHaveLength(starts)
  })

  it('confirms the news in any case, and logs it', async () => {
    const news = () => harness.world.state().devices.map((device) => device.news)
    await expect.poll(news).toEqual([false])
    await expect.poll(() => harness.log.filter(({ msg }) => String(msg).includes('Continue'))).toHaveLength(1)
  })

  it('says what is known of a device that was removed soon after it was linked', async () => {
    await harness.world.unlink()
    const { last_error } = await harness.until('stopped')
    expect(last_error).toContain('linked less than a minute before. Known causes:')
  })
})
