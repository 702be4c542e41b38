/** The check of an archive whose file goes away while the server runs. */
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTestClock } from '../../test/test-clock.ts'
import { createDeferred } from '../clock.ts'
import { createLog } from '../log.ts'
import { openStore } from '../store/store.ts'
import { startArchiveCheck } from './archive-check.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-check-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

it.each(['copied', null] as const)(
  'has no result, and ends nothing, if the file was moved away or replaced: %s',
  async (reason) => {
    const file = join(dir, 'a.db')
    openStore(file).close()
    const clock = createTestClock()
    const done = createDeferred<void>()
    const settled: string[] = []
    const check = startArchiveCheck({
      store: { file, key: null, checkReason: () => reason, settle: (finding) => settled.push(finding) },
      clock,
      log: createLog({ level: 'silent' }),
      onDamaged: () => settled.push('given up'),
      onDone: done.resolve,
    })
    renameSync(file, `${file}.moved`)
    if (reason === 'copied') openStore(file).close()
    clock.advance(60_000)
    await done.promise
    // The process of the check has the lowest priority.
    await expect.poll(check.isRunning, { timeout: 100_000 }).toBe(false)
    expect(settled).toEqual([])
    check.stop()
  },
  120_000,
)
