/** Assembles the rooms: configuration in, a running server out. */

import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Account, OpenProfile } from './accounts/account.ts'
import { type Accounts, openAccounts } from './accounts/accounts.ts'
import { readAccessKey, readArchiveKey } from './archive-key.ts'
import { type Clock, systemClock, withDeadline } from './clock.ts'
import { type Config, serverUrl } from './config.ts'
import type { ControlStore } from './control.ts'
import { createBrowserSessions } from './faces/http/browser-sessions.ts'
import { addOperating } from './faces/http/operating.ts'
import { addPages } from './faces/http/pages.ts'
import { createHttpServer } from './faces/http/server.ts'
import { mountMcp } from './faces/mcp/mount.ts'
import { openUploads } from './files/uploads.ts'
import { type Keys, openKeys } from './keys/keys.ts'
import { createTokens } from './keys/tokens.ts'
import type { Log } from './log.ts'
import { createMetrics } from './metrics/metrics.ts'
import { createAuditLog } from './operations/audit-log.ts'
import { DEFAULT_ACCOUNT, hasAccount, hasScope, OWNER } from './operations/call.ts'
import { createDoor, type Door, isMet } from './operations/door.ts'
import { isReading, OPERATIONS, ROWS } from './operations/index.ts'
import { createLinkedCaller, createMediaLinks } from './operations/media-links.ts'
import { sightOf } from './operations/seen.ts'
import { sendToChat } from './operations/send-to-chat.ts'
import { countedAs, holdsNow as holdReasonOf, listedBy, sendsOf, stillAllows } from './operations/sending.ts'
import type { Asker } from './outbox/item.ts'
import { createPace } from './outbox/pace.ts'
import { createOwnIds } from './own-ids.ts'
import { callerOf } from './rules/caller.ts'
import { openRules } from './rules/rules.ts'
import { openAuthDir } from './session/auth-dir.ts'
import { openControl } from './store/open-control.ts'
import { startReadThreads } from './store/reads.ts'
import { VERSION } from './version.ts'
import { openWebhooks } from './webhooks/webhooks.ts'

/** Time for running requests to finish when the server stops; an unfinished send then ends as unknown. */
const DRAIN_MS = 8_000

/** MCP loads this long after the server started to listen, so that it does not delay the start. */
const WARM_MS = 250

export type AppOptions = {
  config: Config
  log: Log
  /** Absolute path of the browser; null if none was found (a start then fails with `browser_not_found`). */
  chromeExecutable: string | null
  openEngine: OpenProfile
  clock?: Clock
}

/** The running server. Its `session` and `archive` are those of the account `default`. */
export type App = Pick<Account, 'session' | 'archive'> & {
  accounts: Accounts
  door: Door
  control: ControlStore
  keys: Keys
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
  const accessKey = readAccessKey(config.accessKey, log)
  const authDir = await openAuthDir(config.authDir, log)
  const control = openControl({ file: authDir.control, archives: authDir.archives, secret, clock })
  const keys = await openKeys({ control: control.keys, secret: accessKey, clock, log })
  const { oauth } = config
  const tokens =
    oauth &&
    createTokens({
      rules: oauth,
      // Loads the library for tokens, which a server without OAuth does not need.
      issuer: (await import('./keys/issuer.ts')).createIssuer({ url: oauth.issuer, clock, log }),
      keys,
      sends: config.mcpSends,
      accountAt: (at) => accountOfUrl(at, mcpUrl),
      clock,
    })
  const uploads = openUploads({
    dir: authDir.uploads,
    maxBytes: config.maxUploadBytes,
    quotaBytes: config.uploadQuotaBytes,
    filesDir: config.filesDir,
    urls: config.mediaUrls,
    clock,
    log,
  })
  const findCaller = (id: string) => keys.callerOf(id) ?? tokens?.callerOf(id) ?? null
  /** Returns the asker with its present policy and sight: they may have changed since the message was scheduled. */
  const findAsker = ({ caller: id, overMcp }: Asker) => {
    const caller = findCaller(id)
    if (caller === null) return null
    const call = { caller, face: overMcp ? 'mcp' : 'rest' } as const
    return { ...caller, sends: sendsOf(call, config.mcpSends), sees: sightOf(call, config.hideChats) }
  }
  const { chromeExecutable, openEngine: openProfile } = options
  const threads = startReadThreads()
  const ownIds = createOwnIds(authDir.secret('message-ids'))
  const pace = createPace(config.pace, clock)
  const metrics = createMetrics(() => ({
    accounts: accounts.opened(),
    webhooks,
    rules,
    control,
    controlFile: authDir.control,
    clock,
  }))
  const accounts = await openAccounts({
    onOpen: metrics.follow,
    authDir,
    control,
    globalCalls: ROWS.filter(({ isGlobal }) => isGlobal).map(({ name }) => name),
    holdFile: uploads.hold,
    fileAt: uploads.pathOf,
    maySend(asker, account, chat) {
      const caller = findAsker(asker)
      if (caller === null || !hasScope(caller, 'send') || !hasAccount(caller, account)) return false
      const { archive } = accounts.get(account)
      const { sees } = caller
      return (sees === null || archive.sees(chat, sees)) && stillAllows(caller, chat, listedBy(archive))
    },
    async holdsNow(asker, account, chat, isFirst) {
      const caller = findAsker(asker)
      // A key that is gone approves nothing: the next look cancels what it scheduled.
      if (caller === null) return 'stranger'
      const { archive } = accounts.get(account)
      const reason = await holdReasonOf(caller, chat, archive)
      if (reason === null && isFirst) {
        const isNew = !(await isMet(archive, { id: chat }))
        // It was counted when it was requested, so those that are due have counts of their own, also of all callers.
        const counted = countedAs(caller, asker.overMcp ? 'mcp' : 'rest')
        pace.take({ account: `${account} due`, ...counted, chat, isNew })
      }
      return reason
    },
    config,
    secret,
    threads,
    clock,
    log,
    chromeExecutable,
    openProfile,
    ownIds,
  })
  const webhooks = await openWebhooks({
    control: control.webhooks,
    accounts,
    origins: config.webhookOrigins,
    version: VERSION,
    clock,
    log,
  })
  const rules = await openRules({
    isOn: config.rules,
    file: authDir.rules,
    control,
    accounts,
    isOurs: ownIds.isOurs,
    lateMs: config.outbox.lateMs,
    origins: config.webhookOrigins,
    version: VERSION,
    clock,
    log,
    async reply(rule, { chat, text, quotes, key }, signal) {
      const input = { chat, message: text, ...(quotes === null ? {} : { reply_to: quotes }) }
      await door.invoke(sendToChat, input, {
        caller: callerOf(rule),
        face: 'rule',
        client: null,
        account: rule.account,
        requestId: randomUUID(),
        canAsk: false,
        signal,
        idempotencyKey: key,
      })
    },
  })
  let url = config.publicUrl ?? serverUrl(config.host, config.port)
  const mcpUrl = (account: string) => `${url}${account === DEFAULT_ACCOUNT ? '' : `/accounts/${account}`}/mcp`
  const audit = createAuditLog({
    control: control.audit,
    days: config.auditDays,
    clock,
    onFailure: (error, lost) => log.warn({ err: error, lost }, 'the audit log cannot be written'),
  })
  const mediaLinks = createMediaLinks(authDir.secret('media-links'), clock)
  const door = createDoor({
    accounts,
    keys,
    webhooks,
    rules,
    uploads,
    control,
    mcpSends: config.mcpSends,
    ownIds,
    pace,
    hideChats: config.hideChats,
    audit,
    mediaLinks,
    clock,
    mcpUrl,
    onAdmit: (admission) => log.debug(admission, 'admitted'),
  })
  const isSecure = config.publicUrl?.startsWith('https:') ?? false
  const sessions = createBrowserSessions({ secret: authDir.secret('browser-sessions'), isSecure, clock })
  const rows = config.readOnly ? ROWS.filter(isReading) : ROWS
  const linkedCaller = createLinkedCaller({
    links: mediaLinks,
    // Where keys are required, there is no keyless owner.
    callerOf: (id) => (config.keysRequired && id === OWNER.id ? null : findCaller(id)),
    hideChats: config.hideChats,
  })
  const http = createHttpServer({
    config,
    rows,
    door,
    keys,
    tokens,
    mcpUrl,
    sessions,
    linkedCaller,
    clock,
    log,
  })
  addPages(http, door, VERSION, rows)
  addOperating(http, { door, accounts, metrics })
  const sessionKey = authDir.secret('mcp')
  const mcp = mountMcp(http, {
    async load(account) {
      accounts.get(account)
      const { openMcp } = await import('./faces/mcp/open.ts')
      return openMcp({
        operations: OPERATIONS.filter((one) => rows.includes(one)),
        toolsets: config.toolsets,
        account,
        door,
        clock,
        mcpUrl: () => mcpUrl(account),
        log,
        version: VERSION,
        // An id of another endpoint is foreign here.
        sessionKey: account === DEFAULT_ACCOUNT ? sessionKey : `${sessionKey} ${account}`,
      })
    },
    clock,
    log,
  })
  for (const source of [keys, tokens]) source?.onEnd(mcp.dismiss)
  keys.onEnd(() => {
    // If the database fails, the next look at what waits does the same, before anything is sent.
    for (const { outbox } of accounts.opened()) void outbox.review().catch(() => {})
  })
  accounts.onUnlink((id) => void keys.suspendAccount(id))
  accounts.onRemove(mcp.drop)
  accounts.onRemove(keys.revokeAccount)
  accounts.onRemove(webhooks.dropAccount)
  accounts.onRemove(rules.dropAccount)

  const { session, archive } = accounts.get(DEFAULT_ACCOUNT)
  let warming: NodeJS.Timeout | undefined
  let closing: Promise<void> | null = null
  return {
    session,
    archive,
    accounts,
    door,
    control,
    keys,
    http,
    hasClients: () => mcp.sessions() > 0,
    async listen() {
      // `localhost` may resolve to two addresses, and only one of them would be bound and guarded.
      const host = config.host === 'localhost' ? '127.0.0.1' : config.host
      await http.listen({ host, port: config.port })
      const { port } = http.server.address() as AddressInfo
      const local = serverUrl(config.host, port)
      url = config.publicUrl ?? local
      accounts.resume()
      void tokens?.warm()
      warming = setTimeout(mcp.warm, WARM_MS)
      return { url: local }
    },
    close() {
      closing ??= (async () => {
        // Clients that wait for events would delay the others. Those that wait for a start end below.
        for (const { archive } of accounts.opened()) archive.events.stop()
        clearTimeout(warming)
        await mcp.stop()
        // After the streams have ended: it changes the status, and a notice of it would take the place of their last message.
        for (const { session } of accounts.opened()) session.endWaits()
        const drained = http.close()
        await withDeadline(clock, 'Finishing requests', DRAIN_MS, drained).catch(() => {})
        await webhooks.close()
        await rules.close()
        await accounts.close()
        await threads.close()
        await mcp.close()
        tokens?.close()
        await keys.close()
        await audit.close()
        await control.close()
        uploads.close()
        await withDeadline(clock, 'Answering', 1_000, drained).catch(() => {})
        http.server.closeAllConnections()
        authDir.release()
      })()
      return closing
    },
  }
}

/** Returns the account whose MCP endpoint has this URL, with or without a slash at the end; null if there is none. */
function accountOfUrl(url: string, mcpUrl: (account: string) => string): string | null {
  const plain = url.replace(/\/$/, '')
  const account = /\/accounts\/([^/]+)\/mcp$/.exec(plain)?.[1] ?? DEFAULT_ACCOUNT
  return mcpUrl(account) === plain ? account : null
}
