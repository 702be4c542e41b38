/** An archive whose file is damaged: the server starts, says so, and keeps telling its state. */
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { openSimulator } from '../simulator/open-simulator.ts'
import type { Simulator } from '../simulator/simulator.ts'
import type { Clock } from '../src/clock.ts'
import { toJid } from '../src/model/ids.ts'
import { placesIn } from '../src/session/auth-dir.ts'
import { ME } from '../src/store/people.ts'
import { connect } from '../src/store/sqlite.ts'
import { openArchive } from '../src/store/unlock.ts'
import { type Harness, openHarness } from './harness.ts'
import { createTestClock } from './test-clock.ts'

/** A check is a process of its own, which may wait for its turn on a busy machine. */
const SLOWLY = { timeout: 60_000 }
vi.setConfig({ testTimeout: 90_000 })

const ACCOUNT = '15550001000@c.us'

let simulator: Simulator
let harness: Harness
beforeAll(async () => {
  simulator = await openSimulator({ dataDir: null, pace: 'none', control: null })
})
afterAll(() => simulator.close())
afterEach(() => harness.close())

/** A directory with the archive of an account that is not linked any more: no browser is needed to read it. */
function unlinked({ isClosed = true, secret = null }: { isClosed?: boolean; secret?: string | null } = {}): {
  authDir: string
  file: string
} {
  const authDir = mkdtempSync(join(tmpdir(), 'wma-test-'))
  const { own } = placesIn(authDir)
  const file = join(own, 'archives', '15550001000.db')
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const store = openArchive(file, secret)
  store.meta.set('account_wid', ACCOUNT)
  store.transaction(() => {
    const chat = store.chats.insert('group', { jid: toJid('120363000000000001@g.us') })
    for (let id = 1; id <= 500; id += 1) {
      const facts = { sender: ME, type: 'chat', ack: 1, has_media: 0, details: null }
      const times = { edited_at_ms: null, revoked_at_ms: null }
      store.messages.insert({ id, chat, bare_id: `3EB0${id}`, body: `text ${id}`, ...facts, ...times })
    }
  })
  if (isClosed) store.close()
  // As a killed server leaves it, but for its log.
  else {
    store.db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    store.db.close()
  }
  writeFileSync(join(own, 'account.json'), JSON.stringify({ wid: ACCOUNT }), { mode: 0o600 })
  return { authDir, file }
}

/** Overwrites these pages; all but the first if omitted. */
function overwrite(file: string, from = 1, pages = statSync(file).size / PAGE_BYTES - from): void {
  const fd = openSync(file, 'r+')
  writeSync(fd, Buffer.alloc(pages * PAGE_BYTES, 0xa5), 0, undefined, from * PAGE_BYTES)
  closeSync(fd)
}

/** A page in the middle of an index that no start reads. */
function pageOfAnIndex(file: string): number {
  const db = connect(file)
  const [row] = db
    .query<{ pageno: number }>(
      "SELECT pageno FROM dbstat WHERE name = 'messages_by_bare_id' AND pagetype = 'leaf' LIMIT 1 OFFSET 1",
    )
    .all()
  db.close()
  return (row?.pageno ?? 0) - 1
}

const archive = async () => (await harness.status()).archive
const checks = () => harness.log.filter(({ msg }) => msg === 'the archive was checked')

const PAGE_BYTES = 4096

it('the state is returned while no page of the archive can be read', async () => {
  const { authDir, file } = unlinked()
  harness = await openHarness({ authDir, simulator })
  expect((await harness.status()).archive).toMatchObject({ messages: 500, problem: null })
  // Another connection writes, so that the server reads its pages again.
  const other = connect(file)
  other.exec("INSERT INTO people (phone) VALUES ('15550009999@c.us'); PRAGMA wal_checkpoint(TRUNCATE)")
  overwrite(file)
  for (const path of ['/api/status', '/health', '/', '/qr']) {
    expect([path, (await harness.get(path)).status]).toEqual([path, 200])
  }
  expect((await harness.status()).archive?.problem).toBe('archive_damaged')
  const client = await harness.mcp('current')
  const result = await client.callTool({ name: 'whatsapp_status', arguments: {} })
  expect(result.isError ?? false).toBe(false)
  expect((await harness.get('/api/chats')).json.code).toBe('archive_damaged')
  other.close()
})

describe('an archive that the last server did not close', () => {
  it('is served at once, checked meanwhile, and refused once the check finds it damaged, also by the next server', async () => {
    const { authDir, file } = unlinked({ isClosed: false })
    overwrite(file, pageOfAnIndex(file), 1)
    const clock = createPatientClock()
    harness = await openHarness({ authDir, simulator, clock })
    expect(await archive()).toMatchObject({ messages: 500, problem: null, checking: true })
    expect((await harness.get('/api/chats')).status).toBe(200)
    clock.begin()
    await expect
      .poll(archive, SLOWLY)
      .toMatchObject({ messages: null, problem: 'archive_damaged', checking: false, stale_since: null })
    expect((await harness.status()).next_step).toMatch(/replace it with a backup/)
    expect((await harness.get('/api/chats')).json.code).toBe('archive_damaged')
    expect(checks()).toMatchObject([{ why: 'not_closed', finding: 'damaged', ms: expect.any(Number) }])
    await harness.restart()
    expect(await archive()).toMatchObject({ messages: null, problem: 'archive_damaged', checking: false })
  })

  it.each([null, 'a secret of some length'])(
    'is checked once: the next server finds it closed (%s)',
    async (secret) => {
      const { authDir } = unlinked({ isClosed: false, secret })
      harness = await openHarness({
        authDir,
        simulator,
        env: secret === null ? {} : { WHATSAPP_ARCHIVE_KEY: secret },
      })
      await expect.poll(archive, SLOWLY).toMatchObject({ messages: 500, problem: null, checking: false })
      expect(checks()).toMatchObject([{ why: 'not_closed', finding: 'intact' }])
      await harness.restart()
      expect(await archive()).toMatchObject({ problem: null, checking: false })
    },
  )

  it('is checked by the next server where this one stops first', async () => {
    const { authDir } = unlinked({ isClosed: false })
    const clock = createPatientClock()
    harness = await openHarness({ authDir, simulator, clock })
    await harness.restart()
    expect(await archive()).toMatchObject({ checking: true })
    expect(checks()).toEqual([])
    clock.begin()
    await expect.poll(checks, SLOWLY).toMatchObject([{ why: 'not_closed', finding: 'intact' }])
  })
})

it('an archive that was copied here is checked whole, until a check has ended', async () => {
  const { authDir, file } = unlinked()
  copyFileSync(file, `${file}.copy`)
  renameSync(`${file}.copy`, file)
  const clock = createPatientClock()
  harness = await openHarness({ authDir, simulator, clock })
  await harness.restart()
  expect(await archive()).toMatchObject({ messages: 500, problem: null, checking: true })
  clock.begin()
  await expect.poll(checks, SLOWLY).toMatchObject([{ why: 'copied' }])
  expect(await archive()).toMatchObject({ problem: null, checking: false })
})

it('an archive that was closed is checked a minute after the start', async () => {
  const { authDir, file } = unlinked()
  overwrite(file, pageOfAnIndex(file), 1)
  const clock = createTestClock()
  harness = await openHarness({ authDir, simulator, clock })
  expect(await archive()).toMatchObject({ messages: 500, problem: null, checking: false })
  clock.advance(60_000)
  await expect.poll(archive, SLOWLY).toMatchObject({ problem: 'archive_damaged' })
  expect(checks()).toMatchObject([{ why: 'routine', finding: 'damaged' }])
})

/** Of archive-check.ts. */
const SOON_MS = 500

/** A clock on which a check that is due soon waits for `begin`, however long the requests before it take. */
function createPatientClock(): Clock & { begin(): void } {
  const clock = createTestClock()
  let waiting: Set<() => void> | null = new Set()
  return {
    now: clock.now,
    after(ms, run) {
      if (ms !== SOON_MS || waiting === null) return clock.after(ms, run)
      waiting.add(run)
      return () => void waiting?.delete(run)
    },
    begin() {
      const due = [...(waiting ?? [])]
      waiting = null
      for (const run of due) run()
    },
  }
}
