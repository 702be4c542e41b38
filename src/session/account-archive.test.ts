/** An account's archive as it is opened: its own, and nobody else's. */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openSmallDisk } from '../../test/soak/small-disk.ts'
import { createTestClock } from '../../test/test-clock.ts'
import { createLog } from '../log.ts'
import { afterEnd } from '../model/history.ts'
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

const open = (account: string, keep = KEEP_ALL, folder = dir, media = MEDIA_ON_DEMAND) =>
  openAccountArchive({
    account: toJid(account),
    file: join(folder, 'a.db'),
    secret: null,
    ownIds: createOwnIds('test'),
    keep,
    media,
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

  it('opens it on a full disk, also if the rules have changed: what follows from that is done later', async (context) => {
    const disk = openSmallDisk(32)
    if (typeof disk === 'string') return context.skip(disk)
    const openThere = (keep = KEEP_ALL) => open('15550001000@c.us', keep, disk.path)
    try {
      const left = openThere()
      const chat = left.store.chats.insert('group', { jid: toJid('12036@g.us') })
      left.store.chats.setHistory(chat, afterEnd({ history_tries: 0 }, 'none', 0, 0))
      await left.close()
      const histories = []
      for (const fill of [disk.fill, disk.free]) {
        fill()
        const archive = openThere({ ...KEEP_ALL, days: 30 })
        histories.push(archive.store.chats.get(chat)?.history)
        await archive.close()
      }
      expect(histories).toEqual(['all', 'more'])
    } finally {
      disk.free()
      disk.close()
    }
  })

  it('leaves nothing open if a step fails after the file is open', async () => {
    const left = open('15550001000@c.us')
    left.store.db.exec(`CREATE TRIGGER full BEFORE INSERT ON meta WHEN new.name = 'media_eager_since'
      BEGIN SELECT RAISE(FAIL, 'full'); END`)
    await left.close()
    // Closing the file empties its log.
    const isOpen = () => (statSync(join(dir, 'a.db-wal'), { throwIfNoEntry: false })?.size ?? 0) > 0
    expect(isOpen()).toBe(false)
    const eager = { ...MEDIA_ON_DEMAND, download: 'eager' as const }
    expect(() => open('15550001000@c.us', KEEP_ALL, dir, eager)).toThrow('full')
    await vi.waitFor(() => expect(isOpen()).toBe(false))
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
