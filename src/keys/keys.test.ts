/** Keys on a real control database. */
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
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
  beforeEach(async () => {
    // One that is busy takes a second to write a key.
    clock.hold()
    await open()
  })

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

describe('a disk that failed at the start', () => {
  let secret: string
  let id: string
  beforeEach(async () => {
    await open()
    const made = await keys.add(facts({ accounts: ['default', 'work'] }))
    secret = made.secret
    id = made.key.id
    await close()
    renameSync(inDir('control.db'), inDir('away.db'))
    mkdirSync(inDir('control.db'))
    await open()
    expect(worth(secret)).toBe('control_unavailable')
  })
  const mend = () => {
    rmSync(inDir('control.db'), { recursive: true })
    renameSync(inDir('away.db'), inDir('control.db'))
  }
  /** The accounts of the key, as soon as it is valid. */
  const accounts = async () => {
    clock.advance(6_000)
    await expect.poll(() => worth(secret)).toBe('caller')
    return [...(keys.callerWith(secret)?.accounts ?? [])]
  }
  const stored = async () => {
    await close()
    await open()
    const { accounts, suspended } = await keys.get(id)
    return { accounts, suspended }
  }

  it('is back when an account was logged out: its keys lose it', async () => {
    mend()
    await keys.suspendAccount('work')
    expect(await accounts()).toEqual(['default'])
    expect(await stored()).toEqual({ accounts: ['default', 'work'], suspended: ['work'] })
  })

  it('is back when an account was removed: its keys lose it', async () => {
    mend()
    await keys.revokeAccount('work')
    expect(await accounts()).toEqual(['default'])
    expect(await stored()).toEqual({ accounts: ['default'], suspended: [] })
  })

  it('is back after accounts were logged out: their keys lose them, before they are valid', async () => {
    await keys.suspendAccount('work')
    await keys.suspendAccount('default')
    mend()
    expect(await accounts()).toEqual([])
    expect(await stored()).toEqual({ accounts: ['default', 'work'], suspended: ['work', 'default'] })
  })
})
