/** An engine on whatsapp-web.js: one browser, one client, from launch to close. */
import type { Browser, Page } from 'puppeteer'
import { type Clock, createDeferred, withDeadline } from '../../clock.ts'
import type { Log } from '../../log.ts'
import { toJid } from '../../model/ids.ts'
import type { BrowserProxy } from '../../model/proxy.ts'
import { memoryOfTree } from '../../process-memory.ts'
import type { Engine, EngineEnd, EngineEvent, OpenEngine } from '../engine.ts'
import { abilityOf, createActing } from './acting.ts'
import { createAddresses } from './addresses.ts'
import { createAsk } from './asking.ts'
import { endBrowser, releaseProfile } from './browser-process.ts'
import type { Piece } from './compat/piece.ts'
import { PIECES } from './compat/pieces.ts'
import { announceSynced, logOut, readOwnLid, readSocket } from './in-page.ts'
import { createLinkedClient, isContextLost } from './linked-client.ts'
import { createLinking } from './linking.ts'
import { listenTo } from './listeners.ts'
import { createMediaTransfer, type MediaClient } from './media.ts'
import { usesOf } from './outgoing/kinds.ts'
import { pageReleaseHistory } from './page-memory.ts'
import { abilityOfTask, createPerforming } from './performing.ts'
import { createReading } from './reading.ts'
import { createRestrictions } from './restrictions.ts'
import { createSender } from './sender.ts'
import { startProblem, UNKNOWN_PAGE } from './start-problem.ts'
import { createSupported } from './supported.ts'
import { toSocketMeaning } from './translate.ts'
import { createTranslator } from './translator.ts'
import { userAgentWithWindow } from './user-agent.ts'

/**
 * From launch to the first QR code or the loaded session; a page that hangs would otherwise wait for ever
 * (F6).
 */
const FIRST_RESULT_MS = 90_000
/** From linked, or from the last sign of progress, to ready; three known causes prevent `ready` (F9). */
const READY_MS = 60_000
/** From the end of the sync until the library has read the account and attached its listeners. */
const LOADED_MS = 3_000
/**
 * A probe without a response for this long means that the page hangs (G5: found within 45 s with a probe
 * every 30 s).
 */
const PROBE_MS = 10_000
/** Usually less than a second. On a slow line, a sync is ahead of it. */
const ROUND_TRIP_MS = 20_000
/** From a failed attachment to a reloaded page until the engine ends. */
const REATTACH_MS = 5_000
/** If the engine closes during the launch, the browser gets this long to appear, so that it can be ended. */
const LAUNCH_MS = 15_000
const LOGOUT_MS = 15_000
const GOODBYE_MS = 2_000

export type WwebSetup = {
  /** The browser profile of the session; the caller must hold its auth directory's lock. */
  profileDir: string
  executablePath: string
  headless: boolean
  /** Additional browser arguments; the sandbox uses them to connect to the double. */
  browserArgs: string[]
  /** The proxy of the browser; null: none of its own. */
  proxy: BrowserProxy | null
  clock: Clock
  log: Log
  /** False once the profile is of no more use: its browser then ends without writing it. Default: true. */
  keepsProfile?: () => boolean
  /** The compatibility pieces; default: all. */
  pieces?: readonly Piece[]
}

/** {@link OpenEngine} for this machine's browser and profile. */
export function wwebEngine(setup: WwebSetup): OpenEngine {
  return async ({ emit }) => openEngine(setup, emit)
}

type Phase = 'starting' | 'unpaired' | 'authenticated' | 'ready' | 'over'

function openEngine(setup: WwebSetup, emitEvent: (event: EngineEvent) => void): Engine {
  const { clock, log } = setup
  let phase: Phase = 'starting'
  let browser: Browser | null = null
  let connected = false
  /** The library reports `ready` on every sync, also while its listeners are still being attached (F10). */
  let saidReady = false
  let listening = false
  let saidNews = false
  /** The library and our own patches are in the page; a QR code may arrive slightly earlier. */
  const injected = createDeferred<true>()
  /** WhatsApp has removed this device and shows its landing page. */
  const loggedOut = createDeferred<true>()
  /** Events that arrived before `ready`: the account is not known yet. */
  const early: EngineEvent[] = []
  let closing: Promise<void> | null = null
  let cancelTimer = () => {}
  /** The highest percentage of the sync so far. */
  let progress = 0

  const client = createLinkedClient({
    profileDir: setup.profileDir,
    executablePath: setup.executablePath,
    headless: setup.headless,
    args: [...setup.browserArgs, ...(setup.proxy === null ? [] : [`--proxy-server=${setup.proxy.server}`])],
    answersProxy: Boolean(setup.proxy?.credentials),
    onBrowser,
    onSocketState,
    onPasskey: () => {
      if (phase === 'unpaired') emit({ type: 'passkey_asked' })
    },
    onDocument: () => {
      if (phase === 'unpaired') emit({ type: 'document' })
    },
    onInjected() {
      injected.resolve(true)
      void supported.check()
      void afterInjected()
    },
    onReinjectFailed: (error) => {
      if (isOver()) return
      log.warn({ err: error }, 'the engine could not attach to the reloaded page')
      // A lost context means that the page reloads once more: it cannot be checked yet.
      if (!isContextLost(error)) void endIfUnsupported()
      // Another reload attaches again; a page that does not reload would send no events.
      clock.after(REATTACH_MS, () => {
        if (phase === 'ready' && !listening)
          end('not_responding', 'The engine could not attach to the reloaded WhatsApp Web page.')
      })
    },
    onListening() {
      listening = true
      if (phase === 'ready') void afterInjected()
      else void onReady()
    },
    pieces: setup.pieces ?? PIECES,
    onPieceFailed: (piece, error) => log.warn({ piece, err: error }, 'WhatsApp Web could not be repaired'),
    onAttachFailed: (error) => {
      log.warn({ err: error }, "WhatsApp Web's events cannot be received")
      void endIfUnsupported()
    },
    onPiece: (piece) => log.debug({ piece }, 'this build of WhatsApp Web is repaired'),
    onNews() {
      // While the dialog stays, its button is pressed again twice a second.
      if (!saidNews) log.info('WhatsApp Web showed its news to the new device; confirmed with "Continue"')
      saidNews = true
    },
    onChanged: (changes) => listeners.onChanged(changes),
    onUnwatched: () => log.warn('chats cannot be watched: this build of WhatsApp Web is unknown'),
  })
  const addresses = createAddresses(
    (lid, phone) => emitWhenReady({ type: 'identity', phone, lid }),
    (asked, phone) => emitWhenReady({ type: 'number', asked, phone }),
  )
  let build: string | null = null
  const translator = createTranslator(clock, log, () => build)
  const ask = createAsk(clock, () => connected)
  const media = createMediaTransfer(client as MediaClient, ask, clock)
  const sender = createSender(client, addresses, translator, media, clock)
  const acting = createActing(client, translator, clock)
  const listeners = listenTo(client, sender, acting, translator, emitWhenReady, log)
  const reading = createReading(client, addresses, translator, ask, clock, emitWhenReady)
  const performing = createPerforming(client, translator, clock)
  const supported = createSupported(client, clock, emit)
  const restrictions = createRestrictions(client, clock, emit)
  const linking = createLinking(client, injected.promise, () => phase === 'unpaired', clock, log)

  client.on('qr', (qr) => {
    // A page without its first ref, or between two rounds of keys, builds a QR code from missing values.
    if ((phase !== 'starting' && phase !== 'unpaired') || qr.split(',').some(isMissing)) return
    phase = 'unpaired'
    cancelTimer()
    emit({ type: 'qr', qr })
  })
  client.on('authenticated', () => {
    onPaired()
    // If the page lacks a module that the library needs, the library stops here, in the page, without an error.
    clock.after(LOADED_MS, () => {
      if (phase === 'authenticated') void endIfUnsupported()
    })
  })
  client.on('loading_screen', onProgress)
  client.on('ready', () => {
    saidReady = true
    void onReady()
  })
  client.on('disconnected', (reason) => {
    if (reason !== 'LOGOUT') return
    loggedOut.resolve(true)
    end('logged_out', 'WhatsApp removed this device.')
  })
  cancelTimer = clock.after(FIRST_RESULT_MS, () =>
    end('start_failed', `WhatsApp Web did not load within ${FIRST_RESULT_MS / 1000} s.`),
  )
  const started = start()

  async function start(): Promise<void> {
    try {
      const [userAgent] = await Promise.all([
        setup.headless ? userAgentWithWindow(setup.executablePath) : null,
        releaseProfile(setup.profileDir, clock),
      ])
      if (phase === 'over') return
      if (userAgent !== null) client.options.puppeteer.args.push(`--user-agent=${userAgent}`)
      await client.initialize()
    } catch (error) {
      // The device was removed while the server was not running: the page navigates away during the
      // injection.
      if (isGoodbye(client.pupPage)) return end('logged_out', 'WhatsApp removed this device.')
      const known = startProblem(error)
      if (known === null && (await endIfUnsupported())) return
      end('start_failed', `The browser or WhatsApp Web did not start: ${known ?? UNKNOWN_PAGE}`)
      log.warn(known === null ? { err: error } : { reason: known }, 'the start failed')
    }
  }

  /** Ends the engine if this build lacks what the link itself needs. */
  async function endIfUnsupported(): Promise<boolean> {
    const check = await supported.check()
    const missing = check?.missing.link
    if (check === null || missing === undefined) return false
    end('unsupported', `Build ${check.build} of WhatsApp Web does not have ${missing.join(', ')}.`)
    return true
  }

  async function onBrowser(opened: Browser, page: Page): Promise<void> {
    browser = opened
    if (closing !== null || phase === 'over') {
      await endBrowser(opened, clock)
      throw new Error('closed while the browser was starting')
    }
    opened.on('disconnected', () => end('crashed', 'The browser ended unexpectedly.'))
    page.on('error', () => end('crashed', "WhatsApp Web's page crashed."))
    page.on('close', () => end('crashed', "WhatsApp Web's page was closed."))
    page.on('framenavigated', (frame) => {
      if (frame !== page.mainFrame()) return
      // The page reloads now and then: it cannot be called, and sends no events, until the library is in it
      // again.
      listening = false
      setConnected(false)
    })
    if (setup.proxy?.credentials) await page.authenticate(setup.proxy.credentials)
    // Two kinds still say "Headless": a browser that did not print its version, and the headless shell, in its client hints.
    const own = await opened.userAgent()
    if (!`${own} ${await opened.version()}`.includes('Headless')) return
    // The override empties the client hints. `page.setUserAgent` would do nothing: puppeteer does not follow the network here.
    const session = await page.createCDPSession()
    await session.send('Emulation.setUserAgentOverride', { userAgent: own.replace('Headless', '') })
  }

  /** Applies the state of the socket. If the first sync ended before the library subscribed to its event, repeats the event (F9a). */
  async function afterInjected(): Promise<void> {
    const socket = await readPage()
    if (typeof socket === 'string' || phase === 'over') return
    onSocketState(socket.state)
    if (!socket.hasSynced || socket.injected) return
    clock.after(1_000, async () => {
      const now = await readPage()
      if (phase !== 'over' && typeof now === 'object' && now.hasSynced && !now.injected) {
        log.info('the sync was done before the library subscribed; reporting it again')
        await client.pupPage?.evaluate(announceSynced).catch(() => {})
      }
    })
  }

  /**
   * `loading`: the document was replaced during the call. `silent`: no response, as from a page that hangs.
   */
  async function readPage(): Promise<ReturnType<typeof readSocket> | 'loading' | 'silent'> {
    const page = client.pupPage
    if (page === null || phase === 'over') return 'silent'
    const read = withDeadline(clock, 'Reading the page', PROBE_MS, page.evaluate(readSocket))
    return read.catch((error) => (isContextLost(error) ? 'loading' : 'silent'))
  }

  function onSocketState(state: string): void {
    const meaning = toSocketMeaning(state)
    const linked = phase === 'authenticated' || phase === 'ready'
    if (phase === 'over') return
    if (meaning === 'conflict')
      return end('conflict', 'WhatsApp Web was opened in another browser with this session.')
    if (meaning === 'blocked') return end('blocked', `WhatsApp refuses this client: ${state}.`)
    if (linked && (meaning === 'unpaired' || meaning === 'idle')) {
      return end('logged_out', 'WhatsApp removed this device.')
    }
    if (meaning === 'connecting' && phase === 'unpaired') emit({ type: 'code_gone' })
    if (meaning === 'idle' && phase === 'unpaired') return emit({ type: 'qr_gone' })
    if (meaning === 'connected') onPaired()
    setConnected(meaning === 'connected' && listening)
  }

  function onPaired(): void {
    if (phase === 'over' || phase === 'authenticated' || phase === 'ready') return
    phase = 'authenticated'
    awaitReady()
    emit({ type: 'authenticated' })
  }

  function awaitReady(): void {
    cancelTimer()
    cancelTimer = clock.after(READY_MS, () =>
      end('ready_timeout', `WhatsApp Web was linked but not ready within ${READY_MS / 1000} s.`),
    )
  }

  /** Years of messages take minutes. A page that begins again and again makes no progress. */
  function onProgress(percent: number): void {
    if (phase !== 'authenticated' || !(percent > progress)) return
    progress = percent
    log.debug({ percent }, 'WhatsApp Web is loading the account')
    awaitReady()
  }

  async function onReady(): Promise<void> {
    // Repeated after each reload of the page, and twice on some syncs (F10).
    if (phase === 'over' || phase === 'ready' || !saidReady || !listening) return
    onPaired()
    const [version, lid] = await Promise.all([
      client.getWWebVersion().catch(() => 'unknown'),
      client.pupPage?.evaluate(readOwnLid).catch(() => null),
      supported.check(),
    ])
    const info = client.info
    if (info === undefined || isOver() || isReady()) return
    build = version === 'unknown' ? null : version
    if (lid) addresses.learnOwn(toJid(lid), toJid(info.wid._serialized))
    phase = 'ready'
    cancelTimer()
    connected = true
    emit({
      type: 'ready',
      account: {
        wid: toJid(info.wid._serialized),
        pushname: info.pushname ?? null,
        platform: info.platform ?? null,
      },
      lid: lid ? toJid(lid) : null,
      whatsappWebVersion: version,
    })
    for (const event of early.splice(0)) emit(event)
    await restrictions.read()
  }

  function setConnected(value: boolean): void {
    if (phase !== 'ready' || connected === value) return
    connected = value
    emit({ type: 'connection', connected })
    // Also after a reload: without attached listeners, the page does not count as connected.
    if (connected) emit({ type: 'missed' })
  }

  /** The phase after an await, which the compiler cannot narrow correctly. */
  function isOver(): boolean {
    return phase === 'over'
  }

  function isReady(): boolean {
    return phase === 'ready'
  }

  function emit(event: EngineEvent): void {
    if (phase !== 'over' && closing === null) emitEvent(event)
  }

  function emitWhenReady(event: EngineEvent): void {
    if (phase === 'ready') emit(event)
    else early.push(event)
  }

  function end(how: EngineEnd, detail: string): void {
    if (phase === 'over') return
    emit({ type: 'ended', end: how, detail })
    phase = 'over'
    connected = false
    cancelTimer()
  }

  return {
    connected: () => connected,
    ...linking,
    requestPairingCode: (phone) => supported.use(['pairing_code'], () => linking.requestPairingCode(phone)),
    send: (chat, outgoing, options) =>
      supported.use(usesOf(chat, outgoing, options), () =>
        restrictions.explain(chat, () => sender.send(chat, outgoing, options)),
      ),
    act: (message, action, { limitMs }) =>
      supported.use([abilityOf(action)], () => acting.act(message, action, limitMs)),
    perform: (kind, takes, { limitMs }) =>
      supported.use([abilityOfTask(kind)], () => performing.perform(kind, takes, limitMs)),
    findNumber: (phone) => supported.use(['find_number'], () => reading.findNumber(phone)),
    readChats: () => supported.read('read_chats', reading.readChats),
    readContacts: (at) => supported.read('read_contacts', () => reading.readContacts(at)),
    readReceipts: (message) => supported.use(['read_receipts'], () => reading.readReceipts(message)),
    readVotes: (message) => supported.use(['read_votes'], () => reading.readVotes(message)),
    askPhone: (chat) => supported.use(['read_history'], () => reading.askPhone(chat)),
    readMessages: (chat, page) => supported.use(['read_history'], () => reading.readMessages(chat, page)),
    memory: {
      browserBytes: async () => memoryOfTree(browser?.process()?.pid ?? 0),
      releaseHistory: async () => client.pupPage?.evaluate(pageReleaseHistory).catch(() => 0) ?? 0,
      idleSince: supported.idleSince,
    },
    readThumbnail: (keys) => supported.use(['fetch_media'], () => media.readThumbnail(keys)),
    fetchMedia: (what) => supported.use(['fetch_media'], () => media.fetchMedia(what)),
    async probe() {
      const answer = await readPage()
      const socket = typeof answer === 'string' ? null : answer
      if (socket !== null) onSocketState(socket.state)
      if (phase === 'ready') {
        void restrictions.read()
        void supported.recheck()
      }
      // A page that is loading cannot respond yet, but does not hang. It counts as not connected, which has
      // its own limit.
      const isLoading = answer === 'loading' || (phase === 'ready' && !listening)
      return {
        responding: isLoading || (socket !== null && (phase !== 'ready' || socket.injected)),
        connected: socket !== null && toSocketMeaning(socket.state) === 'connected',
      }
    },
    async roundTrip() {
      const own = client.info?.wid._serialized
      if (own === undefined || phase !== 'ready') return null
      const answer = client.getNumberId(own).then(
        () => true,
        () => null,
      )
      return withDeadline(clock, 'Asking WhatsApp', ROUND_TRIP_MS, answer).catch(() => false)
    },
    async logout() {
      const page = client.pupPage
      if (page === null || (phase !== 'authenticated' && phase !== 'ready')) return false
      // The page navigates to its landing page, often before the call returns: that is success too.
      const told = page.evaluate(logOut).then(
        () => true,
        () => withDeadline(clock, 'Waiting for the goodbye', GOODBYE_MS, loggedOut.promise),
      )
      return withDeadline(clock, 'Logging out', LOGOUT_MS, told).catch(() => false)
    },
    close() {
      closing ??= (async () => {
        cancelTimer()
        phase = 'over'
        connected = false
        const opened = browser ?? client.pupBrowser
        if (opened !== null) return endBrowser(opened, clock, setup.keepsProfile?.())
        // Still launching: the browser is ended as soon as it exists.
        await withDeadline(clock, 'Launching', LAUNCH_MS, started).catch(() => {})
      })()
      return closing
    },
  }
}

function isMissing(part: string): boolean {
  return part === '' || part === 'undefined' || part === 'null' || part.endsWith('@undefined')
}

/**
 * True for the page that WhatsApp shows a removed device. A page whose browser died at once has no address.
 */
function isGoodbye(page: Page | null): boolean {
  try {
    return page?.url().includes('post_logout=1') === true
  } catch {
    return false
  }
}
