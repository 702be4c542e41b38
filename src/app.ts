/** Where the rooms meet: configuration in, a running server out. */
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { readArchiveKey } from './archive-key.ts'
import { type Clock, systemClock, withDeadline } from './clock.ts'
import { type Config, serverUrl } from './config.ts'
import type { ControlStore } from './control.ts'
import type { OpenEngine } from './engine/engine.ts'
import { toAppError } from './errors.ts'
import { addEventStream } from './faces/http/event-stream.ts'
import { addExport } from './faces/http/export.ts'
import { addPages } from './faces/http/pages.ts'
import { createHttpServer } from './faces/http/server.ts'
import { mountMcp } from './faces/mcp/mount.ts'
import { createChatHash, type Log } from './log.ts'
import { DEFAULT_ACCOUNT } from './operations/call.ts'
import { createDoor, type Door } from './operations/door.ts'
import { OPERATIONS } from './operations/index.ts'
import { type Archive, createArchive } from './session/archive.ts'
import { openAuthDir } from './session/auth-dir.ts'
import { createSession, type Session } from './session/session.ts'
import { openControl } from './store/open-control.ts'
import { VERSION } from './version.ts'

/** What is under way when the server stops gets this long to finish; a send that does not is answered as unknown. */
const DRAIN_MS = 8_000

/** What MCP needs, and the control database, wait until the server has listened for so long: they would hold up its start. */
const WARM_MS = 250

export type AppOptions = {
  config: Config
  log: Log
  /** Absolute path of the browser to drive; null where there is none (a start then says so). */
  chromeExecutable: string | null
  /** How the linked WhatsApp is opened, on this browser profile. */
  openEngine: (profileDir: string) => OpenEngine
  clock?: Clock
}

export type App = {
  session: Session
  archive: Archive
  door: Door
  control: ControlStore
  http: FastifyInstance
  /** Bind, then connect by itself where a session was saved. Rejects where the port is taken. */
  listen(): Promise<{ url: string }>
  /** Does a client have a session that it may come back to, though nothing is under way? */
  hasClients(): boolean
  /** Stop taking requests, close the browser, give the directory free. Within 20 s; safe to call twice. */
  close(): Promise<void>
}

/**
 * The product, assembled. Nothing runs yet but the directory's lock.
 * Rejects with an AuthDirError when the auth directory cannot be had, a KeyError when the key of the archive cannot
 */
export async function createApp(options: AppOptions): Promise<App> {
  const { config, log } = options
  const clock = options.clock ?? systemClock
  const secret = await readArchiveKey(config.archiveKey, log)
  const authDir = await openAuthDir(config.authDir, log)
  const hash = createChatHash(authDir.secret('log'))
  const archive = createArchive({
    authDir,
    secret,
    budget: config.history,
    keep: config.keep,
    eventsDays: config.eventsDays,
    clock,
    log,
    hash,
  })
  const control = openControl({ file: authDir.control, archives: authDir.archives, secret, clock })
  const session = createSession({
    openEngine: options.openEngine(authDir.profile),
    authDir,
    archive,
    clock,
    log,
    chromeExecutable: options.chromeExecutable,
    headless: config.headless,
  })
  let mcpUrl = `${serverUrl(config.host, config.port)}/mcp`
  const door = createDoor({
    accounts: [{ id: DEFAULT_ACCOUNT, session, archive }],
    clock,
    mcpUrl: () => mcpUrl,
    onAdmit: (admission) => log.debug(admission, 'admitted'),
  })
  const http = createHttpServer({ config, operations: OPERATIONS, door, log })
  addPages(http, door, VERSION)
  addExport(http, { door, clock, log })
  addEventStream(http, { door, clock, log })
  const sessionKey = authDir.secret('mcp')
  const mcp = mountMcp(http, {
    async load() {
      const { openMcp } = await import('./faces/mcp/open.ts')
      return openMcp({
        operations: OPERATIONS,
        door,
        clock,
        mcpUrl: () => mcpUrl,
        log,
        version: VERSION,
        sessionKey,
      })
    },
    clock,
    log,
  })

  let warming: NodeJS.Timeout | undefined
  let closing: Promise<void> | null = null
  return {
    session,
    archive,
    door,
    control,
    http,
    hasClients: () => mcp.sessions() > 0,
    async listen() {
      // `localhost` may be two addresses and so two servers, of which only one would be guarded.
      const host = config.host === 'localhost' ? '127.0.0.1' : config.host
      await http.listen({ host, port: config.port })
      const { port } = http.server.address() as AddressInfo
      mcpUrl = `${serverUrl(config.host, port)}/mcp`
      session.resume()
      warming = setTimeout(() => {
        mcp.warm()
        void lookAtControl(control, log)
      }, WARM_MS)
      return { url: serverUrl(config.host, port) }
    },
    close() {
      closing ??= (async () => {
        // Whoever waits for events would hold the others up.
        archive.events.stop()
        clearTimeout(warming)
        await mcp.stop()
        const drained = http.close()
        await withDeadline(systemClock, 'Finishing requests', DRAIN_MS, drained).catch(() => {})
        await session.close()
        await mcp.close()
        await control.close()
        await withDeadline(systemClock, 'Answering', 1_000, drained).catch(() => {})
        http.server.closeAllConnections()
        authDir.release()
      })()
      return closing
    },
  }
}

/** Its owner hears at the start of what is wrong with it, and not when somebody needs it. */
async function lookAtControl(control: ControlStore, log: Log): Promise<void> {
  try {
    await control.accounts.list()
  } catch (error) {
    const { code, message, hint } = toAppError(error)
    if (code !== 'shutting_down') log.error({ err: error, code, hint }, message)
  }
}
