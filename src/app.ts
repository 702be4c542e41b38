/** Where the rooms meet: configuration in, a running server out. */
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { type Clock, systemClock, withDeadline } from './clock.ts'
import type { Config } from './config.ts'
import type { OpenEngine } from './engine/engine.ts'
import { addPages } from './faces/http/pages.ts'
import { createHttpServer } from './faces/http/server.ts'
import { createChatHash, type Log } from './log.ts'
import { OPERATIONS } from './operations/index.ts'
import { openAuthDir } from './session/auth-dir.ts'
import { createInbox } from './session/inbox.ts'
import { createSession, type Session } from './session/session.ts'
import { VERSION } from './version.ts'

/** Finishing what is under way may take this long when the server stops. */
const DRAIN_MS = 2_000

export type AppOptions = {
  config: Config
  log: Log
  /** Absolute path of the browser to drive; null where there is none (a start then says so). */
  chromeExecutable: string | null
  /** How the linked WhatsApp is opened. */
  openEngine: OpenEngine
  clock?: Clock
}

export type App = {
  session: Session
  http: FastifyInstance
  /** Bind, then connect by itself where a session was saved. Rejects where the port is taken. */
  listen(): Promise<{ url: string }>
  /** Stop taking requests, close the browser, give the directory free. Within 20 s; safe to call twice. */
  close(): Promise<void>
}

/**
 * The product, assembled. Nothing runs yet but the directory's lock.
 * @throws AuthDirError when the auth directory cannot be had
 */
export function createApp(options: AppOptions): App {
  const { config, log } = options
  const clock = options.clock ?? systemClock
  const authDir = openAuthDir(config.authDir, log)
  const inbox = createInbox({ log, hash: createChatHash(authDir.secret('log')) })
  const session = createSession({
    openEngine: options.openEngine,
    authDir,
    inbox,
    clock,
    log,
    chromeExecutable: options.chromeExecutable,
    headless: config.headless,
  })
  const context = { session, clock, mcpUrl: `${urlOf(config.host, config.port)}/mcp` }
  const http = createHttpServer({ config, operations: OPERATIONS, context, log })
  addPages(http, session, VERSION)

  let closing: Promise<void> | null = null
  return {
    session,
    http,
    async listen() {
      await http.listen({ host: config.host, port: config.port })
      const { port } = http.server.address() as AddressInfo
      context.mcpUrl = `${urlOf(config.host, port)}/mcp`
      session.resume()
      return { url: urlOf(config.host, port) }
    },
    close() {
      closing ??= (async () => {
        await withDeadline(systemClock, 'Finishing requests', DRAIN_MS, http.close()).catch(() => {})
        await session.close()
        authDir.release()
      })()
      return closing
    },
  }
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`
}
