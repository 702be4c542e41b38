/** The two contestants behind one interface: our built server, and whatsapp-web.js as it comes. */
import { createHash } from 'node:crypto'
import { openAsBlob } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Child, type Line, startChild } from './child.ts'

const SERVER = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const LIBRARY = fileURLToPath(new URL('./bare-library.mjs', import.meta.url))

export type ContestantName = 'ours' | 'bare'

/** `plain` and `same_work`: see bare-library.mjs. Our server always does the latter. */
export type SendKind = 'plain' | 'same_work'

/** Times are `performance.now()` of this process, taken when the contestant's line arrived here. */
export type Contestant = {
  child: Child
  /** Ours: the server listens. Bare: the library is imported. */
  up(): Promise<number>
  /** Ask for the connection, where it is not made without asking. */
  connect(): Promise<void>
  qr(): Promise<number>
  ready(): Promise<number>
  /** Send a text; resolves with ms from the call to the answer, which comes after WhatsApp's server took it. */
  send(number: string, text: string, kind: SendKind): Promise<number>
  /** Send a file of the disk as a document; resolves with ms until WhatsApp's server took its message. */
  sendFile(number: string, path: string): Promise<number>
  /** The bytes of a message's media: their SHA-256 in hexadecimal, and ms until they are there. */
  fetchMedia(id: string): Promise<{ ms: number; sha256: string }>
  /** From now on: when the next incoming message was reported. */
  received(): Promise<number>
  end(): Promise<void>
}

/** Where a contestant runs: its folder for the session, and the browser that takes the double for WhatsApp. */
export type Place = {
  authDir: string
  browser: string
  cwd: string
  /** Path of our server's program, if it is not the one of this checkout. */
  server?: string
  /** Further settings. Of the library alone: `WEBHOOK_URL`, to which it posts each message. */
  env?: Record<string, string>
}

/** Start one. */
export function startContestant(name: ContestantName, place: Place): Contestant {
  return name === 'ours' ? startServer(place) : startLibrary(place)
}

function startServer({ authDir, browser, cwd, server = SERVER, env }: Place): Contestant {
  const child = startChild({
    args: [server, 'serve'],
    cwd,
    env: {
      WHATSAPP_AUTH_DIR: authDir,
      WHATSAPP_CHROME_EXECUTABLE: browser,
      WHATSAPP_MCP_HOST: '127.0.0.1',
      WHATSAPP_MCP_PORT: '0',
      WHATSAPP_MCP_LOG_LEVEL: 'info',
      WHATSAPP_HEADLESS: 'true',
      // What is measured is sent as fast as it goes.
      WHATSAPP_SENDS_PER_MINUTE: '0',
      WHATSAPP_SENDS_PER_HOUR: '0',
      WHATSAPP_NEW_PEOPLE_PER_DAY: '0',
      ...env,
    },
    stream: 'stderr',
  })
  const isListening = ({ msg }: Line) => msg === 'listening'
  const reached = async (wanted: string) => {
    const { at } = await child.until(({ msg, state }) => msg === 'session.changed' && state === wanted)
    return at
  }
  async function call(path: string, init: RequestInit): Promise<Response> {
    const { line } = await child.until(isListening)
    const response = await fetch(`${line.url}${path}`, init)
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`)
    return response
  }
  async function post(path: string, body: object): Promise<void> {
    const headers = { 'content-type': 'application/json' }
    await (await call(path, { method: 'POST', headers, body: JSON.stringify(body) })).text()
  }
  return {
    child,
    up: async () => (await child.until(isListening)).at,
    connect: () => post('/api/auth/start', {}),
    qr: () => reached('qr'),
    ready: () => reached('ready'),
    async send(number, text) {
      const startedAt = performance.now()
      await post('/api/send', { phone_number: number, message: text })
      return performance.now() - startedAt
    },
    async sendFile(number, path) {
      const startedAt = performance.now()
      const headers = { 'content-type': 'application/pdf' }
      const stored = await call('/api/uploads', { method: 'PUT', headers, body: await openAsBlob(path) })
      const { id } = (await stored.json()) as { id: string }
      await post(`/api/chats/${number}/media`, { media: { upload: id }, as: 'document' })
      return performance.now() - startedAt
    },
    async fetchMedia(id) {
      const startedAt = performance.now()
      const { body } = await call(`/api/messages/${encodeURIComponent(id)}/media`, {})
      const hash = createHash('sha256')
      for await (const piece of body ?? []) hash.update(piece)
      return { ms: performance.now() - startedAt, sha256: hash.digest('hex') }
    },
    received: async () => (await child.until(({ msg }) => msg === 'message.received', child.lines())).at,
    end: () => child.end((process) => process.kill('SIGTERM')),
  }
}

function startLibrary({ authDir, browser, cwd, env = {} }: Place): Contestant {
  const child = startChild({ args: [LIBRARY, authDir, browser], cwd, env, stream: 'stdout' })
  const event = (wanted: string, from = 0) => child.until((line) => line.event === wanted, from)
  return {
    child,
    up: async () => (await event('imported')).at,
    connect: async () => {},
    qr: async () => (await event('qr')).at,
    ready: async () => (await event('ready')).at,
    async send(number, text, kind) {
      const sent = event('sent', child.lines())
      child.say(`send ${kind} ${number} ${text}`)
      return Number((await sent).line.ms)
    },
    async sendFile(number, path) {
      const sent = event('sent', child.lines())
      child.say(`file ${number} ${path}`)
      return Number((await sent).line.ms)
    },
    async fetchMedia(id) {
      const fetched = event('fetched', child.lines())
      child.say(`fetch ${id}`)
      const { line } = await fetched
      return { ms: Number(line.ms), sha256: String(line.sha256) }
    },
    received: async () => (await event('received', child.lines())).at,
    end: () => child.end(() => child.say('end')),
  }
}
