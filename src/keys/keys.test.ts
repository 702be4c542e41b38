/** Keys on a real control database. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestClock, type TestClock } from '../../test/test-clock.ts'
import type { ControlStore } from '../control.ts'
import { createLog } from '../log.ts'
import { openControl } from '../store/open-control.ts'
import { type KeyFacts, type Keys, openKeys } from './keys.ts'

const HOUR_MS = 3_600_000

let dir: string
let clock: TestClock
let asleepMs: number
let control: ControlStore
let keys: Keys
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-keys-'))
  mkdirSync(inDir('archives'))
  clock = createTestClock()
  asleepMs = 0
})
afterEach(async () => {
  await close()
  rmSync(dir, { recursive: true, force: true })
})

/** While the computer sleeps, its clock goes on, and its timers do not. */
const sleep = (ms: number) => {
  asleepMs += ms
}
const sleepy = () => ({ after: clock.after, now: () => clock.now() + asleepMs })
const inDir = (name: string) => join(dir, name)

async function open(): Promise<void> {
  control = openControl({
    file: inDir('control.db'),
    archives: inDir('archives'),
    secret: null,
    clock: sleepy(),
  })
  keys = await openKeys({
    control: control.keys,
    secret: null,
    clock: sleepy(),
    log: createLog({ level: 'silent' }),
  })
}

async function close(): Promise<void> {
  await keys.close()
  await control.close()
}

const facts = (more: Partial<KeyFacts> = {}): KeyFacts => ({
  ...{ name: 'x', scopes: ['read'], accounts: null, toolsets: null, chats: null, sends: null },
  expiresAtMs: null,
  ...more,
})

/** What the secret is worth now. */
function worth(secret: string): 'caller' | 'none' | string {
  try {
    return keys.callerWith(secret) === null ? 'none' : 'caller'
  } catch (error) {
    return String((error as { code: string }).code)
  }
}

describe('a computer that slept', () => {
  beforeEach(open)

  it('wakes without the keys that have expired, and their callers end', async () => {
    const { secret } = await keys.add(facts({ expiresAtMs: clock.now() + HOUR_MS }))
    const ended: string[] = []
    keys.onEnd(({ id }) => ended.push(id))
    sleep(HOUR_MS - 1_000)
    expect(worth(secret)).toBe('caller')
    sleep(2_000)
    expect([worth(secret), ended.length]).toEqual(['none', 1])
  })

  it('wakes without the secret before the last one, and with the last one', async () => {
    const { key, secret } = await keys.add(facts())
    const next = await keys.rotate(key.id, 3_600)
    sleep(HOUR_MS - 1_000)
    expect([worth(secret), worth(next.secret)]).toEqual(['caller', 'caller'])
    sleep(2_000)
    expect([worth(secret), worth(next.secret)]).toEqual(['none', 'caller'])
  })
})
