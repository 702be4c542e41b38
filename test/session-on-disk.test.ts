/** The session as files: owner-only, one server at a time, backed up and moved by copying, reset by deleting. */
import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLog } from '../src/log.ts'
import { AuthDirError, openAuthDir } from '../src/session/auth-dir.ts'
import { readLock } from '../src/session/dir-lock.ts'
import { type Harness, openHarness } from './harness.ts'

const quiet = createLog({ level: 'silent' })
const PROFILE = 'session-default'
const ROOT = resolve(import.meta.dirname, '..')

function temp(): string {
  return mkdtempSync(join(tmpdir(), 'wma-disk-'))
}

/** When this process's parent started, as a lock notes it. */
function startOfParent(): string {
  const stat = spawnSync('cat', [`/proc/${process.ppid}/stat`], { encoding: 'utf8' }).stdout
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

describe('a linked session on disk', () => {
  let harness: Harness
  let backup: string
  beforeAll(async () => {
    harness = await openHarness()
    await harness.link()
    await harness.app.close()
    backup = join(temp(), 'backup')
    cpSync(harness.authDir, backup, { recursive: true, verbatimSymlinks: true })
  })
  afterAll(() => harness.close())

  /** Open the backup, or a part of it, as a server of its own; returns the states it went through. */
  async function restore(pick: (dir: string) => void): Promise<string[]> {
    const authDir = join(temp(), 'moved')
    cpSync(backup, authDir, { recursive: true, verbatimSymlinks: true })
    pick(authDir)
    const moved = await openHarness({ simulator: harness.simulator, authDir })
    const seen: string[] = []
    moved.app.session.onChange(() => seen.push(moved.app.session.status().state))
    try {
      await moved.until('ready')
      expect((await moved.post('/api/send', { phone_number: contact(), message: 'moved' })).json.ok).toBe(
        true,
      )
    } finally {
      await moved.close()
    }
    return seen
  }
  const contact = () => harness.world.state().contacts[0]?.phone ?? ''

  it('is readable by its owner only', async () => {
    for (const name of ['', PROFILE, '.whatsapp-mcp-api']) {
      expect(statSync(join(harness.authDir, name)).mode & 0o077, name).toBe(0)
    }
    for (const name of readdirSync(join(harness.authDir, '.whatsapp-mcp-api'))) {
      expect(statSync(join(harness.authDir, '.whatsapp-mcp-api', name)).mode & 0o077, name).toBe(0)
    }
  })

  it('connects without a QR after being copied elsewhere', async () => {
    expect(await restore(() => {})).not.toContain('qr')
  })

  it('connects without a QR where only the profile was restored, as from another server', async () => {
    const seen = await restore((dir) => rmSync(join(dir, '.whatsapp-mcp-api'), { recursive: true }))
    expect(seen).not.toContain('qr')
  })

  it('connects although a browser of another computer left its lock (F4)', async () => {
    const seen = await restore((dir) => {
      rmSync(join(dir, PROFILE, 'SingletonLock'), { force: true })
      symlinkSync('otherhost-4242', join(dir, PROFILE, 'SingletonLock'))
    })
    expect(seen).not.toContain('qr')
  })

  it('is gone after a reset', async () => {
    const authDir = join(temp(), 'reset')
    cpSync(backup, authDir, { recursive: true, verbatimSymlinks: true })
    rmSync(authDir, { recursive: true })
    const fresh = await openHarness({ simulator: harness.simulator, authDir })
    expect(await fresh.status()).toMatchObject({ state: 'stopped', linked: false })
    await fresh.close()
  })
})

describe('a profile without a link', () => {
  it('that WhatsApp Web once wrote to is tried once and closed again, without a QR for anybody', async () => {
    const harness = await openHarness()
    await harness.post('/api/auth/start')
    // On a slow computer the start returns before its first result.
    await harness.until('qr')
    await harness.restart()
    expect((await harness.status()).linked).toBe(false)
    // A browser starts, and is closed again.
    await expect.poll(async () => (await harness.status()).reason, { timeout: 60_000 }).toBe('not_linked')
    expect(await harness.status()).toMatchObject({ state: 'stopped', has_qr: false })
    await harness.post('/api/auth/start')
    await harness.until('qr')
    await harness.close()
  })
})

describe('openAuthDir', async () => {
  it('tightens what is too open, and says so', async () => {
    const dir = temp()
    chmodSync(dir, 0o755)
    const lines: string[] = []
    ;(await openAuthDir(dir, createLog({ level: 'warn', write: (line) => lines.push(line) }))).release()
    expect(statSync(dir).mode & 0o777).toBe(0o700)
    expect(lines.join()).toContain('open to other users')
  })

  it.each(['session.json', 'account.json'])('refuses a %s that is no regular file, at once', async (name) => {
    const dir = temp()
    ;(await openAuthDir(dir, quiet)).release()
    expect(spawnSync('mkfifo', [join(dir, '.whatsapp-mcp-api', name)]).status).toBe(0)
    await expect(openAuthDir(dir, quiet)).rejects.toThrow(/is not a regular file/)
  })

  it('takes over a lock that is no regular file', async () => {
    const dir = temp()
    ;(await openAuthDir(dir, quiet)).release()
    expect(spawnSync('mkfifo', [join(dir, '.whatsapp-mcp-api', 'server.lock')]).status).toBe(0)
    ;(await openAuthDir(dir, quiet)).release()
  })

  it('logs that a parent directory is writable for everyone, unless it is sticky', async () => {
    const above = temp()
    const lines: string[] = []
    const openIn = async (mode: number) => {
      chmodSync(above, mode)
      const log = createLog({ level: 'warn', write: (line) => lines.push(line) })
      ;(await openAuthDir(join(above, 'auth'), log)).release()
    }
    await openIn(0o1777)
    expect(lines).toEqual([])
    await openIn(0o777)
    expect(lines.join()).toContain('other users can replace the session')
  })

  it('names the process that holds the directory', async () => {
    const dir = temp()
    const first = await openAuthDir(dir, quiet)
    // Another process of ours: this one's parent lives at least as long as this test.
    const lock = join(dir, '.whatsapp-mcp-api', 'server.lock')
    first.release()
    writeFileSync(lock, JSON.stringify({ pid: process.ppid, started: startOfParent(), host: hostname() }))
    await expect(openAuthDir(dir, quiet)).rejects.toThrow(AuthDirError)
    await expect(openAuthDir(dir, quiet)).rejects.toThrow(`process ${process.ppid}`)
  })

  it.each([
    ['a process that is gone', { pid: 2 ** 22 + 1, started: '1', host: hostname() }],
    ['a later process with its number', { pid: process.ppid, started: '1', host: hostname() }],
    ['another computer', { pid: process.ppid, started: startOfParent(), host: 'elsewhere' }],
  ])('takes over the lock of %s', async (_, holder) => {
    const dir = temp()
    ;(await openAuthDir(dir, quiet)).release()
    const lock = join(dir, '.whatsapp-mcp-api', 'server.lock')
    writeFileSync(lock, JSON.stringify(holder))
    utimesSync(lock, new Date(0), new Date(0))
    ;(await openAuthDir(dir, quiet)).release()
  })

  it('takes over the lock of a process that was killed without waiting', async () => {
    const dir = temp()
    ;(await openAuthDir(dir, quiet)).release()
    const lock = join(dir, '.whatsapp-mcp-api', 'server.lock')
    writeFileSync(lock, JSON.stringify({ pid: 2 ** 22 + 1, started: '1', host: hostname() }))
    const taken = openAuthDir(dir, quiet)
    const first = await Promise.race([taken, new Promise((done) => setImmediate(done, 'waits'))])
    expect(first).not.toBe('waits')
    ;(await taken).release()
    expect(
      readdirSync(join(dir, '.whatsapp-mcp-api')).filter((name) => name.startsWith('server.lock')),
    ).toEqual([])
  })

  it('takes over the lock of a process with the same id that was ended while it took it', async () => {
    const dir = temp()
    ;(await openAuthDir(dir, quiet)).release()
    const lock = join(dir, '.whatsapp-mcp-api', 'server.lock')
    writeFileSync(lock, JSON.stringify({ pid: process.pid, started: '1', host: hostname() }))
    linkSync(lock, `${lock}.${hostname()}.${process.pid}.new`)
    const taken = await openAuthDir(dir, quiet)
    expect(JSON.parse(readFileSync(lock, 'utf8')).started).not.toBe('1')
    taken.release()
  })

  it.each([
    ['another computer', { pid: 1, started: null, host: 'elsewhere' }, 'on the computer elsewhere)'],
    [
      'a container with the same host name',
      { pid: 2 ** 22 + 1, started: '1', host: hostname(), ns: 'pid:[1]' },
      `on the computer ${hostname()}, in another container)`,
    ],
  ])('leaves the lock of %s that shows life', async (_, holder, says) => {
    const dir = temp()
    ;(await openAuthDir(dir, quiet)).release()
    const lock = join(dir, '.whatsapp-mcp-api', 'server.lock')
    writeFileSync(lock, JSON.stringify(holder))
    const touch = () => utimesSync(lock, new Date(), new Date())
    // The clock of the disk may be another one than ours.
    touch()
    const alive = setInterval(touch, 300)
    await expect(openAuthDir(dir, quiet)).rejects.toThrow(says)
    expect(readLock(lock)).toMatchObject({ pid: holder.pid, isLive: true })
    clearInterval(alive)
  })

  it('is not given twice within one process', async () => {
    const dir = temp()
    const first = await openAuthDir(dir, quiet)
    await expect(openAuthDir(dir, quiet)).rejects.toThrow(AuthDirError)
    first.release()
    ;(await openAuthDir(dir, quiet)).release()
  })

  it.each([
    ['', null],
    [
      ', also where one was killed while it took it over',
      { pid: 2 ** 22 + 2, started: '1', host: hostname() },
    ],
  ])('has one holder, however many processes want it at once%s', { timeout: 300_000 }, async (_, killed) => {
    const dir = temp()
    ;(await openAuthDir(dir, quiet)).release()
    const lock = join(dir, '.whatsapp-mcp-api', 'server.lock')
    for (let round = 0; round < 5; round++) {
      if (killed !== null) writeFileSync(`${lock}.next`, JSON.stringify(killed))
      writeFileSync(lock, JSON.stringify({ pid: 2 ** 22 + 1, started: '1', host: hostname() }))
      const processes = Array.from({ length: 3 }, () => lockInOwnProcess(lock))
      const results = await Promise.all(processes.map(({ said }) => said))
      expect(results.filter((result) => result === 'held')).toHaveLength(1)
      expect(existsSync(`${lock}.next`)).toBe(false)
      for (const { end } of processes) end()
    }
  })

  it('leaves a directory alone that holds other things, and closes what is in it', async () => {
    const dir = temp()
    chmodSync(dir, 0o777)
    writeFileSync(join(dir, 'foreign.txt'), '')
    ;(await openAuthDir(dir, quiet)).release()
    expect(statSync(dir).mode & 0o777).toBe(0o777)
    expect(statSync(join(dir, PROFILE)).mode & 0o777).toBe(0o700)
  })

  it('takes over a lock that was cut off', async () => {
    const dir = temp()
    ;(await openAuthDir(dir, quiet)).release()
    writeFileSync(join(dir, '.whatsapp-mcp-api', 'server.lock'), '{"pi')
    ;(await openAuthDir(dir, quiet)).release()
  })

  it('says in one sentence why a directory cannot be had', async () => {
    const file = join(temp(), 'file')
    writeFileSync(file, '')
    await expect(openAuthDir(join(file, 'below'), quiet)).rejects.toThrow(AuthDirError)
  })

  it('forgets a session whole where the profile is a link to another disk, and keeps the link', async () => {
    const [dir, disk] = [temp(), temp()]
    const target = join(disk, 'profile')
    mkdirSync(target)
    symlinkSync(target, join(dir, PROFILE))
    const authDir = await openAuthDir(dir, quiet)
    const browse = () => writeFileSync(join(dir, PROFILE, 'Cookies'), 'a secret')
    browse()
    await authDir.removeProfile()
    expect([readdirSync(disk), readdirSync(target)]).toEqual([['profile'], []])
    browse()
    expect(readFileSync(join(authDir.setProfileAside() ?? '', 'Cookies'), 'utf8')).toBe('a secret')
    expect(readdirSync(target)).toEqual([])
    await authDir.dropAside()
    expect(readdirSync(disk)).toEqual(['profile'])
    browse()
    await authDir.remove({ archives: false })
    expect([readdirSync(target), existsSync(join(dir, PROFILE))]).toEqual([[], false])
    authDir.release()
  })

  it('keeps a profile whose folder on the other disk cannot be renamed, by renaming the link to it', async () => {
    const [dir, disk] = [temp(), temp()]
    // With an ending, the name would be too long.
    const target = join(disk, 'p'.repeat(250))
    mkdirSync(target)
    symlinkSync(target, join(dir, PROFILE))
    const authDir = await openAuthDir(dir, quiet)
    writeFileSync(join(dir, PROFILE, 'Cookies'), 'a secret')
    expect(readFileSync(join(authDir.setProfileAside() ?? '', 'Cookies'), 'utf8')).toBe('a secret')
    expect(readdirSync(join(dir, PROFILE))).toEqual([])
    await authDir.dropAside()
    expect([readdirSync(target), existsSync(join(dir, `${PROFILE}.unlinked`))]).toEqual([[], false])
    authDir.release()
  })

  it('forgets a session whole, and finishes a removal that was interrupted', async () => {
    const dir = temp()
    const authDir = await openAuthDir(dir, quiet)
    authDir.save({ linked_at: 'x', wid: null })
    authDir.unmark()
    await authDir.removeProfile()
    expect(authDir.saved()).toBeNull()
    expect(readdirSync(join(dir, PROFILE))).toEqual([])
    authDir.release()
    renameSync(join(dir, PROFILE), join(dir, `${PROFILE}.removed-1234`))
    ;(await openAuthDir(dir, quiet)).release()
    await expect.poll(() => existsSync(join(dir, `${PROFILE}.removed-1234`))).toBe(false)
  })
})

it.runIf(existsSync(join(ROOT, '.git')))('is ignored by git in a checkout, whatever its name', () => {
  const files = ['.wwebjs_auth', '.wwebjs_auth_work', 'elsewhere/work'].flatMap((dir) => [
    `${dir}/${PROFILE}/Default/Cookies`,
    `${dir}/session-work.unlinked/Default/Cookies`,
    `${dir}/.whatsapp-mcp-api/control.db`,
  ])
  const { stdout } = spawnSync('git', ['check-ignore', ...files], { cwd: ROOT, encoding: 'utf8' })
  expect(stdout.trim().split('\n')).toEqual(files)
})

/** A process that takes the lock and says `held`, or ends. It holds the lock until `end` is called. */
function lockInOwnProcess(lock: string): { said: Promise<string>; end(): void } {
  const source = resolve(import.meta.dirname, '../src/session/dir-lock.ts')
  const program = `
    import { lockDir } from ${JSON.stringify(source)}
    try {
      await lockDir(${JSON.stringify(lock)}, () => {})
      process.stdout.write('held')
      process.stdin.resume().once('end', () => process.exit())
    } catch {
      process.stdout.write('refused')
    }`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    cwd: resolve(import.meta.dirname, '..'),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const said = new Promise<string>((done) => {
    child.stdout.on('data', (data) => done(String(data)))
    child.on('close', () => done('ended'))
  })
  return { said, end: () => child.stdin.end() }
}
