/** How long the files stay that messages of the outbox wait with. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTestClock, type TestClock } from '../../test/test-clock.ts'
import { createLog } from '../log.ts'
import { openUploads, type Uploads } from './uploads.ts'

const HOUR_MS = 3_600_000

let dir: string
let clock: TestClock
let uploads: Uploads

const open = () =>
  openUploads({
    dir,
    maxBytes: 1_000,
    quotaBytes: 200_000,
    filesDir: '',
    urls: false,
    clock,
    log: createLog({ level: 'silent' }),
  })

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-uploads-'))
  clock = createTestClock()
  uploads = open()
})
afterEach(() => {
  uploads.close()
  rmSync(dir, { recursive: true, force: true })
})

/** Stores a file; the name of its bytes. */
async function stored(): Promise<string> {
  const stream = async function* () {
    yield Buffer.from('bytes')
  }
  const { id } = await uploads.of('caller').add({ stream: stream(), length: null, type: undefined })
  return `${id}.bin`
}

const isHere = (name: string) => readdirSync(dir).includes(name)

it('a file leaves an hour after the last message that waited with it, and not before', async () => {
  const name = await stored()
  uploads.hold(name, 'first', clock.now() + 50 * HOUR_MS)
  uploads.hold(name, 'second', clock.now() + 30 * HOUR_MS)
  uploads.hold(name, 'first', null)
  clock.advance(20 * HOUR_MS)
  expect(isHere(name)).toBe(true)
  uploads.hold(name, 'sent at once', null)
  clock.advance(2 * HOUR_MS)
  expect(isHere(name)).toBe(true)
  uploads.hold(name, 'second', null)
  clock.advance(HOUR_MS - 60_000)
  expect(isHere(name)).toBe(true)
  clock.advance(60_000)
  expect(readdirSync(dir)).toEqual([])
})

it('a message that waits since before a restart ends it too', async () => {
  const name = await stored()
  const untilMs = clock.now() + 50 * HOUR_MS
  uploads.hold(name, 'first', untilMs)
  uploads.close()
  uploads = open()
  uploads.hold(name, 'first', untilMs)
  uploads.hold(name, 'first', null)
  clock.advance(2 * HOUR_MS)
  expect(readdirSync(dir)).toEqual([])
})

it('a message that waits shortly never ends an upload before its hour', async () => {
  const name = await stored()
  uploads.hold(name, 'first', clock.now() + 60_000)
  uploads.hold(name, 'first', null)
  clock.advance(HOUR_MS - 60_000)
  expect(isHere(name)).toBe(true)
})

it('a file that comes again while a message begins to wait with it stays as long as that one needs it', async () => {
  const name = await stored()
  let isStored = false
  const again = stored().finally(() => {
    isStored = true
  })
  // Until its facts are about to be replaced.
  while (!isStored && !readdirSync(dir).some((file) => file.endsWith('.json.new')))
    await new Promise((resolve) => setImmediate(resolve))
  uploads.hold(name, 'first', clock.now() + 50 * HOUR_MS)
  expect(await again).toBe(name)
  clock.advance(2 * HOUR_MS)
  expect(isHere(name)).toBe(true)
  uploads.close()
  uploads = open()
  expect(isHere(name)).toBe(true)
})
