/** An archive whose file is damaged: the server starts, says so, and keeps telling its state. */
import { closeSync, mkdirSync, mkdtempSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { openSimulator } from '../simulator/open-simulator.ts'
import type { Simulator } from '../simulator/simulator.ts'
import { toJid } from '../src/model/ids.ts'
import { placesIn } from '../src/session/auth-dir.ts'
import { ME } from '../src/store/people.ts'
import { connect } from '../src/store/sqlite.ts'
import { openStore } from '../src/store/store.ts'
import { type Harness, openHarness } from './harness.ts'

const ACCOUNT = '15550001000@c.us'

let simulator: Simulator
let harness: Harness
beforeAll(async () => {
  simulator = await openSimulator({ dataDir: null, pace: 'none', control: null })
})
afterAll(() => simulator.close())
afterEach(() => harness.close())

/** A directory with the archive of an account that is not linked any more: no browser is needed to read it. */
function unlinked(): { authDir: string; file: string } {
  const authDir = mkdtempSync(join(tmpdir(), 'wma-test-'))
  const { own } = placesIn(authDir)
  const file = join(own, 'archives', '15550001000.db')
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const store = openStore(file)
  store.meta.set('account_wid', ACCOUNT)
  store.transaction(() => {
    const chat = store.chats.insert('group', { jid: toJid('120363000000000001@g.us') })
    for (let id = 1; id <= 500; id += 1) {
      const facts = { sender: ME, type: 'chat', ack: 1, has_media: 0, details: null }
      const times = { edited_at_ms: null, revoked_at_ms: null }
      store.messages.insert({ id, chat, bare_id: `3EB0${id}`, body: `text ${id}`, ...facts, ...times })
    }
  })
  store.close()
  writeFileSync(join(own, 'account.json'), JSON.stringify({ wid: ACCOUNT }), { mode: 0o600 })
  return { authDir, file }
}

/** Overwrites every page but the first. */
function overwrite(file: string): void {
  const fd = openSync(file, 'r+')
  writeSync(fd, Buffer.alloc(statSync(file).size - PAGE_BYTES, 0xa5), 0, undefined, PAGE_BYTES)
  closeSync(fd)
}

const PAGE_BYTES = 4096

it('the state is told while no page of the archive can be read', async () => {
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
