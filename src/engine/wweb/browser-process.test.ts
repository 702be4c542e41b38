/** Who owns a profile, tried on processes that only look like a browser (Linux only, as in CI). */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Clock } from '../../clock.ts'
import { releaseProfile } from './browser-process.ts'

/** A hundred times as fast. */
const clock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms / 100)
    return () => clearTimeout(timer)
  },
}

const children: ChildProcess[] = []
const folders: string[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true, force: true })
})

function profile(): string {
  const dir = mkdtempSync(join(tmpdir(), 'wma-profile-'))
  folders.push(dir)
  return dir
}

const uses = (dir: string) => `--user-data-dir=${dir}`

/** A process with this word on its command line, which runs `program` and holds the profile's lock. */
async function holder(dir: string, program: string, word: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', `${program}; console.log('up')`, '--', word], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  await new Promise((up) => child.stdout?.once('data', up))
  symlinkSync(`${hostname()}-${child.pid}`, join(dir, 'SingletonLock'))
  return child
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null
const OBEYS = 'process.stdin.pipe(process.stdout)'
/** True if it still answers. */
function isAlive(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve(false))
    child.stdout?.once('data', () => resolve(true))
    child.stdin?.on('error', () => {}).write('?')
  })
}
const RESISTS = `process.on('SIGTERM', () => {}); ${OBEYS}`

describe.skipIf(process.platform !== 'linux')('freeProfile', () => {
  it.each([
    ['ends by itself', 'setTimeout(() => {}, 20)'],
    ['has to be told', OBEYS],
    ['has to be killed', RESISTS],
  ])('waits until a browser that was left behind is gone: one that %s', async (_, program) => {
    const dir = profile()
    const child = await holder(dir, program, uses(dir))
    await releaseProfile(dir, clock)
    expect(readdirSync(dir)).toEqual([])
    await expect.poll(() => hasEnded(child)).toBe(true)
  })

  it.each<[what: string, word: (dir: string) => string]>([
    ['another program', () => 'another program'],
    ["another account's browser", (dir) => uses(`${dir}2`)],
    ['a part of that browser', (dir) => `chromium --type=renderer ${uses(`${dir}2`)} --lang=en`],
    ['a program that reads the profile', (dir) => join(dir, 'Default')],
  ])('leaves a process alone that only has its number: %s', async (_, word) => {
    const dir = profile()
    const child = await holder(dir, OBEYS, word(dir))
    await releaseProfile(dir, clock)
    expect(readdirSync(dir)).toEqual([])
    expect(await isAlive(child)).toBe(true)
  })
})
