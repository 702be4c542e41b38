/** What behaviour tests hold: the whole app on a free port, the double's world, and HTTP from the outside. */
import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, vi } from 'vitest'
import { openSimulator } from '../simulator/open-simulator.ts'
import type { Simulator, SimulatorOptions, World, WorldMessage } from '../simulator/simulator.ts'
import { type App, createApp } from '../src/app.ts'
import { findBrowser } from '../src/browser/find.ts'
import { type Clock, systemClock } from '../src/clock.ts'
import { readConfig } from '../src/config.ts'
import { launchArgs } from '../src/engine/wweb/launch-args.ts'
import { wwebEngine } from '../src/engine/wweb/open-engine.ts'
import { possibleErrors } from '../src/faces/http/openapi.ts'
import { createLog } from '../src/log.ts'
import { defaultPath } from '../src/model/account-paths.ts'
import type { SessionState, Status } from '../src/model/status.ts'
import { ACCOUNT_ERRORS } from '../src/operations/accounts.ts'
import { ROWS } from '../src/operations/index.ts'

export type Answer = {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
  /** The body as JSON; undefined where it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came back
  json: any
}

export type Call = {
  method?: string
  path: string
  body?: unknown
  headers?: Record<string, string>
  /** Sent as it is, in place of `body`. */
  raw?: string
}

/**
 * What an MCP client speaks: sessions as before 2026-07-28, the current protocol, whichever of them it finds out, or plain
 * JSON without a session.
 */
export type McpLane = 'legacy' | 'current' | 'auto' | 'plain'

export type Harness = {
  app: App
  simulator: Simulator
  world: World
  url: string
  authDir: string
  /** Every line of the log so far, parsed. */
  log: Record<string, unknown>[]
  /** One HTTP request over a real socket, with exactly these headers and a Host. */
  call(call: Call): Promise<Answer>
  get(path: string): Promise<Answer>
  post(path: string, body?: unknown): Promise<Answer>
  /** The SDK's client, connected by this lane; closed with the harness. */
  mcp(lane: McpLane): Promise<Client>
  status(): Promise<Status>
  /** Until the session is in this state; rejects with the status after `ms`. */
  until(state: SessionState, ms?: number): Promise<Status>
  /** From nothing to ready, by QR. */
  link(): Promise<Status>
  /** Until the archive has everything that WhatsApp Web has, within the budget for history; rejects after 60 s. */
  synced(): Promise<Status>
  /** Close the app and open a new one on the same directories and double. `env`: other settings, for this run. */
  restart(env?: Record<string, string>): Promise<void>
  /** Close everything; fails on an internal error that no test expected. */
  close(): Promise<void>
}

export type HarnessOptions = Partial<SimulatorOptions> & {
  clock?: Clock
  env?: Record<string, string>
  /** An auth directory that exists already, in place of a fresh one. */
  authDir?: string
  /** A double that is open already; it stays open at the end. */
  simulator?: Simulator
}

export function browserPath(): string {
  const found = findBrowser()
  if (found === null) throw new Error('tests need a browser: npm test brings one')
  return found.path
}

/** What tests send goes at once, however fast. Those about policy and pace of a new server set these to the empty text. */
const BASE = {
  WHATSAPP_MCP_PORT: '0',
  WHATSAPP_HISTORY_PAUSE_MS: '0',
  WHATSAPP_MCP_SENDS: 'open',
  WHATSAPP_SENDS_PER_MINUTE: '0',
  WHATSAPP_SENDS_PER_HOUR: '0',
  WHATSAPP_NEW_PEOPLE_PER_DAY: '0',
}

/** A fresh app on a fresh double, listening on a free port, stopped. */
export async function openHarness(options: HarnessOptions = {}): Promise<Harness> {
  const { clock = systemClock, env = {}, simulator: given, authDir: existing, ...simulated } = options
  const authDir = existing ?? mkdtempSync(join(tmpdir(), 'wma-test-'))
  const simulator =
    given ?? (await openSimulator({ dataDir: null, pace: 'none', control: null, ...simulated }))
  const log: Record<string, unknown>[] = []
  const undeclared: string[] = []
  const clients: Client[] = []
  /** The directory is removed next. */
  let isOver = false
  const logger = createLog({ level: 'debug', write: (line) => log.push(JSON.parse(line)) })

  function create(more: Record<string, string> = {}): Promise<App> {
    return createApp({
      config: readConfig({ env: { ...BASE, WHATSAPP_AUTH_DIR: authDir, ...env, ...more }, root: authDir }),
      log: logger,
      clock,
      chromeExecutable: browserPath(),
      openEngine: (profileDir, proxy) =>
        wwebEngine({
          profileDir,
          executablePath: browserPath(),
          headless: true,
          browserArgs: launchArgs(true, simulator.chromiumArgs).args,
          proxy,
          clock,
          log: logger,
          keepsProfile: () => !isOver,
        }),
    })
  }

  const harness: Harness = {
    app: await create(),
    simulator,
    world: simulator.world,
    url: '',
    authDir,
    log,
    async call(call) {
      const answer = await send(harness.url, call)
      const code = answer.json?.code
      if (answer.status >= 400 && !isDeclared(call, code)) undeclared.push(`${call.path}: ${code}`)
      return answer
    },
    get: (path) => harness.call({ path }),
    post: (path, body) => harness.call({ method: 'POST', path, body }),
    async mcp(lane) {
      const client = await connectClient(harness.url, lane)
      clients.push(client)
      return client
    },
    status: async () => (await harness.get('/api/status')).json,
    async until(state, ms = 60_000) {
      const { session } = harness.app
      await new Promise<void>((resolve, reject) => {
        const check = () => {
          if (session.status().state !== state) return
          clearTimeout(timer)
          stop()
          resolve()
        }
        const timer = setTimeout(() => {
          stop()
          reject(new Error(`not ${state} but ${JSON.stringify(session.status())}`))
        }, ms)
        const stop = session.onChange(check)
        check()
      })
      return harness.status()
    },
    async link() {
      await harness.post('/api/auth/start')
      await simulator.world.scan()
      const status = await harness.until('ready')
      await newsSeen(simulator)
      return status
    },
    async synced() {
      const isUpToDate = () => {
        const { sync, archive } = harness.app.session.status()
        expect(`${sync?.phase} ${archive?.stale_since ?? 'up to date'}`).toBe('done up to date')
      }
      // Not expect.poll, so that hooks can wait too.
      await vi.waitFor(isUpToDate, { timeout: 60_000, interval: 20 })
      return harness.status()
    },
    async restart(more) {
      await harness.app.close()
      harness.app = await create(more)
      harness.url = (await harness.app.listen()).url
    },
    async close() {
      isOver = true
      await Promise.all(clients.map((client) => client.close()))
      await harness.app.close()
      if (given === undefined) await simulator.close()
      rmSync(authDir, { recursive: true, force: true, maxRetries: 5 })
      expect(log.filter(({ code }) => code === 'internal_error')).toEqual([])
      expect(undeclared, 'codes that the operation does not declare').toEqual([])
    },
  }
  harness.url = (await harness.app.listen()).url
  return harness
}

/** From now on WhatsApp says at once who is online; while this account is not online itself, each look waits 3 s in vain. */
export async function appearOnline({ call }: Harness): Promise<void> {
  const answer = await call({ method: 'PUT', path: '/api/profile/presence', body: { available: true } })
  expect(answer.status).toBe(200)
}

/** A fresh app on a fresh double, linked, with everything in its archive. */
export async function openLinked(options: HarnessOptions = {}): Promise<Harness> {
  const harness = await openHarness(options)
  await harness.link()
  await harness.synced()
  return harness
}

/** The full id of a message of the double's world, once the archive has it. */
export async function archivedId(
  { get }: Harness,
  { id, chat }: Pick<WorldMessage, 'id' | 'chat'>,
): Promise<string> {
  const read = async () => {
    const { json } = await get(`/api/messages?limit=100&chat_id=${chat}`)
    return json.messages?.find((one: { id: string }) => one.id.split('_')[2] === id)?.id
  }
  await expect.poll(read).toBeTruthy()
  return read()
}

const MODES = { legacy: 'legacy', plain: 'legacy', auto: 'auto', current: { pin: '2026-07-28' } } as const

/** Until no page waits for "Continue": a clock that a test moves forward would remove its device. */
function newsSeen({ world, onChange }: Simulator): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (world.state().devices.some(({ news }) => news)) return
      stop()
      resolve()
    }
    const stop = onChange(look)
    look()
  })
}

/** The SDK's client, connected by this lane; whoever asks closes it. */
export async function connectClient(url: string, lane: McpLane): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: MODES[lane] } })
  const plain = (to: string | URL, init?: RequestInit) => {
    const headers = new Headers(init?.headers)
    headers.set('accept', 'application/json')
    return fetch(to, { ...init, headers })
  }
  const options = lane === 'plain' ? { fetch: plain } : {}
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), options))
  return client
}

/** Does the table say that this call can fail so? Calls that reach no operation have no row. */
function isDeclared({ method = 'GET', path }: Call, code: unknown): boolean {
  const [whole = ''] = path.split('?')
  if (defaultPath(whole) !== whole && ACCOUNT_ERRORS.some((known) => known === code)) return true
  const route = `${method} ${defaultPath(whole)}`
  const fits = (known: string) =>
    known === route ||
    new RegExp(`^${known.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`).test(route)
  const operation = ROWS.find(({ routes }) => routes.some(fits))
  return operation === undefined || possibleErrors(operation, method).some((known) => known === code)
}

function send(base: string, { method = 'GET', path, body, headers = {}, raw }: Call): Promise<Answer> {
  const url = new URL(base)
  const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body))
  const typed = payload === undefined || raw !== undefined ? {} : { 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: url.hostname, port: url.port, method, path, headers: { ...typed, ...headers }, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parse(text) })
        })
      },
    )
    request.on('error', reject)
    request.end(payload)
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
