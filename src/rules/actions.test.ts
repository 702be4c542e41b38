/** Actions of rules: a command that waits for its turn. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { createTestClock } from '../../test/test-clock.ts'
import { createDeferred } from '../clock.ts'
import { createSlots } from '../webhooks/slots.ts'
import { actionOf } from './actions.ts'
import { parseRules } from './rules-file.ts'

const dir = mkdtempSync(join(tmpdir(), 'actions-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

it('a command that waits while its rule stops is not begun', async () => {
  const out = join(dir, 'out')
  const write = `require('node:fs').writeFileSync(${JSON.stringify(out)}, '')`
  const command = JSON.stringify([process.execPath, '-e', write])
  const [rule] = parseRules(`rules: [{ name: log, kinds: message.received, run: ${command} }]`)
  if (rule === undefined) throw new Error('there is no rule')
  const slots = createSlots(1)
  const { deliver } = actionOf(rule, {
    ...{ slots, clock: createTestClock(), lateMs: 1_000, origins: [], version: '0' },
    isOurs: () => false,
    reply: () => Promise.reject(new Error('there is no reply')),
  })
  const body = JSON.stringify({ kind: 'message.received', message: null })
  const { promise: busy, resolve: free } = createDeferred<void>()
  const before = slots.run(() => busy)
  const stopping = new AbortController()
  const waits = deliver('1', body, stopping.signal)
  stopping.abort()
  free()
  await before
  expect(await waits).toBeNull()
  expect(existsSync(out)).toBe(false)
  expect(await deliver('2', body, new AbortController().signal)).toMatchObject({ status: 0 })
  expect(existsSync(out)).toBe(true)
})
