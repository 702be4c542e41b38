/** Assembles the rooms: configuration in, a running server out. */
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { readArchiveKey } from './archive-key.ts'
import { type Clock, systemClock, withDeadline } from './clock.ts'
import { type Config, serverUrl } from './config.ts'
import type { ControlStore } from './control.ts'
import type { OpenEngine } from './engine/engine.ts'
import { toAppError } from './errors.ts'
import { addPages } from './faces/http/pages.ts'
import { createHttpServer } from './faces/http/server.ts'
import { mountMcp } from './faces/mcp/mount.ts'
import { createChatHash, type Log } from './log.ts'
import { DEFAULT_ACCOUNT } from './operations/call.ts'
import { createDoor, type Door } from './operations/door.ts'
import { OPERATIONS, ROWS } from './operations/index.ts'
import { type Archive, createArchive } from './session/archive.ts'
import { openAuthDir } from './session/auth-dir.ts'
import { createSession, type Session } from './session/session.ts'
import { openControl } from './store/open-control.ts'
import { VERSION } from './version.ts'

/** Time for running requests to finish when the server stops; an unfinished send then ends as unknown. */
const DRAIN_MS = 8_000

/**
 * MCP and the control database load this long after the server started to listen, so that they do not delay
 * the start.
 */
const WARM_MS = 250

export type AppOptions = {
  config: Config
  log: Log
  /** Absolute path of the browser; null if none was found (a start then fails with `browser_not_found`). */
  chromeExecutable: string | null
  /** Returns the function that opens an engine on this browser profile. */
  openEngine: (profileDir: string) => OpenEngine
  clock?: Clock
}

export type App = {
  session: Session
  archive: Archive
  door: Door
  control: ControlStore
  http: FastifyInstance
  /** Binds the port, then connects if a session is saved. Rejects if the port is in use. */
  listen(): Promise<{ url: string }>
  /** True if a client has an MCP session that it may continue, even if no request is running. */
  hasClients(): boolean
  /**
   * Stops accepting requests, closes the browser, releases the directory. Within 20 s; safe to call twice.
   */
  close(): Promise<void>
}

/**
 * Assembles the product. Only the directory's lock is active until {@link App.listen}.
 * Rejects with an AuthDirError if the auth directory cannot be used, with a KeyError if the archive key
 * cannot be read.
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
  const http = createHttpServer({ config, rows: ROWS, door, clock, log })
  addPages(http, door, VERSION)
  const sessionKey = authDir.secret('mcp')
  const mcp = mountMcp(http, {
    async load() {
      const { openMcp } = await import('./faces/mcp/open.ts')
      return openMcp({
        operations: OPERATIONS,
        toolsets: config.toolsets,
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
      // `localhost` may resolve to two addresses, and only one of them would be bound and guarded.
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
        // Clients that wait for events would delay the others.
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

/** Logs a problem with the control database at the start, not at the first request that requires it. */
async function lookAtControl(control: ControlStore, log: Log): Promise<void> {
  try {
    await control.accounts.list()
  } catch (error) {
    const { code, message, hint } = toAppError(error)
    if (code !== 'shutting_down') log.error({ err: error, code, hint }, message)
  }
}
