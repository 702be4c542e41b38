/** whatsapp-web.js's Client, made safe to run: the only file that uses its private parts. */
import { basename, dirname } from 'node:path'
import type { Browser, Page } from 'puppeteer'
import wweb from 'whatsapp-web.js'
import { childEnvironment } from '../../child-environment.ts'
import { CHANGE_TYPES, NOTICE_TYPES } from '../../model/message-types.ts'
import { COMPONENTS } from './compat/needs.ts'
import { explainPageErrors } from './compat/page-errors.ts'
import { installPageModules } from './compat/page-modules.ts'
import type { Piece } from './compat/piece.ts'
import { isInjected, markInjected, suppressLibraryWatches, watchPasskeyPrompt } from './in-page.ts'
import { installPageActs } from './page-acts.ts'
import { installPageAlbum } from './page-album.ts'
import { installPageCalls } from './page-calls.ts'
import { installPageHistory } from './page-history.ts'
import { installPageMedia } from './page-media.ts'
import { installPageMemory, MEMORY_LIMITS } from './page-memory.ts'
import { installPagePolls } from './page-polls.ts'
import { reportOneWay } from './page-reports.ts'
import { installPageRows } from './page-rows.ts'
import { installPageSends } from './page-sends.ts'
import { installPageTasks } from './page-tasks.ts'
import { installPageWatch } from './page-watch.ts'
import { modelTools } from './plain-model.ts'
import type { Changes, RawMessage, RawReaction } from './raw.ts'

/** From a document until WhatsApp Web is in it. */
const AUTH_MS = 60_000
const LOOK_MS = 100

/** The fields that we read of a message from whatsapp-web.js (structures/Message.js). */
export type LibraryMessage = {
  id: { _serialized?: string; id: string; fromMe: boolean }
  ack: number
  body: string
  to: string
  /** The page's own data, from which the other fields are derived. */
  rawData: RawMessage
}

/** The part of the library's Client that we use; each member was checked in its source (1.34.7). */
export type LibraryClient = {
  options: { userAgent: string | false; puppeteer: { args: string[] } }
  pupBrowser: Browser | null
  pupPage: Page | null
  info?: { wid: { _serialized: string }; pushname?: string; platform?: string }
  initialize(): Promise<void>
  getWWebVersion(): Promise<string>
  getNumberId(number: string): Promise<{ _serialized: string } | null>
  getContactLidAndPhone(ids: string[]): Promise<{ lid?: string; pn?: string }[]>
  requestPairingCode(phone: string, showNotification: boolean, intervalMs: number): Promise<string>
  cancelPairingCode(): Promise<void>
  sendMessage(chatId: string, content: unknown, options: object): Promise<LibraryMessage | undefined>
  on(event: 'qr', listener: (qr: string) => void): void
  on(event: 'authenticated' | 'ready', listener: () => void): void
  /** Progress of the sync. */
  on(event: 'loading_screen', listener: (percent: number) => void): void
  on(event: 'disconnected', listener: (reason: string) => void): void
  on(event: MessageEvent, listener: (message: LibraryMessage) => void): void
  on(event: 'message_ack', listener: (message: LibraryMessage, ack: number) => void): void
  on(event: 'message_reaction', listener: (reaction: RawReaction) => void): void
  removeAllListeners(): void
}

type MessageEvent = 'message_create' | 'message_ciphertext' | 'message_edit' | 'message_revoke_everyone'

type PrivateSeams = LibraryClient & {
  inject(): Promise<void>
  attachEventListeners(): Promise<void>
  initWebVersionCache(): Promise<void>
  destroy(): Promise<void>
}

export type LinkedClientOptions = {
  /**
   * The browser profile, `<auth dir>/session-<client id>`: LocalAuth's own layout. Exists already,
   * owner-only.
   */
  profileDir: string
  executablePath: string
  headless: boolean
  args: string[]
  /** True if `onBrowser` gives credentials for a proxy: puppeteer then follows every request. */
  answersProxy: boolean
  /** Called when the browser is up and its first page is blank; a rejection ends the start. */
  onBrowser(browser: Browser, page: Page): Promise<void>
  /** Every change of WhatsApp's socket, also before linking (the library reports them only afterwards). */
  onSocketState(state: string): void
  /** The page requested a passkey from the browser to confirm the link. */
  onPasskey(): void
  /** The page has a new document, to which the library attaches itself now: at the start, and after each reload. */
  onDocument(): void
  /** The library has (re-)attached itself to a document. */
  onInjected(): void
  /** Attaching to a reloaded document failed; events of the page may be missing now. */
  onReinjectFailed(error: unknown): void
  /** The compatibility pieces to apply, in this order. */
  pieces: readonly Piece[]
  /** A piece has changed something in the page. */
  onPiece(name: string): void
  /** A piece could not be applied: an unknown build. */
  onPieceFailed(name: string, error: unknown): void
  /** The library's listeners could not be attached: no event of the page arrives. */
  onAttachFailed(error: unknown): void
  /** WhatsApp Web showed its news to a fresh link; the dialog is confirmed. */
  onNews(): void
  /** The library's listeners are in the page: from now on no event is missed. */
  onListening(): void
  /** Chats or people in the page's memory are new or have changed. */
  onChanged(changes: Changes): void
  /** The page's chats and people cannot be watched: an unknown build. */
  onUnwatched(): void
}

/**
 * Creates a Client with our configuration, not yet initialized. Single-use.
 * Differences from the stock client, with reasons:
 * - it never deletes its profile or closes its browser by itself (F13: it deletes a running Chrome's
 *   profile);
 * - `onAuthAppStateChangedEvent` is ours: the stock handler calls browser code in Node (F11, Client.js:290),
 *   and ours also reports the states before linking;
 * - a document is injected once, however many of its frames navigate (F10), and an error of a later injection
 *   is reported instead of ending the process as an unhandled rejection (F8);
 * - compatibility pieces repair what newer builds of WhatsApp Web changed (compat/pieces.ts), and errors of
 *   the page keep their own message;
 * - chats and people are watched and read by our own functions (see page-rows.ts), and the library's own
 *   watch of chats, which loads them again from the server, is suppressed;
 * - the page waits for no response to what it reports (page-reports.ts), and does not report each change of a message twice.
 */
export function createLinkedClient(options: LinkedClientOptions): LibraryClient {
  const auth = new wweb.LocalAuth({
    clientId: basename(options.profileDir).replace(/^session-/, ''),
    dataPath: dirname(options.profileDir),
  })
  const client = new wweb.Client({
    authStrategy: auth,
    webVersionCache: { type: 'none' },
    authTimeoutMs: AUTH_MS,
    qrMaxRetries: 0,
    takeoverOnConflict: false,
    puppeteer: {
      executablePath: options.executablePath,
      headless: options.headless,
      args: options.args,
      env: childEnvironment(),
      pipe: true,
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
      timeout: 30_000,
      protocolTimeout: 120_000,
      defaultViewport: null,
      // Chromium would copy each upload to Node with the news of its request, in base64.
      networkEnabled: options.answersProxy,
    },
  }) as unknown as PrivateSeams
  // The stock value claims Chrome 101 on a Mac; false keeps the browser's own.
  client.options.userAgent = false

  let prepared = false
  auth.logout = async () => {}
  auth.afterBrowserInitialized = async () => {
    // The library calls it a second time after a logout, with the same browser.
    if (prepared || client.pupBrowser === null || client.pupPage === null) return
    prepared = true
    await options.onBrowser(client.pupBrowser, client.pupPage)
    await reportOneWay(client.pupPage)
    await client.pupPage.exposeFunction('onAuthAppStateChangedEvent', options.onSocketState)
    explainPageErrors(client.pupPage)
    await client.pupPage.exposeFunction('whatsappMcpPasskey', options.onPasskey)
    await client.pupPage.exposeFunction('whatsappMcpNews', options.onNews)
    await client.pupPage.exposeFunction('whatsappMcpChanged', options.onChanged)
  }

  async function applyPieces(when: Piece['when']): Promise<void> {
    for (const { name, apply } of options.pieces.filter((piece) => piece.when === when)) {
      try {
        if (await client.pupPage?.evaluate(apply)) options.onPiece(name)
      } catch (error) {
        if (isContextLost(error)) throw error
        options.onPieceFailed(name, error)
      }
    }
  }

  /**
   * As the library waits at the start of its own injection, which comes too late for the pieces: after a reload
   * the document has no modules yet.
   */
  async function waitForPage(): Promise<void> {
    for (const end = Date.now() + AUTH_MS; Date.now() < end; ) {
      if (await client.pupPage?.evaluate('window.Debug?.VERSION != undefined')) return
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
    throw new Error('auth timeout')
  }

  let attaching: Promise<void> | null = null
  let attached = false
  const inject = client.inject.bind(client)
  async function injectOnce(): Promise<void> {
    if (await client.pupPage?.evaluate(isInjected)) {
      // The address changed within the document, or one of its frames navigated: the listeners are still
      // attached.
      if (attached) options.onListening()
      return
    }
    options.onDocument()
    attaching = null
    attached = false
    await client.pupPage?.evaluate(watchPasskeyPrompt)
    await client.pupPage?.evaluate(installPageModules, COMPONENTS)
    await waitForPage()
    await applyPieces('document')
    await inject()
    await client.pupPage?.evaluate(markInjected)
  }
  /**
   * During the start only the start injects, even if the page reloads meanwhile; afterwards each load is
   * injected.
   */
  async function injectFirst(tries = 3): Promise<void> {
    try {
      await injectOnce()
    } catch (error) {
      if (tries === 1 || !isContextLost(error)) throw error
      await client.pupPage?.waitForFunction('document.readyState === "complete"', { timeout: 10_000 })
      if (client.pupPage?.url().includes('post_logout=1')) throw error
      await injectFirst(tries - 1)
    }
  }
  let started = false
  client.inject = async () => {
    try {
      await (started ? injectOnce() : injectFirst())
    } catch (error) {
      if (!started) throw error
      return options.onReinjectFailed(error)
    }
    started = true
    options.onInjected()
  }

  // Two syncs in a row attach at the same time and break each other; the second reports `ready` before the
  // first has attached.
  const attachEventListeners = client.attachEventListeners.bind(client)
  client.attachEventListeners = async () => {
    attaching ??= attach()
    await attaching.catch((error) => {
      attaching = null
      if (!isContextLost(error)) options.onAttachFailed(error)
      throw error
    })
  }
  async function attach(): Promise<void> {
    await applyPieces('linked')
    await client.pupPage?.evaluate(suppressLibraryWatches)
    await attachEventListeners()
    await client.pupPage?.evaluate(`window.whatsappMcpModels = (${modelTools})()`)
    await client.pupPage?.evaluate(installPageRows, CHANGE_TYPES, NOTICE_TYPES)
    await client.pupPage?.evaluate(installPageMemory, MEMORY_LIMITS)
    await client.pupPage?.evaluate(installPageHistory)
    await client.pupPage?.evaluate(installPageMedia)
    await client.pupPage?.evaluate(installPageAlbum)
    await client.pupPage?.evaluate(installPageSends)
    await client.pupPage?.evaluate(installPageActs)
    await client.pupPage?.evaluate(installPageTasks)
    await client.pupPage?.evaluate(installPagePolls)
    await client.pupPage?.evaluate(installPageCalls)
    if (!(await client.pupPage?.evaluate(installPageWatch))) options.onUnwatched()
    attached = true
    options.onListening()
  }

  // Stores every document's source, with an unguarded listener that fails if the browser closes meanwhile.
  client.initWebVersionCache = async () => {}
  // Called by the library, unawaited, on states that it does not accept. Only the engine closes.
  client.destroy = async () => {}
  return client
}

/** True if the page navigated away during a call (puppeteer's words for it). */
export function isContextLost(error: unknown): boolean {
  return (
    error instanceof Error &&
    /Execution context was destroyed|detached Frame|Cannot find context/.test(error.message)
  )
}
