/** The built program in processes of its own: runs it, follows what it says, and leaves nothing behind. */
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect } from 'vitest'
import type { Status } from '../src/model/status.ts'
import { browserProcesses } from './browser-processes.ts'

export const MAIN = resolve(import.meta.dirname, '../dist/main.js')

export type Program = {
  child: ChildProcess
  out: string
  err: string
  /** Exit code, or the signal that ended it. */
  exited: Promise<number | NodeJS.Signals | null>
}

export type RunOptions = {
  env?: Record<string, string>
  cwd?: string
  /** What it reads on standard input, or the open file that it reads; nothing by default. */
  input?: string | number
  /** Leaves standard input open, for the test to write to. */
  keepsInput?: boolean
  /** Arguments of Node itself, before the program. */
  node?: string[]
  /** The program, where it is not the build of this checkout. */
  main?: string
  /** Another user of this computer (needs root). */
  uid?: number
}

const running = new Set<ChildProcess>()
const folders: string[] = []

/** For `afterEach` or `afterAll`: ends what still runs, waits for its browsers, removes the directories. */
export async function endPrograms(): Promise<void> {
  for (const child of running) child.kill('SIGKILL')
  for (const dir of folders.splice(0)) {
    for (const until = Date.now() + 60_000; browserProcesses(dir).length > 0; await sleep(20)) {
      if (Date.now() > until) throw new Error(`a browser stayed behind in ${dir}`)
    }
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** A directory that is removed at the end. */
export function temp(): string {
  const dir = mkdtempSync(join(tmpdir(), 'wma-cli-'))
  folders.push(dir)
  return dir
}

/**
 * A port at which nothing listens, and which no test beside this one is handed by listening at port 0: it is below those that
 * systems hand out (Linux from 32768 on, macOS and Windows from 49152 on).
 */
export async function quietPort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (isFree) return port
  }
}

export type Played = { url: string; port: string; close(): void }

/** A server whose answers a test writes. With `isOurs` it is ours by its `/health`, which `reply` then does not get. */
export async function play(reply: RequestListener, { isOurs }: { isOurs: boolean }): Promise<Played> {
  const server = createHttpServer((request, answer) => {
    if (isOurs && request.url === '/health') answer.end('{"ok":true,"name":"whatsapp-mcp-api"}')
    else reply(request, answer)
  })
  await new Promise<void>((listens) => server.listen(0, '127.0.0.1', listens))
  const port = String((server.address() as AddressInfo).port)
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { url: `http://127.0.0.1:${port}`, port, close }
}

/** The build as a package lies in `folder`; its main file. Its packages are those of this checkout. */
export function installInto(folder: string): string {
  const root = resolve(import.meta.dirname, '..')
  const own = join(folder, 'node_modules', 'whatsapp-mcp-api')
  for (const name of ['package.json', 'dist'])
    cpSync(join(root, name), join(own, name), { recursive: true, filter: (path) => !path.endsWith('.map') })
  symlinkSync(realpathSync(join(root, 'node_modules')), join(own, 'node_modules'))
  return join(own, 'dist', 'main.js')
}

/** `whatsapp-mcp-api …args`, or another program in its place. */
export function run(args: string[], options: RunOptions = {}, program?: string): Program {
  const { uid } = options
  const child = spawn(
    program ?? process.execPath,
    program === undefined ? [...(options.node ?? []), options.main ?? MAIN, ...args] : args,
    {
      cwd: options.cwd ?? tmpdir(),
      env: { ...process.env, ...options.env },
      stdio: [typeof options.input === 'number' ? options.input : 'pipe', 'pipe', 'pipe'],
      ...(uid === undefined ? {} : { uid, gid: uid }),
    },
  )
  running.add(child)
  const started: Program = {
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
  child.stdout?.setEncoding('utf8').on('data', (data) => {
    started.out += data
  })
  child.stderr?.setEncoding('utf8').on('data', (data) => {
    started.err += data
  })
  // A program that has ended reads nothing more.
  child.stdin?.on('error', () => {})
  if (options.keepsInput !== true) child.stdin?.end(options.input ?? '')
  return started
}

/** Runs it to its end. */
export async function ended(
  args: string[],
  options: RunOptions = {},
  program?: string,
): Promise<{ code: number | NodeJS.Signals | null; out: string; err: string }> {
  const started = run(args, options, program)
  const code = await started.exited
  return { code, out: started.out, err: started.err }
}

export type Sandbox = Program & { dir: string; url: string; phone: string }

/** A sandbox on free ports, listening; with `--linked`, ready. */
export async function openSandbox(
  dir = temp(),
  args: string[] = [],
  env: Record<string, string> = {},
): Promise<Sandbox> {
  const { SIMULATED_BUILD: build } = process.env
  const program = run(
    [
      ...['sandbox', '--dir', dir, '--port', '0', '--phone-port', '0', '--pace', 'none'],
      ...(build === undefined ? [] : ['--build', build]),
      ...args,
    ],
    { env },
  )
  const find = (pattern: RegExp) => pattern.exec(program.out)?.[1]
  const url = () => find(/(http:\/\/[\w.:[\]]+)\/api\/(?:status|chats)/)
  for (const until = Date.now() + 60_000; url() === undefined; await sleep(20)) {
    // Not expect.poll, so that hooks can open one too.
    if (Date.now() > until || program.child.exitCode !== null)
      throw new Error(`the sandbox did not start: ${program.out}${program.err}`)
  }
  return Object.assign(program, { dir, url: url() ?? '', phone: find(/phone\s+(http:\/\/[\w.:[\]]+)/) ?? '' })
}

/**
 * For the tests of this file or block: one linked sandbox, opened before the first of them and stopped after the last, and the
 * program that is run beside it.
 */
export function besideSandbox(): { sandbox(): Sandbox; cli(...words: string[]): ReturnType<typeof ended> } {
  let open: Sandbox | undefined
  beforeAll(async () => {
    open = await openSandbox(temp(), ['--linked'])
  })
  afterAll(async () => {
    if (open !== undefined) await stop(open)
    await endPrograms()
  })
  const sandbox = () => {
    if (open === undefined) throw new Error('the sandbox is open while tests run')
    return open
  }
  return { sandbox, cli: (...words) => ended([...words, '--url', sandbox().url]) }
}

/** A request as programs make it: JSON there and back. */
export async function call<T>(url: string, body?: unknown): Promise<T> {
  const answer = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  return (await answer.json()) as T
}

export const statusOf = ({ url }: Sandbox) => call<Status>(`${url}/api/status`)

export const until = (sandbox: Sandbox, state: string) =>
  expect.poll(async () => (await statusOf(sandbox)).state, { timeout: 60_000 }).toBe(state)

export async function link(sandbox: Sandbox): Promise<void> {
  await call(`${sandbox.url}/api/auth/start`, {})
  await call(`${sandbox.phone}/control/scan`, {})
  await until(sandbox, 'ready')
}

export async function stop(
  program: Program,
  signal: NodeJS.Signals = 'SIGINT',
): Promise<number | NodeJS.Signals | null> {
  program.child.kill(signal)
  return program.exited
}
