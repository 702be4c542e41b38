/** The program as people run it: the built command in a process of its own, with signals, kills and exit codes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, lstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { WorldMessage, WorldState } from '../simulator/simulator.ts'
import type { Status } from '../src/model/status.ts'
import { browserProcesses } from './browser-processes.ts'

const MAIN = resolve(import.meta.dirname, '../dist/main.js')

type Program = {
  child: ChildProcess
  out: string
  err: string
  /** Exit code, or the signal that ended it. */
  exited: Promise<number | NodeJS.Signals | null>
}

const running = new Set<ChildProcess>()
const folders: string[] = []

afterEach(async () => {
  for (const child of running) child.kill('SIGKILL')
  for (const dir of folders.splice(0)) {
    await expect.poll(() => browserProcesses(dir), { timeout: 10_000 }).toEqual([])
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  }
})

function temp(): string {
  const dir = mkdtempSync(join(tmpdir(), 'wma-cli-'))
  folders.push(dir)
  return dir
}

function run(args: string[], options: { env?: Record<string, string>; cwd?: string } = {}): Program {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: options.cwd ?? tmpdir(),
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  const program: Program = {
    child,
    out: '',
    err: '',
    exited: new Promise((done) =>
      child.once('close', (code, signal) => {
        running.delete(child)
        done(code ?? signal)
      }),
    ),
  }
  child.stdout?.on('data', (data) => {
    program.out += data
  })
  child.stderr?.on('data', (data) => {
    program.err += data
  })
  return program
}

type Sandbox = Program & { dir: string; url: string; phone: string }

/** A sandbox on free ports, listening. */
async function openSandbox(
  dir = temp(),
  args: string[] = [],
  env: Record<string, string> = {},
): Promise<Sandbox> {
  const program = run(
    ['sandbox', '--dir', dir, '--port', '0', '--phone-port', '0', '--pace', 'none', ...args],
    { env },
  )
  const address = (name: string) => new RegExp(`${name}\\s+(http://[\\w.:[\\]]+)`).exec(program.out)?.[1]
  await expect.poll(() => address('phone'), { timeout: 15_000, message: program.err }).toBeTruthy()
  return Object.assign(program, { dir, url: address('QR') ?? '', phone: address('phone') ?? '' })
}

async function call<T>(url: string, body?: unknown): Promise<T> {
  const answer = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  return (await answer.json()) as T
}

const statusOf = ({ url }: Sandbox) => call<Status>(`${url}/api/status`)
const until = (sandbox: Sandbox, state: string) =>
  expect.poll(async () => (await statusOf(sandbox)).state, { timeout: 20_000 }).toBe(state)
const statesOf = ({ err }: Program) => [...err.matchAll(/"state":"(\w+)"/g)].map((match) => match[1])

async function link(sandbox: Sandbox): Promise<void> {
  await call(`${sandbox.url}/api/auth/start`, {})
  await call(`${sandbox.phone}/control/scan`, {})
  await until(sandbox, 'ready')
}

async function stop(
  program: Program,
  signal: NodeJS.Signals = 'SIGINT',
): Promise<number | NodeJS.Signals | null> {
  program.child.kill(signal)
  return program.exited
}

describe('sandbox', () => {
  it('links, sends, receives, stops, and is ready again without a QR', async () => {
    const elsewhere = join(temp(), 'not-this-one')
    const env = { WHATSAPP_AUTH_DIR: elsewhere, WHATSAPP_MCP_PORT: '1', WHATSAPP_MCP_HOST: '0.0.0.0' }
    const first = await openSandbox(undefined, [], env)
    expect((await call<Status>(`${first.url}/api/auth/start`, {})).state).toBe('qr')
    expect(await (await fetch(`${first.url}/qr`)).text()).toContain('<img src="data:image/png')
    await call(`${first.phone}/control/scan`, {})
    await until(first, 'ready')

    const { contacts, account } = await call<WorldState>(`${first.phone}/control/state`)
    const phone = contacts[0]?.phone ?? ''
    expect((await statusOf(first)).account).toMatchObject({ wid: `${account.phone}@c.us` })
    const sent = await call(`${first.url}/api/send`, {
      phone_number: phone,
      message: 'from the command line',
    })
    expect(sent).toMatchObject({ ok: true, to: phone })
    const messages = await call<WorldMessage[]>(`${first.phone}/control/messages`)
    expect(messages.filter(({ body }) => body === 'from the command line')).toHaveLength(1)

    await call(`${first.phone}/control/write`, { from: phone, text: 'to the log' })
    await expect.poll(() => first.err).toContain('message.received')
    expect(first.err).not.toContain('to the log')
    expect(await stop(first)).toBe(0)
    expect(browserProcesses(first.dir)).toEqual([])

    const second = await openSandbox(first.dir)
    await until(second, 'ready')
    expect(statesOf(second)).toEqual(['starting', 'authenticated', 'ready'])
    expect(await stop(second)).toBe(0)
    expect(existsSync(elsewhere)).toBe(false)
  })

  it('says what it takes, and what is wrong', async () => {
    const help = run(['sandbox', '--help'])
    expect(await help.exited).toBe(0)
    expect(help.out).toContain('--build NAME')
    for (const args of [
      ['--build', 'nope'],
      ['--pace', 'fast'],
      ['--wat'],
      ['--port', '99999'],
      ['--phone-port', 'x'],
    ]) {
      const wrong = run(['sandbox', '--dir', temp(), ...args])
      expect(await wrong.exited, args.join(' ')).toBe(2)
      expect(wrong.err).toContain('--help')
      expect(wrong.err).not.toContain('    at ')
    }
  })
})

describe('ending (F17)', () => {
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']
  it.each(signals)('%s while ready: code 0, no browser, no lock', async (signal) => {
    const sandbox = await openSandbox()
    await link(sandbox)
    expect(await stop(sandbox, signal)).toBe(0)
    expect(browserProcesses(sandbox.dir)).toEqual([])
    expect(
      lstatSync(join(sandbox.dir, 'session-default', 'SingletonLock'), { throwIfNoEntry: false }),
    ).toBeUndefined()
    expect(existsSync(join(sandbox.dir, '.whatsapp-mcp-api', 'server.lock'))).toBe(false)
  })

  it.each(['stopped', 'starting', 'qr'])('SIGTERM while %s', async (state) => {
    const sandbox = await openSandbox()
    const started = state === 'stopped' ? null : call(`${sandbox.url}/api/auth/start`, {}).catch(() => null)
    if (state === 'qr') await started
    if (state === 'starting')
      await expect.poll(() => browserProcesses(sandbox.dir).length, { interval: 5 }).toBeGreaterThan(0)
    expect(await stop(sandbox, 'SIGTERM')).toBe(0)
    expect(browserProcesses(sandbox.dir)).toEqual([])
    await started
  })

  it('a second signal ends it at once, whatever the browser does', async () => {
    const sandbox = await openSandbox()
    await link(sandbox)
    const hung = browserProcesses(sandbox.dir)
    for (const { pid } of hung) process.kill(pid, 'SIGSTOP')
    sandbox.child.kill('SIGINT')
    await expect.poll(() => sandbox.err).toContain('"stopping"')
    const askedAt = Date.now()
    expect(await stop(sandbox, 'SIGINT')).toBe(1)
    expect(Date.now() - askedAt).toBeLessThan(1_000)
    for (const { pid } of hung) process.kill(pid, 'SIGKILL')
  })

  it('kill -9 leaves no browser, and the next start is ready without a QR (F3)', async () => {
    const first = await openSandbox()
    await link(first)
    // A clean stop writes the link to disk, as ten seconds would (F14).
    await stop(first)
    const second = await openSandbox(first.dir)
    await until(second, 'ready')
    expect(browserProcesses(first.dir).length).toBeGreaterThan(0)
    await stop(second, 'SIGKILL')
    const third = await openSandbox(first.dir)
    await until(third, 'ready')
    expect(statesOf(third)).not.toContain('qr')
    expect(await stop(third)).toBe(0)
    expect(browserProcesses(first.dir)).toEqual([])
  })
})

describe('a start that cannot be', () => {
  it('on a directory in use names the other server, which goes on (F5)', async () => {
    const first = await openSandbox()
    const startedAt = Date.now()
    const second = run(['serve'], { env: { WHATSAPP_AUTH_DIR: first.dir, WHATSAPP_MCP_PORT: '0' } })
    expect(await second.exited).toBe(3)
    expect(Date.now() - startedAt).toBeLessThan(2_000)
    expect(second.err).toContain(`process ${first.child.pid}`)
    expect((await statusOf(first)).state).toBe('stopped')
    await stop(first)
  })

  it('on a taken port says so', async () => {
    const blocker = createServer().listen(0, '127.0.0.1')
    await new Promise((done) => blocker.once('listening', done))
    const { port } = blocker.address() as { port: number }
    const program = run(['serve'], { env: { WHATSAPP_AUTH_DIR: temp(), WHATSAPP_MCP_PORT: String(port) } })
    expect(await program.exited).toBe(4)
    expect(program.err).toContain('WHATSAPP_MCP_PORT')
    blocker.close()
  })

  it.each([
    [{ WHATSAPP_MCP_PORT: 'many' }, 2, 'WHATSAPP_MCP_PORT="many"'],
    [{ WHATSAPP_MCP_HOST: '0.0.0.0' }, 2, 'loopback'],
    [{ WHATSAPP_MCP_HOST: '127.0.0.300' }, 2, 'loopback'],
    [{ WHATSAPP_CHROME_EXECUTABLE: '/nowhere/chrome' }, 5, '/nowhere/chrome'],
  ])('with %j ends with code %i and a sentence', async (env, code, text) => {
    const program = run(['serve'], { env: { WHATSAPP_AUTH_DIR: temp(), ...env } })
    expect(await program.exited).toBe(code)
    expect(program.err).toContain(text)
    expect(program.err).not.toContain('    at ')
  })

  it('reads .env in the working directory, and the environment wins', async () => {
    const cwd = temp()
    writeFileSync(join(cwd, '.env'), 'WHATSAPP_MCP_PORT=many\n')
    const wrong = run(['serve'], { cwd, env: { WHATSAPP_AUTH_DIR: temp() } })
    expect(await wrong.exited).toBe(2)
    const right = run(['serve'], { cwd, env: { WHATSAPP_AUTH_DIR: temp(), WHATSAPP_MCP_PORT: '0' } })
    await expect.poll(() => right.out, { timeout: 10_000 }).toContain('/api/status')
    expect(await stop(right)).toBe(0)
  })
})

describe('help', () => {
  it.each([['--help'], ['-h'], ['help']])('%s', async (arg) => {
    const program = run([arg])
    expect(await program.exited).toBe(0)
    expect(program.out).toContain('sandbox')
  })

  it('is what an unknown command gets', async () => {
    const program = run(['dance'])
    expect(await program.exited).toBe(2)
    expect(program.err).toContain('There is no command "dance"')
  })

  it('lists every setting', async () => {
    const program = run(['serve', '--help'])
    expect(await program.exited).toBe(0)
    for (const name of ['WHATSAPP_MCP_PORT', 'WHATSAPP_AUTH_DIR', 'WHATSAPP_HEADLESS'])
      expect(program.out).toContain(name)
  })
})
