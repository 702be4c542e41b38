/**
 * The whole app on the archive of an account that is not connected: no browser, and what WhatsApp would report is handed
 * to the archive by the test. Requests go over real sockets.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type App, createApp } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import type { Engine } from '../src/engine/engine.ts'
import { createLog } from '../src/log.ts'
import { type AccountId, toJid } from '../src/model/ids.ts'
import type { SeenMessage } from '../src/model/seen.ts'
import { placesIn } from '../src/session/auth-dir.ts'
import type { Answer } from './harness.ts'
import { seenMessage } from './seen-message.ts'
import { createTestClock, type TestClock } from './test-clock.ts'

export const ACCOUNT = '15550001000'

export type EventStage = {
  app: App
  clock: TestClock
  url: string
  /** Every line of the log so far, parsed. */
  log: Record<string, unknown>[]
  /** The file of this account's archive. */
  archive: string
  /** Bytes that wait in the server's memory, for the connection with the most of them. */
  unsent(): number
  /** Somebody writes: in the archive, and its event on disk, when this returns. Their number of the day is the id. */
  write(message?: Partial<SeenMessage>): SeenMessage
  get(path: string, headers?: Record<string, string>): Promise<Pick<Answer, 'status' | 'json'>>
  /** Another account is linked, with an engine that never answers. */
  switchAccount(phone: string): void
  /** Adds an account that is linked, with an engine that never answers. */
  addAccount(id: string, phone: string): Promise<void>
  /** @param env replaces these settings */
  restart(env?: Record<string, string>): Promise<void>
  close(): Promise<void>
}

export async function openEventStage(env: Record<string, string> = {}): Promise<EventStage> {
  const authDir = mkdtempSync(join(tmpdir(), 'wma-events-'))
  const { own } = placesIn(authDir)
  mkdirSync(own, { recursive: true, mode: 0o700 })
  writeFileSync(join(own, 'account.json'), `{"wid":"${ACCOUNT}@c.us"}\n`, { mode: 0o600 })
  const clock = createTestClock()
  const settings = (more: Record<string, string> = {}) =>
    readConfig({
      env: { WHATSAPP_AUTH_DIR: authDir, WHATSAPP_MCP_PORT: '0', ...env, ...more },
      root: authDir,
    })
  const log: Record<string, unknown>[] = []
  const logger = createLog({ level: 'debug', write: (line) => log.push(JSON.parse(line)) })
  const create = (more?: Record<string, string>) =>
    createApp({
      config: settings(more),
      log: logger,
      clock,
      chromeExecutable: null,
      openEngine: () => () => Promise.reject(new Error('there is no browser in this test')),
    })
  const sockets = new Set<Socket>()
  const listen = async () => {
    const { url } = await stage.app.listen()
    stage.app.http.server.on('connection', (socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    return url
  }
  let count = 0
  const stage: EventStage = {
    app: await create(),
    clock,
    url: '',
    log,
    archive: join(own, 'archives', `${ACCOUNT}.db`),
    unsent: () => Math.max(0, ...[...sockets].map(({ writableLength }) => writableLength)),
    write(given = {}) {
      count += 1
      const message: SeenMessage = { ...MESSAGE, bareId: `3EB0${count}`, body: `text ${count}`, ...given }
      stage.app.archive.take({ type: 'message', message })
      stage.app.archive.flush()
      return message
    },
    async get(path, headers = {}) {
      const response = await fetch(`${stage.url}${path}`, { headers })
      const text = await response.text()
      return { status: response.status, json: JSON.parse(text) }
    },
    switchAccount(phone) {
      stage.app.archive.follow(STILL, toJid(`${phone}@c.us`), null)
    },
    async addAccount(id, phone) {
      await stage.app.accounts.add({ id: id as AccountId, label: null, proxy: null })
      stage.app.accounts.get(id).archive.follow(STILL, toJid(`${phone}@c.us`), null)
    },
    async restart(more) {
      await stage.app.close()
      stage.app = await create(more)
      stage.url = await listen()
    },
    async close() {
      await stage.app.close()
      rmSync(authDir, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  stage.url = await listen()
  return stage
}

const never = () => new Promise<never>(() => {})
/** An engine that never answers. */
const STILL: Engine = {
  connected: () => true,
  requestPairingCode: never,
  showQr: never,
  findNumber: never,
  send: never,
  act: never,
  perform: never,
  readReceipts: never,
  readVotes: never,
  async *readChats() {
    yield await never()
  },
  async *readContacts() {
    yield await never()
  },
  readMessages: never,
  askPhone: never,
  memory: { browserBytes: never, releaseHistory: never, idleSince: () => null },
  fetchMedia: never,
  readThumbnail: never,
  probe: never,
  roundTrip: never,
  logout: never,
  close: never,
}

export const AMARA = '15550001101@c.us'

const MESSAGE = seenMessage({
  chat: toJid(AMARA),
  bareId: '',
  body: '',
  senderName: 'Amara',
  sentAt: 1_750_000_000,
})
