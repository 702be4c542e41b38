/** `doctor` on broken set-ups: real directories, ports, locks and links; only disk size, network, Node and browsers are played. */

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Server } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findBrowser } from '../browser/find.ts'
import { type Config, readConfig } from '../config.ts'
import { lockDir } from '../session/dir-lock.ts'
import { examine } from './doctor.ts'
import type { Finding } from './doctor-check.ts'
import { CHECKS } from './doctor-checks.ts'
import { type MachineView, thisMachine } from './doctor-machine.ts'
import { localTime } from './local-time.ts'
import { identifyListener } from './who-answers.ts'

const NOON = '2024-07-01T12:00:00.000Z'

const NOBODY = 65_534
const isRoot = process.getuid?.() === 0
const GB = 1024 ** 3

let dir: string
const undo: (() => unknown)[] = []

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-doctor-'))
})
afterEach(async () => {
  for (const one of undo.splice(0)) await one()
  rmSync(dir, { recursive: true, force: true })
})

/** This machine, with a network, a browser and room, so that only what a test breaks is found. */
function healthy(over: Partial<MachineView> = {}): MachineView {
  return {
    ...thisMachine(),
    nodeVersion: '22.11.0',
    env: {},
    findBrowser: () => ({ path: '/opt/google/chrome/chrome', kind: 'chrome', source: 'system' }),
    run: async (program) => ({
      code: 0,
      output: program === 'ffmpeg' ? ' libopus  libx264  aac  libwebp  ' : 'Google Chrome 145.0',
    }),
    free: async () => ({ bytes: 50 * GB, files: 1_000_000 }),
    fetch: async () => new Response(null, { status: 200 }),
    ...over,
  }
}

function settings(env: Record<string, string> = {}): Config {
  return readConfig({ env: { WHATSAPP_AUTH_DIR: dir, WHATSAPP_MCP_PORT: '0', ...env }, root: dir })
}

/** What is found besides what is fine; everything has one sentence, and a next step. */
async function findings(machine = healthy(), config = settings()): Promise<Finding[]> {
  const all = await examine({ config, machine, key: null, answering: await identifyListener(config) })
  expect(all.map(({ check }) => check)).toEqual(CHECKS.map(({ name }) => name))
  const found = all.filter(({ level }) => level !== 'ok')
  for (const { says, next } of found) {
    expect(says).toMatch(/\S.*[.!…]$/)
    expect(next).toMatch(/\S/)
  }
  return found
}

/** The same question, asked by a process of another user. */
async function tryAsNobody(path: string): Promise<string | null> {
  const program = 'try { fs.accessSync(process.argv[1], 3) } catch (error) { console.log(error.code) }'
  const options = { uid: NOBODY, gid: NOBODY, cwd: '/', encoding: 'utf8' } as const
  return spawnSync(process.execPath, ['-e', program, path], options).stdout.trim() || null
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  undo.push(() => new Promise((resolve) => server.close(resolve)))
  const address = server.address()
  return address !== null && typeof address === 'object' ? address.port : 0
}

/** A server of this directory, with these responses. Resolves with its port. */
function serveHere(more: Record<string, object>): Promise<number> {
  const bodies: Record<string, object> = {
    '/': { status: { auth_dir: dir, state: 'ready', connected: true, reason: null, last_error: null } },
    '/health': { name: 'whatsapp-mcp-api' },
    '/api/capabilities': { whatsapp_web_version: null, is_known_build: null, operations: [] },
    '/api/keys': { keys: [] },
    '/api/webhooks': { webhooks: [] },
    ...more,
  }
  return listen(createHttpServer(({ url = '' }, response) => response.end(JSON.stringify(bodies[url]))))
}

function writeLock(holder: { pid: number; host: string; started?: string }, ageS = 0): void {
  mkdirSync(join(dir, '.whatsapp-mcp-api'), { mode: 0o700, recursive: true })
  const file = join(dir, '.whatsapp-mcp-api', 'server.lock')
  writeFileSync(file, JSON.stringify(holder))
  const then = Date.now() / 1_000 - ageS
  utimesSync(file, then, then)
}

describe('a sound machine', () => {
  it('has nothing to mend, and is not touched', async () => {
    const fresh = join(dir, 'not', 'yet')
    expect(await findings(healthy(), settings({ WHATSAPP_AUTH_DIR: fresh }))).toEqual([])
    expect(readdirSync(dir)).toEqual([])
  })
})

describe('broken set-ups', () => {
  it('1. no browser', async () => {
    const nothing = { isExecutable: () => false, isFile: () => false, list: () => [], head: () => '' }
    const machine = healthy({ findBrowser: () => findBrowser({ env: {}, files: nothing }) })
    expect(await findings(machine)).toMatchObject([
      { check: 'browser', level: 'problem', next: expect.stringContaining('Install Google Chrome') },
    ])
  })

  it('2. a path that names no browser', async () => {
    const { findBrowser } = thisMachine()
    for (const path of [join(dir, 'chrome'), dir]) {
      expect(
        await findings(healthy({ findBrowser }), settings({ WHATSAPP_CHROME_EXECUTABLE: path })),
      ).toMatchObject([{ check: 'browser', level: 'problem', says: expect.stringContaining(path) }])
    }
  })

  it('2b. a browser that does not start, or cannot show a window', async () => {
    const file = join(dir, 'headless-shell')
    writeFileSync(file, '#!/bin/sh\necho "error while loading shared libraries: libnss3.so" >&2\nexit 127\n')
    chmodSync(file, 0o700)
    const { findBrowser, run } = thisMachine()
    const machine = healthy({ findBrowser, run })
    const config = settings({ WHATSAPP_CHROME_EXECUTABLE: file })
    expect(await findings(machine, config)).toMatchObject([{ says: expect.stringContaining('libnss3.so') }])
    expect(await findings(machine, { ...config, headless: false })).toMatchObject([
      { check: 'browser', level: 'problem', says: expect.stringContaining('cannot show a window') },
    ])
  })

  it('3. a taken port', async () => {
    // It takes the connection and says nothing HTTP about it.
    const port = await listen(createServer((socket) => socket.resume().end('SSH-2.0-OpenSSH\r\n')))
    expect(await findings(healthy(), settings({ WHATSAPP_MCP_PORT: String(port) }))).toMatchObject([
      { check: 'port', level: 'problem', says: `Another program uses port ${port}.` },
    ])
  })

  it('3b. a port that this user may not bind', async () => {
    const machine = healthy({ whyNotListen: async () => 'EACCES' })
    expect(await findings(machine, settings({ WHATSAPP_MCP_PORT: '80' }))).toMatchObject([
      { check: 'port', next: expect.stringContaining('above 1023') },
    ])
  })

  it('4. a directory that is not writable', async () => {
    chmodSync(dir, 0o500)
    // Root may write anywhere: somebody else has to try.
    if (isRoot) chownSync(dir, NOBODY, NOBODY)
    const machine = healthy(isRoot ? { uid: NOBODY, whyNotWritable: tryAsNobody } : {})
    expect(await findings(machine)).toMatchObject([
      { check: 'directory', level: 'problem', says: expect.stringContaining('not writable (EACCES)') },
    ])
    const inside = settings({ WHATSAPP_AUTH_DIR: join(dir, 'new') })
    expect(await findings(machine, inside)).toMatchObject([
      { check: 'directory', says: expect.stringContaining('cannot be created') },
    ])
  })

  it('4b. a directory that is a file, or that belongs to another user', async () => {
    const file = join(dir, 'file')
    writeFileSync(file, '')
    for (const path of [file, join(file, 'below')]) {
      expect(await findings(healthy(), settings({ WHATSAPP_AUTH_DIR: path }))).toMatchObject([
        { check: 'directory', level: 'problem', says: expect.stringContaining(file) },
      ])
    }
    const machine = healthy({ uid: (process.getuid?.() ?? 0) + 1 })
    expect(await findings(machine)).toMatchObject([
      { check: 'directory', level: 'problem', says: expect.stringContaining('another user') },
    ])
  })

  it.skipIf(process.platform !== 'linux')('4c. a directory where none can be made', async () => {
    for (const path of ['/proc/x', '/proc/x/y', '/proc']) {
      const found = await findings(healthy({ uid: 0 }), settings({ WHATSAPP_AUTH_DIR: path }))
      expect(found.find(({ check }) => check === 'directory')).toMatchObject({
        level: 'problem',
        says: expect.stringMatching(/cannot be created: .proc (accepts no folders|is not writable)/),
      })
    }
  })

  it('tries whether a folder can be made, and leaves none', async () => {
    const tried: string[] = []
    const { whyNotMade } = thisMachine()
    const machine = healthy({
      whyNotMade(path) {
        tried.push(path)
        return whyNotMade(path)
      },
    })
    expect(await findings(machine, settings({ WHATSAPP_AUTH_DIR: join(dir, 'new') }))).toEqual([])
    expect(await findings(machine)).toEqual([])
    expect(tried).toEqual([dir, dir])
    expect(readdirSync(dir)).toEqual([])
    // Where a server has been, nothing is tried.
    mkdirSync(join(dir, '.whatsapp-mcp-api'), { mode: 0o700 })
    expect(await findings(machine)).toEqual([])
    expect(tried).toHaveLength(2)
  })

  it('5. permissions that are too open', async () => {
    const profile = join(dir, 'session-default')
    mkdirSync(profile)
    chmodSync(profile, 0o750)
    chmodSync(dir, 0o755)
    expect(await findings()).toMatchObject([
      {
        check: 'permissions',
        level: 'warning',
        next: expect.stringContaining(`chmod 700 ${dir} ${profile}`),
      },
    ])
    expect(statSync(dir).mode & 0o777, 'nothing is changed').toBe(0o755)
  })

  it('5b. a parent directory that is writable for everyone, unless it is sticky', async () => {
    const above = (mode: number) => {
      const { stat } = healthy()
      return healthy({
        stat: async (path) => (path === dirname(dir) ? { isDirectory: true, mode, uid: 0 } : stat(path)),
      })
    }
    expect(await findings(above(0o1777))).toEqual([])
    expect(await findings(above(0o777))).toMatchObject([
      { check: 'permissions', level: 'warning', next: expect.stringContaining(`chmod o-w ${dirname(dir)}`) },
    ])
  })

  it('6. a disk that is nearly full, or cannot store more files', async () => {
    const free = (bytes: number, files: number) => healthy({ free: async () => ({ bytes, files }) })
    expect(await findings(free(0.1 * GB, 1_000))).toMatchObject([
      { check: 'disk', level: 'problem', says: expect.stringContaining('102 MB free') },
    ])
    expect(await findings(free(0.5 * GB, 1_000))).toMatchObject([{ check: 'disk', level: 'warning' }])
    expect(await findings(free(9 * GB, 0))).toMatchObject([
      { check: 'disk', level: 'problem', says: expect.stringContaining('cannot store more files') },
    ])
  })

  it('7. a stale lock of another host', async () => {
    writeLock({ pid: 4711, host: 'old-container' }, 60)
    mkdirSync(join(dir, 'session-default'), { mode: 0o700 })
    symlinkSync('old-container-4711', join(dir, 'session-default', 'SingletonLock'))
    expect(await findings()).toMatchObject([
      {
        check: 'lock',
        level: 'warning',
        says: 'The directory contains the lock of another computer or container (process 4711 on the computer old-container). The directory was copied, or a container was restarted or recreated.',
      },
      { check: 'profile', level: 'warning', says: expect.stringContaining('old-container, process 4711') },
    ])
  })

  it('7b. a lock that another host keeps fresh', async () => {
    writeLock({ pid: 4711, host: 'other-host' })
    expect(await findings()).toMatchObject([
      { check: 'lock', level: 'problem', says: expect.stringContaining('on the computer other-host') },
    ])
  })

  it('7c. but not what a killed server of this host left', async () => {
    writeLock({ pid: 2 ** 22, host: hostname() })
    mkdirSync(join(dir, 'session-default'), { mode: 0o700 })
    symlinkSync(`${hostname()}-${2 ** 22}`, join(dir, 'session-default', 'SingletonLock'))
    expect(await findings()).toEqual([])
  })

  it('8. a second server on the directory', async () => {
    mkdirSync(join(dir, '.whatsapp-mcp-api'), { mode: 0o700 })
    const file = join(dir, '.whatsapp-mcp-api', 'server.lock')
    undo.push(await lockDir(file, () => {}))
    expect(await findings()).toMatchObject([
      { check: 'lock', level: 'problem', says: expect.stringContaining(`process ${process.pid}`) },
    ])
    expect(readdirSync(join(dir, '.whatsapp-mcp-api')), 'the lock is left alone').toEqual(['server.lock'])
  })

  it('9. no network', async () => {
    const failing = (code: string, env = {}) =>
      healthy({
        env,
        fetch: async () => {
          throw new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) })
        },
      })
    for (const [code, next] of [
      ['ENOTFOUND', 'DNS'],
      ['ENETUNREACH', 'internet'],
      ['ECONNREFUSED', 'firewall'],
      ['SELF_SIGNED_CERT_IN_CHAIN', 'clock'],
    ] as const) {
      expect(await findings(failing(code)), code).toMatchObject([
        { check: 'network', level: 'problem', next: expect.stringContaining(next) },
      ])
    }
    const behindProxy = failing('ENOTFOUND', { HTTPS_PROXY: 'http://proxy:3128' })
    expect(await findings(behindProxy)).toMatchObject([
      { check: 'network', level: 'warning', next: expect.stringContaining('HTTPS_PROXY') },
    ])
  })

  it('10. a Node that is not supported', async () => {
    for (const version of ['18.20.4', '20.18.3']) {
      expect(await findings(healthy({ nodeVersion: version }))).toMatchObject([
        { check: 'node', level: 'problem', says: expect.stringContaining(version) },
      ])
    }
    for (const version of ['20.19.0', '22.0.0', '24.1.0']) {
      expect(await findings(healthy({ nodeVersion: version })), version).toEqual([])
    }
  })

  it('11. a build of WhatsApp Web that breaks an operation', async () => {
    const why = 'Sending a text: WhatsApp Web does not have X.send().'
    const port = await serveHere({
      '/api/capabilities': {
        whatsapp_web_version: '2.3000.1',
        is_known_build: true,
        operations: [
          { operation: 'send_message', state: 'broken', why },
          { operation: 'list_chats', state: 'works', why: null },
        ],
      },
    })
    expect(await findings(healthy(), settings({ WHATSAPP_MCP_PORT: String(port) }))).toEqual([
      {
        check: 'whatsapp',
        level: 'warning',
        says: `Build 2.3000.1 of WhatsApp Web breaks send_message. ${why}`,
        next: 'Update whatsapp-mcp-api.',
      },
    ])
  })

  it('13. a webhook that does not deliver', async () => {
    const fine = {
      id: 'wh_1',
      paused: false,
      paused_reason: null,
      failing_chats: 0,
      dead_deliveries: 0,
      last_attempt: null,
      lost_events_at: null,
    }
    const found = async (...webhooks: object[]) => {
      const port = await serveHere({ '/api/webhooks': { webhooks } })
      return findings(healthy(), settings({ WHATSAPP_MCP_PORT: String(port) }))
    }
    expect(await found(fine, { ...fine, paused: true, paused_reason: 'owner' })).toEqual([])
    const [wrong, last] = [
      { ...fine, id: 'wh_2' },
      { at: 'now', status: 500, error: 'bad_status' },
    ]
    for (const [facts, says] of [
      [{ paused: true, paused_reason: 'logged_out' }, 'The webhook wh_2 is paused (logged_out).'],
      [{ dead_deliveries: 1 }, 'The webhook wh_2 has 1 dead delivery.'],
      [
        { failing_chats: 2, last_attempt: last },
        'The webhook wh_2 fails in 2 chats (last attempt: bad_status).',
      ],
      [
        { lost_events_at: NOON },
        `The webhook wh_2 missed events that were deleted before they were delivered, at ${localTime(NOON)}.`,
      ],
    ] as const)
      expect(await found(fine, { ...wrong, ...facts })).toMatchObject([
        { check: 'webhooks', level: 'warning', says },
      ])
  })

  it('14. a rules file that cannot be used, and a rule that does not work', async () => {
    const own = join(dir, '.whatsapp-mcp-api')
    mkdirSync(own, { mode: 0o700 })
    const file = join(own, 'rules.yaml')
    const found = async (text: string, rules: object[] = []) => {
      writeFileSync(file, text, { mode: 0o600 })
      const port = await serveHere({ '/api/rules': { rules } })
      return findings(healthy(), settings({ WHATSAPP_MCP_PORT: String(port), WHATSAPP_RULES: 'true' }))
    }
    const good = 'rules: []\n'
    const rule = {
      name: 'log',
      paused_reason: null,
      failing_chats: 0,
      dead_deliveries: 0,
      last_attempt: null,
    }
    expect(await found(good, [rule])).toEqual([])
    expect(await found('rules:\n  - name: log\n    run: [tee]\n')).toMatchObject([
      {
        check: 'rules',
        level: 'warning',
        says: `The rules file is not used: "kinds": is required (${file}, line 2).`,
      },
    ])
    for (const [facts, says] of [
      [{ paused_reason: 'logged_out' }, 'The rule log is paused (logged_out).'],
      [{ dead_deliveries: 2 }, 'The rule log has 2 dead deliveries.'],
      [
        { last_attempt: { at: 'now', status: 3, error: 'command_failed' } },
        'The rule log fails: command_failed.',
      ],
    ] as const)
      expect(await found(good, [{ ...rule, ...facts }])).toMatchObject([
        { check: 'rules', level: 'warning', says },
      ])
    expect(await findings(healthy(), settings())).toEqual([])
  })

  it('12. a limited key, beside programs that need none', async () => {
    const keys = [
      { name: 'All', scopes: ['admin'] },
      { name: 'Claude', scopes: ['read'] },
    ]
    const config = (port: number, env = {}) => settings({ WHATSAPP_MCP_PORT: String(port), ...env })
    const port = await serveHere({ '/api/keys': { keys } })
    const limited = {
      check: 'access',
      level: 'warning',
      says: 'The key "Claude" is limited, but programs of this user need no key: an agent with a shell can do and see everything.',
    }
    expect(await findings(healthy(), config(port))).toMatchObject([limited])
    expect(await findings(healthy(), config(port, { WHATSAPP_MCP_REQUIRE_KEY: 'true' }))).toEqual([])
    const free = await serveHere({ '/api/keys': { keys: keys.slice(0, 1) } })
    expect(await findings(healthy(), config(free))).toEqual([])
    expect(await findings(healthy(), config(free, { WHATSAPP_HIDE_CHATS: '15550001101' }))).toMatchObject([
      { check: 'access', says: expect.stringContaining('WHATSAPP_HIDE_CHATS') },
    ])
  })

  it('15. a key that cannot be used, and a key file that others can read', async () => {
    const missing = join(dir, 'missing')
    for (const name of ['WHATSAPP_ARCHIVE_KEY_FILE', 'WHATSAPP_MCP_KEY_FILE'])
      expect(await findings(healthy(), settings({ [name]: missing }))).toMatchObject([
        { check: 'keys', level: 'problem', says: expect.stringContaining(`${missing} cannot be read`) },
      ])
    expect(await findings(healthy(), settings({ WHATSAPP_ARCHIVE_KEY: 'short' }))).toMatchObject([
      { check: 'keys', level: 'problem', says: expect.stringContaining('fewer than 12 characters') },
    ])
    const file = join(dir, 'open.key')
    writeFileSync(file, 'a key that is long enough to be one\n')
    chmodSync(file, 0o644)
    const open = { WHATSAPP_ARCHIVE_KEY_FILE: file }
    expect(await findings(healthy(), settings(open))).toMatchObject([
      { check: 'keys', level: 'warning', next: expect.stringContaining(`chmod 600 ${file}`) },
    ])
    expect(statSync(file).mode & 0o777, 'nothing is changed').toBe(0o644)
    const ran = join(dir, 'ran')
    const command = { WHATSAPP_ARCHIVE_KEY_COMMAND: `touch ${ran}` }
    expect(await findings(healthy(), settings(command))).toEqual([])
    expect(readdirSync(dir)).toEqual(['open.key'])
  })

  it('several at once are all found', async () => {
    const machine = healthy({ nodeVersion: '18.0.0', free: async () => ({ bytes: 0, files: null }) })
    chmodSync(dir, 0o777)
    expect((await findings(machine)).map(({ check }) => check)).toEqual(['node', 'permissions', 'disk'])
  })

  it('a check that fails itself is a problem, and stops no other', async () => {
    const machine = healthy({ stat: () => Promise.reject(new Error('EIO: i/o error')) })
    const found = await findings(machine)
    expect(found.map(({ check }) => check)).toEqual(['directory', 'permissions', 'disk'])
    expect(found[0]).toMatchObject({ level: 'problem', says: 'The check failed: EIO: i/o error.' })
  })
})
