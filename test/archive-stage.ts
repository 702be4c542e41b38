/** For tests: the archive of an account in a temporary directory, as its session opens it. */
import { mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../src/clock.ts'
import { createLog } from '../src/log.ts'
import { toJid } from '../src/model/ids.ts'
import { KEEP_ALL } from '../src/model/keeping.ts'
import { MEDIA_ON_DEMAND } from '../src/model/media-rules.ts'
import { createOwnIds } from '../src/own-ids.ts'
import { type Archive, createArchive } from '../src/session/archive.ts'
import { type AuthDir, openAuthDir } from '../src/session/auth-dir.ts'
import { startReadThreads } from '../src/store/reads.ts'

export const ME = toJid('15550001000@c.us')

export type ArchiveStage = {
  authDir: AuthDir
  archive: Archive
  close(): Promise<void>
}

/** @param options `isDamaged`: the disk has lost the end of the file */
export async function openArchiveStage(clock: Clock, { isDamaged = false } = {}): Promise<ArchiveStage> {
  const dir = mkdtempSync(join(tmpdir(), 'wma-archive-'))
  const log = createLog({ level: 'silent' })
  const authDir = await openAuthDir(dir, log)
  authDir.rememberAccount(ME)
  const open = () =>
    createArchive({
      ...{ authDir, secret: null, ownIds: createOwnIds('test'), keep: KEEP_ALL, media: MEDIA_ON_DEMAND },
      ...{
        budget: { perChat: 0, days: 0, total: 0, pauseMs: 0 },
        eventsDays: 30,
        clock,
        log,
        hash: () => '',
      },
      threads: startReadThreads(60_000),
      readers: new Set(),
    })
  let archive = open()
  if (isDamaged) {
    await archive.close()
    const file = authDir.archiveOf(ME)
    truncateSync(file, statSync(file).size - 4_096)
    archive = open()
  }
  return {
    authDir,
    archive,
    async close() {
      await archive.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
