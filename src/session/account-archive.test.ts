/** An account's archive as it is opened: its own, and nobody else's. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestClock } from '../../test/test-clock.ts'
import { createLog } from '../log.ts'
import { toJid } from '../model/ids.ts'
import { KEEP_ALL } from '../model/keeping.ts'
import { MEDIA_ON_DEMAND } from '../model/media-rules.ts'
import { createOwnIds } from '../own-ids.ts'
import { startReadThreads } from '../store/reads.ts'
import { openAccountArchive } from './account-archive.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-account-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const open = (account: string) =>
  openAccountArchive({
    account: toJid(account),
    file: join(dir, 'a.db'),
    secret: null,
    ownIds: createOwnIds('test'),
    keep: KEEP_ALL,
    media: MEDIA_ON_DEMAND,
    engine: () => null,
    eventsDays: 30,
    threads: startReadThreads(60_000),
    clock: createTestClock(),
    log: createLog({ level: 'silent' }),
    hash: () => '',
    onLost: () => {},
    onUnheard: () => {},
    onMore: () => {},
    keptEvents: () => [],
    onAppend: () => {},
    onDamaged: () => {},
  })

describe('openAccountArchive', () => {
  it('opens what the account left, and refuses it to another one', async () => {
    await open('15550001000@c.us').close()
    expect(() => open('15550002000@c.us')).toThrow(expect.objectContaining({ code: 'archive_foreign' }))
    const again = open('15550001000@c.us')
    expect(again.store.meta.get('account_wid')).toBe('15550001000@c.us')
    await again.close()
  })

  it('knows the account by its LID too, also after a restart', async () => {
    const first = open('15550001000@c.us')
    first.learnLid(toJid('77001@lid'))
    await first.close()
    const second = open('15550001000@c.us')
    expect(second.inbox.where.senderId(toJid('77001@lid'), 0)).toBe(0)
    await second.close()
  })
})
