/** Forgetting a chat, on a real archive and a real control database: for a caller that does not see the chat, nothing happens. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { seenMessage } from '../../test/seen-message.ts'
import { createTestClock } from '../../test/test-clock.ts'
import type { Account } from '../accounts/account.ts'
import type { ControlStore, OutboxRow } from '../control.ts'
import { createLog } from '../log.ts'
import type { Caller } from '../model/caller.ts'
import { DEFAULT_ACCOUNT, toJid } from '../model/ids.ts'
import { KEEP_ALL } from '../model/keeping.ts'
import { MEDIA_ON_DEMAND } from '../model/media-rules.ts'
import { createOwnIds } from '../own-ids.ts'
import { type Archive, createArchive } from '../session/archive.ts'
import { openAuthDir } from '../session/auth-dir.ts'
import { openControl } from '../store/open-control.ts'
import { startReadThreads } from '../store/reads.ts'
import { OWNER } from './call.ts'
import { createDoor, type DoorOptions } from './door.ts'

const ME = toJid('15550001000@c.us')
const BOSS = toJid('15551234567@c.us')
const OTHER = toJid('15551234568@c.us')
const clock = createTestClock()
const log = createLog({ level: 'silent' })

let dir: string
let control: ControlStore
let archive: Archive
let account: Account
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'wma-forget-'))
  const authDir = await openAuthDir(dir, log)
  authDir.rememberAccount(ME)
  control = openControl({ file: authDir.control, archives: authDir.archives, secret: null, clock })
  archive = createArchive({
    ...{ authDir, secret: null, ownIds: createOwnIds('test'), keep: KEEP_ALL, media: MEDIA_ON_DEMAND },
    ...{ budget: { perChat: 0, days: 0, total: 0, pauseMs: 0 }, eventsDays: 30, clock, log, hash: () => '' },
    threads: startReadThreads(60_000),
  })
  archive.take({ type: 'message', message: seenMessage({ chat: BOSS, bareId: '3EB0AA', body: 'hello' }) })
  archive.flush()
  await control.outbox.add(SENT)
  account = { ...Object.create(null), id: DEFAULT_ACCOUNT, session: {}, archive }
})
afterEach(async () => {
  await archive.close()
  await control.close()
  rmSync(dir, { recursive: true, force: true })
})

const SENT: OutboxRow = {
  ...{ id: 'ob_1', account: DEFAULT_ACCOUNT, number: ME, state: 'sent', operation: 'send_to_chat' },
  ...{ caller: 'owner', request: null, reason: null, digest: 'd', chat: BOSS, chatName: 'The boss' },
  ...{ preview: 'Hi', replyTo: null, content: '{}', bareId: '3EB0BB', createdAtMs: 0, releaseAtMs: null },
  ...{ expiresAtMs: null, sentAtMs: null, messageId: null, error: null },
}

/** What the call returns, or its code; and what is left. */
async function forget(caller: Partial<Caller>, hideChats: DoorOptions['hideChats'] = []) {
  const door = createDoor({
    ...Object.create(null),
    ...{ accounts: { get: () => account }, uploads: { of: () => null }, control, hideChats, clock },
    ...{ mcpSends: 'open', mcpUrl: () => '', onAdmit() {} },
  })
  const way = { name: 'forget_chat', scope: 'manage', needs: 'nothing' } as const
  const { signal } = new AbortController()
  const granted = door.admit(way, {
    caller: { ...OWNER, id: 'key_1', scopes: new Set(['manage']), ...caller },
    ...{ face: 'rest', client: null, account: DEFAULT_ACCOUNT, requestId: 'r', canAsk: false, signal },
  })
  const answer = await granted.forget(BOSS).catch((error) => error.code)
  const items = await control.outbox.list({ limit: 9 })
  return { answer, messages: archive.view().archive?.messages, items: items.length }
}

it('deletes its messages and its sends', async () => {
  expect(await forget({})).toEqual({ answer: 1, messages: 0, items: 0 })
})

it.each<[string, Partial<Caller>, DoorOptions['hideChats']]>([
  ['a key from which it is hidden', { sees: { only: null, hide: [BOSS] } }, []],
  ['a key that sees only others', { sees: { only: [OTHER], hide: [] } }, []],
  ['a key without admin where the settings hide it', {}, [BOSS]],
])('changes nothing for %s', async (_, caller, hidden) => {
  expect(await forget(caller, hidden)).toEqual({ answer: 'chat_not_found', messages: 1, items: 1 })
})
