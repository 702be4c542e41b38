/** One linked account: runs the state machine, owns the engine, wins lost connections back. */
import { type Clock, withDeadline } from '../clock.ts'
import type { Engine, EngineEnd, EngineEvent, OpenEngine } from '../engine/engine.ts'
import { AppError, fail } from '../errors.ts'
import type { Log } from '../log.ts'
import type { PhoneNumber } from '../model/ids.ts'
import type { Account, Reason, SessionState, Status } from '../model/status.ts'
import type { AuthDir } from './auth-dir.ts'
import type { Inbox } from './inbox.ts'
import { nextState, type Signal } from './machine.ts'
import { nextStep } from './next-step.ts'
import { createReconnects } from './reconnect.ts'

/** How long a start is waited for, by whoever asked for it. */
const FIRST_RESULT_MS = 25_000
/** A QR without a successor for this long is dead: the real page shows the first for 60 s, later ones for 20 s. */
const QR_MS = 60_000
/** A QR that nobody looked at for this long: the browser is closed (`qr_expired`). */
const QR_INTEREST_MS = 10 * 60_000
/** WhatsApp's own term for a pairing code (whatsapp-web.js asks for another after the same time). */
const CODE_MS = 180_000
/** From the phone's answer to the link. A passkey in a visible window is waited for as long as WhatsApp does. */
const LINKING_MS = { headless: 60_000, visible: 300_000 }
const OFFLINE_MS = 30_000
const RESTART_OFFLINE_MS = 120_000
const PROBE_EVERY_MS = 30_000
/** Ready for this long counts as well again. */
const WELL_AFTER_MS = 5 * 60_000
/** A logout's 30 s: a session on its way up may come, WhatsApp is told (15 s in the engine), the browser closes. */
const LOGOUT_WAIT_MS = 5_000
const LOGOUT_CLOSE_MS = 8_000

export type PairingCode = { code: string; expiresAt: Date }

export type Session = {
  /** The truth as of now; cheap, never opens the browser. */
  status(): Status
  /** The QR text that is valid now, or null. */
  qr(): string | null
  /** Somebody is looking: a QR that is looked at does not expire. */
  touch(): void
  /**
   * Connect, pairing if need be. Safe to call again: a call during a start waits for that same start. Resolves at the
   * first result (`qr`, `authenticated`, `ready`, or a failure), at the latest after 25 s; the status tells which.
   * Fails with `browser_not_found`, `logout_in_progress`, `shutting_down`.
   */
  start(): Promise<void>
  /**
   * A pairing code for this number; null when the account is linked already. Starts if need be.
   * Fails with `session_exists`, `pairing_refused`, `pairing_rate_limited`, `start_failed`, `whatsapp_timeout`.
   */
  requestPairingCode(phone: PhoneNumber): Promise<PairingCode | null>
  /**
   * Sign the device out, close the browser, delete the profile. True: WhatsApp was told; false: it could not be, and
   * the phone still lists the device; null: nothing was linked. From every state, within 30 s.
   */
  logout(): Promise<boolean | null>
  /** The engine of a ready and connected session. Fails with `not_linked`, `starting`, `not_connected`. */
  engine(): Engine
  /** Fails with `not_linked` unless a session was saved here. */
  requireLinked(): void
  /** Called after every change of the status; returns the unsubscribe function. */
  onChange(listener: () => void): () => void
  /** At the server's start: connect by itself where a session was saved. Returns at once. */
  resume(): void
  /** Something outside failed in a way that may have hurt the engine: look at once whether it still answers. */
  suspect(): void
  /** Close for good: browser gone, timers off. The link stays. */
  close(): Promise<void>
}

export type SessionOptions = {
  openEngine: OpenEngine
  authDir: AuthDir
  inbox: Inbox
  clock: Clock
  log: Log
  /** Absolute path; null where no browser was found. */
  chromeExecutable: string | null
  headless: boolean
}

/** Timers by what they are for: setting one again replaces it. */
type TimerName = 'qr' | 'code' | 'linking' | 'offline' | 'restart' | 'probe' | 'well' | 'reconnect'

export function createSession(options: SessionOptions): Session {
  const { authDir, clock, log } = options
  let state: SessionState = 'stopped'
  let since = clock.now()
  let reason: Reason | null = null
  let lastError: string | null = null
  let account: Account | null = null
  let version: string | null = null
  let connected = false
  let qr: { text: string; expiresAt: number } | null = null
  let code: PairingCode | null = null
  let reconnectAt: number | null = null
  let interestAt = clock.now()
  /** This start only tries an unmarked profile: a QR means that it holds no session. */
  let onTrial = false

  let engine: Engine | null = null
  /** Events of an engine that is not the current one are dropped. */
  let generation = 0
  let closed: Promise<void> = Promise.resolve()
  let loggingOut: Promise<boolean | null> | null = null
  let pairing: Promise<unknown> = Promise.resolve()
  let over = false

  const reconnects = createReconnects()
  const listeners = new Set<() => void>()
  const timers = new Map<TimerName, () => void>()

  function setTimer(name: TimerName, ms: number, run: () => void): void {
    clearTimer(name)
    timers.set(
      name,
      clock.after(ms, () => {
        timers.delete(name)
        run()
      }),
    )
  }

  function clearTimer(name: TimerName): void {
    timers.get(name)?.()
    timers.delete(name)
  }

  function clearTimers(): void {
    for (const name of [...timers.keys()]) clearTimer(name)
  }

  /** Follow the signal; false where it means nothing in this state. */
  function signal(what: Signal, why: { reason?: Reason; error?: string } = {}): boolean {
    const to = nextState(state, what)
    if (to === null) {
      log.debug({ state, signal: what }, 'a signal without meaning in this state')
      return false
    }
    if (to !== state) since = clock.now()
    const from = state
    state = to
    reason = why.reason ?? null
    lastError = why.error ?? (to === 'stopped' || to === 'disconnected' ? lastError : null)
    if (to === 'stopped' && why.error === undefined) lastError = null
    if (to !== 'qr') {
      qr = null
      code = null
      clearTimer('qr')
      clearTimer('code')
    }
    if (to !== 'ready') connected = false
    if (from !== to) log.info({ state: to, ...(reason === null ? {} : { reason }) }, 'session.changed')
    changed()
    return true
  }

  function changed(): void {
    for (const listener of listeners) listener()
  }

  /** Until `when` holds after some change, or `ms` are over; never fails. */
  function waitUntil(when: () => boolean, ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (when()) return resolve()
      const finish = () => {
        cancel()
        stopListening()
        resolve()
      }
      const cancel = clock.after(ms, finish)
      const stopListening = onChange(() => {
        if (when()) finish()
      })
    })
  }

  function onChange(listener: () => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  function launch(trial = false): void {
    clearTimers()
    reconnectAt = null
    onTrial = trial
    interestAt = clock.now()
    dropEngine()
    signal('start')
    const mine = generation
    const isCurrent = () => mine === generation
    closed = closed
      .then(async () => {
        if (!isCurrent()) return
        const opened = await options.openEngine({ emit: (event) => isCurrent() && onEvent(event) })
        if (isCurrent()) engine = opened
        else await opened.close()
      })
      .catch((error) => {
        log.error({ err: error }, 'the engine could not be opened')
        if (isCurrent()) onEnded('start_failed', 'The browser could not be started.')
      })
  }

  /** Let go of the current engine: no more of its events, its browser closing. */
  function dropEngine(): void {
    generation += 1
    const dropped = engine
    engine = null
    if (dropped !== null) closed = Promise.all([closed, dropped.close()]).then(() => {})
  }

  function onEvent(event: EngineEvent): void {
    switch (event.type) {
      case 'qr':
        return onQr(event.qr)
      case 'qr_gone':
        return onQrGone()
      case 'linking':
        return onLinking(event.passkey)
      case 'link_refused':
        return giveUpLinking('link_refused', event.detail)
      case 'authenticated':
        clearTimer('linking')
        if (authDir.saved() === null)
          authDir.save({ linked_at: new Date(clock.now()).toISOString(), wid: null })
        signal('paired')
        return
      case 'ready':
        return onReady(event)
      case 'connection':
        return onConnection(event.connected)
      case 'message':
      case 'ack':
        return options.inbox.record(event)
      case 'ended':
        return onEnded(event.end, event.detail)
    }
  }

  /** Keys are exchanged in seconds; a passkey is given by a person, and only where there is a window to do it in. */
  function onLinking(passkey: boolean): void {
    const why = passkey ? 'passkey_required' : 'link_refused'
    const detail = passkey
      ? 'WhatsApp wants a passkey to confirm the new device, and nobody gave one.'
      : 'The phone accepted, but the link was not completed in time.'
    const wait = passkey && !options.headless ? LINKING_MS.visible : LINKING_MS.headless
    if (passkey) log.warn('WhatsApp asks for a passkey to confirm the new device')
    qr = null
    clearTimer('qr')
    changed()
    setTimer('linking', wait, () => giveUpLinking(why, detail))
  }

  function onQr(text: string): void {
    if (authDir.saved() !== null) return onEnded('logged_out', 'The phone no longer lists this device.')
    if (onTrial) {
      dropEngine()
      signal('stop', { reason: 'not_linked' })
      return
    }
    code = null
    clearTimer('code')
    qr = { text, expiresAt: clock.now() + QR_MS }
    setTimer('qr', QR_MS, onQrStale)
    signal('qr')
  }

  function isAwaited(): boolean {
    return clock.now() - interestAt < QR_INTEREST_MS
  }

  /** WhatsApp stopped showing codes: ask for more while somebody looks, else close the browser. */
  function onQrGone(): void {
    qr = null
    changed()
    if (!isAwaited()) return expireQr()
    void engine?.showQr()
    setTimer('qr', QR_MS, onQrStale)
  }

  /** No new code came in time: this page will bring none (F11), so a new browser has to. */
  function onQrStale(): void {
    qr = null
    if (!isAwaited()) return expireQr()
    log.info('the QR code expired without a successor; starting the browser anew')
    launch()
  }

  function expireQr(): void {
    dropEngine()
    clearTimers()
    signal('stop', { reason: 'qr_expired', error: 'Nobody scanned the QR code.' })
  }

  function giveUpLinking(why: Reason, detail: string): void {
    dropEngine()
    clearTimers()
    signal('refused', { reason: why, error: detail })
  }

  function onReady(event: Extract<EngineEvent, { type: 'ready' }>): void {
    account = event.account
    version = event.whatsappWebVersion
    connected = true
    const saved = authDir.saved()
    if (saved?.wid !== event.account.wid) {
      authDir.save({
        linked_at: saved?.linked_at ?? new Date(clock.now()).toISOString(),
        wid: event.account.wid,
      })
    }
    signal('ready')
    setTimer('well', WELL_AFTER_MS, () => reconnects.reset())
    setTimer('probe', PROBE_EVERY_MS, probe)
  }

  function onConnection(value: boolean): void {
    connected = value
    clearTimer('offline')
    clearTimer('restart')
    if (value) {
      if (state === 'disconnected') signal('back')
      connected = true
    } else {
      setTimer('offline', OFFLINE_MS, () =>
        signal('lost', { reason: 'offline', error: 'The connection to WhatsApp is lost.' }),
      )
      setTimer('restart', RESTART_OFFLINE_MS, () =>
        onEnded('not_responding', 'The connection to WhatsApp did not come back by itself.', 'offline'),
      )
    }
    changed()
  }

  function probe(): void {
    const asked = engine
    if (asked === null) return
    const mine = generation
    void asked.probe().then(({ responding }) => {
      if (mine !== generation) return
      if (!responding) return onEnded('not_responding', "WhatsApp Web's page does not answer.")
      setTimer('probe', PROBE_EVERY_MS, probe)
    })
  }

  function onEnded(end: EngineEnd, detail: string, why?: Reason): void {
    dropEngine()
    clearTimers()
    if (end === 'logged_out') {
      forget()
      signal('stop', { reason: 'logged_out', error: detail })
      return
    }
    if (authDir.saved() === null) {
      signal('stop', { reason: end === 'blocked' ? 'blocked' : 'start_failed', error: detail })
      return
    }
    if (end === 'blocked' || end === 'conflict') scheduleReconnect(end === 'conflict' ? 'conflict' : null)
    else scheduleReconnect('lost')
    signal('lost', { reason: why ?? end, error: detail })
  }

  function scheduleReconnect(cause: 'lost' | 'conflict' | null): void {
    const wait = cause === null ? null : reconnects.next(clock.now(), cause)
    if (wait === null) return
    reconnectAt = clock.now() + wait
    setTimer('reconnect', wait, () => launch())
  }

  /** The link is gone: delete its profile once the browser is. A later start waits for that. */
  function forget(): void {
    account = null
    authDir.unmark()
    closed = closed.then(() => authDir.removeProfile())
  }

  function requireOpen(): void {
    if (over) fail('shutting_down')
    if (loggingOut !== null) fail('logout_in_progress', { retryAfterS: 5 })
    if (options.chromeExecutable === null) fail('browser_not_found')
  }

  /** The state as it is after an await, which the compiler cannot know. */
  const current = (): SessionState => state
  const isRunning = () => engine !== null || state === 'starting'

  async function start(): Promise<void> {
    requireOpen()
    interestAt = clock.now()
    if (!isRunning()) {
      reconnects.reset()
      launch()
    }
    onTrial = false
    await waitUntil(() => state !== 'starting', FIRST_RESULT_MS)
  }

  async function requestPairingCode(phone: PhoneNumber): Promise<PairingCode | null> {
    if (current() === 'ready') return null
    if (authDir.saved() !== null) fail('session_exists')
    await start()
    const now = current()
    if (now === 'authenticated' || now === 'ready') return null
    if (now === 'starting') fail('starting', { retryAfterS: 5 })
    if (now !== 'qr' || engine === null) fail('start_failed', lastError === null ? {} : { detail: lastError })
    const mine = generation
    const text = await engine.requestPairingCode(phone).catch((error) => {
      if (mine === generation && error instanceof AppError && error.code === 'pairing_refused') {
        giveUpLinking('link_refused', 'WhatsApp refused to give a pairing code for this number.')
      }
      throw error
    })
    if (mine !== generation)
      fail('start_failed', { detail: lastError ?? 'The session was closed meanwhile.' })
    qr = null
    clearTimer('qr')
    const made = { code: text, expiresAt: new Date(clock.now() + CODE_MS) }
    code = made
    setTimer('code', CODE_MS, () => {
      code = null
      onQrGone()
    })
    changed()
    return made
  }

  async function logout(): Promise<boolean | null> {
    const linked = authDir.saved() !== null
    // A saved session on its way up can still be told; one that hangs cannot.
    if (linked && isRunning()) {
      await waitUntil(() => state !== 'starting' && state !== 'authenticated', LOGOUT_WAIT_MS)
    }
    clearTimers()
    reconnectAt = null
    const leaving = engine
    generation += 1
    engine = null
    const told = leaving === null ? false : await leaving.logout()
    if (leaving !== null) closed = Promise.all([closed, leaving.close()]).then(() => {})
    forget()
    // A browser that resists is ended all the same; only the answer does not wait for it. A new start does.
    await withDeadline(clock, 'Closing the browser', LOGOUT_CLOSE_MS, closed).catch(() => {})
    reconnects.reset()
    signal('stop')
    return linked ? told : null
  }

  return {
    status() {
      const saved = authDir.saved() !== null
      return {
        state,
        ready: state === 'ready',
        authenticated: state === 'authenticated' || state === 'ready',
        auth_dir: authDir.path,
        chrome_executable: options.chromeExecutable ?? '',
        headless: options.headless,
        has_qr: qr !== null,
        last_error: lastError,
        account,
        linked: saved,
        connected: state === 'ready' && connected,
        since_at: new Date(since).toISOString(),
        reason,
        next_step: nextStep({ state, reason, connected, linked: saved, reconnecting: reconnectAt !== null }),
        pairing:
          code !== null
            ? { method: 'code', expires_at: code.expiresAt.toISOString() }
            : qr !== null
              ? { method: 'qr', expires_at: new Date(qr.expiresAt).toISOString() }
              : null,
        reconnect:
          reconnectAt === null
            ? null
            : { attempt: reconnects.attempt(), next_attempt_at: new Date(reconnectAt).toISOString() },
        whatsapp_web_version: version,
      }
    },
    qr: () => qr?.text ?? null,
    touch() {
      interestAt = clock.now()
    },
    start,
    requestPairingCode(phone) {
      // One at a time: each code ends the one before.
      const mine = pairing.then(() => requestPairingCode(phone))
      pairing = mine.catch(() => {})
      return withDeadline(clock, 'Asking for a pairing code', 58_000, mine).catch((error) => {
        if (error instanceof AppError) throw error
        fail('whatsapp_timeout', { cause: error })
      })
    },
    logout() {
      loggingOut ??= logout().finally(() => {
        loggingOut = null
      })
      return loggingOut
    },
    engine() {
      if (state === 'ready' && connected && engine !== null) return engine
      if (authDir.saved() === null) fail('not_linked')
      if (state === 'starting' || state === 'authenticated') fail('starting', { retryAfterS: 5 })
      const wait = reconnectAt === null ? 5 : Math.ceil((reconnectAt - clock.now()) / 1000) + 5
      return fail('not_connected', { retryAfterS: Math.max(1, wait) })
    },
    requireLinked() {
      if (authDir.saved() === null) fail('not_linked')
    },
    onChange,
    resume() {
      if (options.chromeExecutable === null) {
        lastError = 'No browser was found.'
      } else if (authDir.saved() !== null) launch()
      else if (authDir.hasUnmarkedProfile()) launch(true)
    },
    suspect() {
      if (state === 'ready' || state === 'authenticated') probe()
    },
    async close() {
      over = true
      clearTimers()
      dropEngine()
      await closed
    },
  }
}
