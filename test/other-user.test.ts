/** Another user of the same computer, as real processes (needs root and Linux, as in CI). */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Harness, openHarness } from './harness.ts'

const STRANGER = 65_534
const canBecomeStranger = process.platform === 'linux' && process.getuid?.() === 0

describe.skipIf(!canBecomeStranger)('another user of this computer (needs root on Linux to play one)', () => {
  let harness: Harness
  beforeAll(async () => {
    harness = await openHarness()
  })
  afterAll(() => harness.close())

  it('is refused on every route, with a hint', async () => {
    for (const path of ['/', '/api/status', '/qr', '/nowhere']) {
      const answer = await runAs(STRANGER, ask(path))
      expect(answer, path).toMatch(/^HTTP\/1\.1 403 /)
      expect(answer, path).toContain('"code":"other_user"')
    }
  })

  it('is refused over IPv6-mapped addresses too, where the owner is served', async () => {
    expect(await runAs(0, ask('/api/status', '::ffff:127.0.0.1'))).toMatch(/^HTTP\/1\.1 200 /)
    expect(await runAs(STRANGER, ask('/api/status', '::ffff:127.0.0.1'))).toMatch(/^HTTP\/1\.1 403 /)
  })

  it('starts nothing by writing and disconnecting at once', async () => {
    // This process accepts the connection only when the other one has ended: the kernel no longer names its user.
    for (let round = 0; round < 3; round += 1)
      spawnSync(process.execPath, ['-e', writeAndVanish('POST', '/api/auth/start')], {
        uid: STRANGER,
        gid: STRANGER,
        cwd: '/',
      })
    // The requests of those connections have been read when a later one is answered.
    expect((await harness.status()).state).toBe('stopped')
  })

  it('keeps no connection after the answer', async () => {
    // Node's own clients keep them alive.
    const answer = await runAs(STRANGER, ask('/api/status', '127.0.0.1', 'keep-alive'))
    expect(answer).toMatch(/^HTTP\/1\.1 403 /)
    expect(answer).toMatch(/^connection: close\r$/im)
  })

  it('does not lock the owner out with four hundred connections', async () => {
    const crowd = spawn(process.execPath, ['-e', takePlaces(400)], { uid: STRANGER, gid: STRANGER, cwd: '/' })
    try {
      await once(crowd.stdout, 'data')
      const times: number[] = []
      for (let n = 0; n < 28; n += 1) {
        const from = performance.now()
        expect((await harness.get('/api/status')).status).toBe(200)
        times.push(performance.now() - from)
      }
      // The first waits until all that came before it are accepted.
      expect(times.sort((a, b) => a - b)[14]).toBeLessThan(2_000)
    } finally {
      await end(crowd)
    }
  })

  it('has sixteen connections, and further ones are reset', async () => {
    const { server } = harness.app.http
    const resets = async () => {
      // The server still counts the connections of those before.
      await expect.poll(() => promisify(server.getConnections).call(server)).toBe(0)
      const crowd = spawn(process.execPath, ['-e', countResets(40)], {
        uid: STRANGER,
        gid: STRANGER,
        cwd: '/',
      })
      try {
        // The time limit for headers closes connections without a reset.
        const [count] = await once(crowd.stdout, 'data')
        return Number(count)
      } finally {
        await end(crowd)
      }
    }
    await expect.poll(resets, { timeout: 60_000 }).toBe(24)
  })

  it('does not block the owner’s own processes', async () => {
    expect(await runAs(0, ask('/api/status'))).toMatch(/^HTTP\/1\.1 200 /)
  })

  const port = () => new URL(harness.url).port
  const ask = (path: string, host = '127.0.0.1', connection = 'close') => `
    const s = require('net').connect(${port()}, '${host}')
    s.write('GET ${path} HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: ${connection}\\r\\n\\r\\n')
    s.pipe(process.stdout)`
  /** Half of them ask, half only connect; each comes back five seconds after it was closed. Prints once all have connected. */
  const takePlaces = (count: number) => `
    let connected = 0
    function take(asks) {
      const s = require('net').connect(${port()}, '127.0.0.1', () => {
        if (asks) s.write('GET / HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n')
      })
      s.resume().on('error', () => {}).once('connect', () => { if (++connected === ${count}) console.log('all') })
      s.once('close', () => setTimeout(take, 5000, asks))
    }
    for (let n = 0; n < ${count}; n += 1) take(n % 2 === 0)`
  /** Opens so many silent connections. When sixteen are left, prints how many of the others were reset. */
  const countResets = (count: number) => `
    let open = ${count}, resets = 0
    for (let n = 0; n < ${count}; n += 1) {
      const s = require('net').connect(${port()}, '127.0.0.1')
      s.resume().on('error', ({ code }) => { if (code === 'ECONNRESET') resets += 1 })
      s.once('close', () => { if (--open === 16) console.log(resets) })
    }`
  const writeAndVanish = (method: string, path: string) => `
    const s = require('net').connect(${port()}, '127.0.0.1', () => {
      s.write('${method} ${path} HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n', () => s.destroy())
    })`
})

async function end(child: ChildProcess): Promise<void> {
  child.kill()
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** Run a program of Node as this user; resolves with what it printed. */
function runAs(uid: number, program: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['-e', program], {
      uid,
      gid: uid,
      cwd: '/',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.on('data', (data) => {
      out += data
    })
    child.on('error', reject)
    child.on('close', () => resolve(out))
  })
}
