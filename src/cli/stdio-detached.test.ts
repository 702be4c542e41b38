/** Servers that `stdio` starts, and that end at once. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { startDetached } from './stdio-detached.ts'

const dir = mkdtempSync(join(tmpdir(), 'stdio-detached-'))
afterEach(() => rmSync(dir, { recursive: true, force: true }))

it.each([
  ['with its last words', false, /unknown|--nope/i],
  ['without them if its log is gone by then', true, /^it exited with 2\.$/],
])('the end of a server is told %s', async (_, isGone, says) => {
  const authDir = join(dir, 'auth')
  const server = startDetached({ authDir, cwd: join(dir, 'cwd'), serveArgs: ['serve', '--nope'] })
  if (isGone) rmSync(server.log)
  await expect.poll(server.ended, { timeout: 60_000 }).toMatchObject({ says: expect.stringMatching(says) })
})
