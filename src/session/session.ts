/** One linked account: runs the state machine, owns the engine, wins lost connections back. */
import { type Clock, withDeadline } from '../clock.ts'
import type { Engine, EngineEnd, EngineEvent, OpenEngine } from '../engine/engine.ts'
import { AppError, fail } from '../errors.ts'
import type { Log } from '../log.ts'
import { type PhoneNumber, toJid } from '../model/ids.ts'
import type { Account, Reason, SessionState, Status } from '../model/status.ts'
import type { Archive } from './archive.ts'
import type { AuthDir } from './auth-dir.ts'
import { nextState, type Signal } from './machine.ts'
import { nextStep } from './next-step.ts'
import { createPairing, type PairingCode } from './pairing.ts'
import { createReconnects } from './reconnect.ts'
import { createSessionChanges } from './session-changes.ts'
import { createTimers } from './timers.ts'

/** How long a start is waited for, by whoever asked for it. */
const FIRST_RESULT_MS = 25_000
/** A pairing code's 60 s: the start if need be, then WhatsApp's answer. */
const PAIRING_MS = 58_000
const OFFLINE_MS = 30_000
const RESTART_OFFLINE_MS = 120_000
const PROBE_EVERY_MS = 30_000
/** Ready for this long counts as well again. */
const WELL_AFTER_MS = 5 * 60_000
/** A logout's 30 s: a session on its way up may come, WhatsApp is told (15 s in the engine), the browser closes. */
const LOGOUT_WAIT_MS = 5_000
const LOGOUT_CLOSE_MS = 8_000

export type Session = {
  /** The truth as of now; cheap, never opens the browser. */
  status(): Status
  /** The QR text that is valid now, or null. */
  qr(): string | null
  /** The pairing code that waits to be typed on the phone, or null. As secret as the QR. */
  pairingCode(): PairingCode | null
  /** Somebody is looking: a QR that is looked at does not expire. */
  touch(): void
  /**
   * Connect, pairing if need be. Safe to call again: a call during a start waits for that same start. Resolves at the
   * first result (`qr`, `authenticated`, `ready`, or a failure), at the latest after 25 s; the status tells which.
   * Fails with `browser_not_found`, `logout_in_progress`, `shutting_down`.
   */
  start(): Promise<void>
  /**
   * A pairing code for this number; null when the account is linked already. Starts if need be; within 58 s.
   * Fails as `start`, and with `session_exists`, `pairing_refused`, `pairing_rate_limited`, `start_failed`,
   * `whatsapp_error`, `whatsapp_timeout`.
   */
  requestPairingCode(phone: PhoneNumber): Promise<PairingCode | null>
  /**
   * Sign the device out, close the browser, delete the profile. True: WhatsApp was told; false: it could not be, and
   * the phone still lists the device; null: nothing was linked. From every state, within 30 s.
   */
  logout(): Promise<boolean | null>
  /** The engine of a ready and connected session. Fails with `not_linked`, `starting`, `not_connected`, `shutting_down`. */
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
  archive: Archive
  clock: Clock
  log: Log
  /** Absolute path; null where no browser was found. */
  chromeExecutable: string | null
  headless: boolean
}

export function createSession(options: SessionOptions): Session {
  const { archive, authDir, clock, log } = options
  let state: SessionState = 'stopped'
  let since = clock.now()
  let reason: Reason | null = null
  let lastError: string | null = null
  let account: Account | null = null
  let version: string | null = null
  let connected = false
  let reconnectAt: number | null = null
  /** This start only tries an unmarked profile: a QR means that it holds no session. */
  let onTrial = false

  let engine: Engine | null = null
  /** Events of an engine that is not the current one are dropped. */
  let generation = 0
  /** Settles when every engine before the current one is closed and its leftovers are gone. */
  let closed: Promise<void> = Promise.resolve()
  let loggingOut: Promise<boolean | null> | null = null
  let lastPairing: Promise<unknown> = Promise.resolve()
  let over = false

  const reconnects = createReconnects()
  const timers = createTimers<'offline' | 'restart' | 'probe' | 'well' | 'reconnect'>(clock)
  const listeners = new Set<() => void>()
  const changes = createSessionChanges((to, why) => archive.take({ type: 'session', state: to, reason: why }))
  const pairing = createPairing(clock, options.headless, {
    changed,
    askForQr: () => void engine?.showQr(),
    startAnew() {
      log.info('the QR code expired without a successor; the browser is started anew')
      dropEngine()
      scheduleReconnect('lost')
      changed()
    },
    expire: () => finish('stop', 'qr_expired', 'Nobody scanned the QR code.'),
    fail: (why, detail) => finish('refused', why, detail),
  })

  /** Follow the signal; ignored where it means nothing in this state. */
  function signal(what: Signal, why: { reason?: Reason; error?: string } = {}): void {
    const to = nextState(state, what)
    if (to === null) return log.debug({ state, signal: what }, 'a signal without meaning in this state')
    const from = state
    if (to !== from) since = clock.now()
    state = to
    reason = why.reason ?? null
    lastError = why.error ?? null
    if (to !== 'qr') pairing.clear()
    if (to !== 'ready') connected = false
    if (from !== to) log.info({ state: to, ...(reason === null ? {} : { reason }) }, 'session.changed')
    // An account that has just connected has no archive before `follow` opens it.
    if (what !== 'ready') changes.note(state, reason, reconnects.attempt())
    changed()
  }

  function changed(): void {
    for (const listener of listeners) listener()
  }

  function onChange(listener: () => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
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

  function launch(trial = false): void {
    timers.clearAll()
    reconnectAt = null
    onTrial = trial
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

  /** Let go of the current engine: no more of its events, `farewell` said, its browser closed. The only way out. */
  function dropEngine(farewell: (leaving: Engine) => Promise<void> = async () => {}): void {
    generation += 1
    const leaving = engine
    engine = null
    archive.leave()
    connected = false
    if (leaving === null) return
    const gone = farewell(leaving).then(() => leaving.close())
    closed = Promise.all([closed, gone]).then(() => {})
  }

  /** The current start or session is over, for this reason. */
  function finish(how: Signal, why: Reason, detail?: string): void {
    dropEngine()
    timers.clearAll()
    reconnectAt = null
    signal(how, detail === undefined ? { reason: why } : { reason: why, error: detail })
  }

  function onEvent(event: EngineEvent): void {
    switch (event.type) {
      case 'qr':
        return onQr(event.qr)
      case 'qr_gone':
        return pairing.onQrGone()
      case 'code_gone':
        // Where none waits, the page is only reconnecting; its QR codes go on by themselves.
        if (pairing.view()?.method === 'code') pairing.onCodeGone()
        return
      case 'passkey_asked':
        log.warn('WhatsApp asks for a passkey to confirm the new device')
        return pairing.onPasskeyAsked()
      case 'authenticated':
        signal('paired')
        if (authDir.saved() === null)
          authDir.save({ linked_at: new Date(clock.now()).toISOString(), wid: null })
        return
      case 'ready':
        return onReady(event)
      case 'connection':
        return onConnection(event.connected)
      case 'message':
      case 'stored':
      case 'ack':
      case 'reaction':
      case 'chats':
      case 'chat_removed':
      case 'contacts':
      case 'identity':
        return archive.take(event)
      case 'missed':
        return archive.doubt()
      case 'ended':
        return onEnded(event.end, event.detail)
    }
  }

  function onQr(text: string): void {
    if (authDir.saved() !== null) return onEnded('logged_out', 'The phone no longer lists this device.')
    if (onTrial) return finish('stop', 'not_linked')
    pairing.onQr(text)
    signal('qr')
  }

  function onReady(event: Extract<EngineEvent, { type: 'ready' }>): void {
    account = event.account
    version = event.whatsappWebVersion
    connected = true
    signal('ready')
    timers.set('well', WELL_AFTER_MS, () => reconnects.reset())
    timers.set('probe', PROBE_EVERY_MS, probe)
    const saved = authDir.saved()
    if (saved?.wid !== event.account.wid) {
      authDir.save({
        linked_at: saved?.linked_at ?? new Date(clock.now()).toISOString(),
        wid: event.account.wid,
      })
    }
    if (engine !== null) archive.follow(engine, toJid(event.account.wid), event.lid)
    changes.note(state, reason, reconnects.attempt())
  }

  function onConnection(value: boolean): void {
    timers.clear('offline')
    timers.clear('restart')
    archive.setConnected(value)
    if (value) {
      if (state === 'disconnected') signal('back')
      connected = true
    } else {
      connected = false
      timers.set('offline', OFFLINE_MS, () =>
        signal('lost', { reason: 'offline', error: 'The connection to WhatsApp is lost.' }),
      )
      timers.set('restart', RESTART_OFFLINE_MS, () =>
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
      timers.set('probe', PROBE_EVERY_MS, probe)
    })
  }

  function onEnded(end: EngineEnd, detail: string, why?: Reason): void {
    if (end === 'logged_out') {
      forget()
      return finish('stop', 'logged_out', detail)
    }
    if (authDir.saved() === null)
      return finish('stop', end === 'blocked' ? 'blocked' : 'start_failed', detail)
    finish('lost', why ?? end, detail)
    if (end !== 'blocked') scheduleReconnect(end === 'conflict' ? 'conflict' : 'lost')
    changed()
  }

  function scheduleReconnect(cause: 'lost' | 'conflict'): void {
    const wait = reconnects.next(clock.now(), cause)
    if (wait === null) return
    reconnectAt = clock.now() + wait
    timers.set('reconnect', wait, () => launch())
  }

  /** The link is gone: remove its mark now, and its profile once the browser is closed. */
  function forget(): void {
    account = null
    authDir.unmark()
    dropEngine()
    closed = closed.then(() => authDir.removeProfile())
  }

  function requireOpen(): void {
    if (over) fail('shutting_down')
    if (loggingOut !== null) fail('logout_in_progress', { retryAfterS: 5 })
  }

  /** The state as it is after an await, which the compiler cannot know. */
  const current = (): SessionState => state
  const isRunning = () => engine !== null || state === 'starting'

  async function start(waitMs = FIRST_RESULT_MS): Promise<void> {
    requireOpen()
    if (options.chromeExecutable === null) fail('browser_not_found')
    pairing.touch()
    if (!isRunning()) {
      reconnects.reset()
      launch()
    }
    onTrial = false
    await waitUntil(() => state !== 'starting', waitMs)
  }

  async function requestPairingCode(phone: PhoneNumber, deadline: number): Promise<PairingCode | null> {
    requireOpen()
    const timeLeft = () => deadline - clock.now()
    // Whoever asked has been answered meanwhile; a code that nobody sees would end the one before.
    if (timeLeft() <= 0) fail('whatsapp_timeout')
    if (current() === 'ready') return null
    if (authDir.saved() !== null) fail('session_exists')
    await start(timeLeft())
    const now = current()
    if (now === 'authenticated' || now === 'ready') return null
    if (now === 'starting') fail('starting', { retryAfterS: 5 })
    if (now !== 'qr' || engine === null) fail('start_failed', lastError === null ? {} : { detail: lastError })
    const mine = generation
    const code = await engine.requestPairingCode(phone).catch((error) => {
      if (mine !== generation) return null
      // A QR code was scanned meanwhile: nothing waits any more.
      if (current() !== 'qr') throw error
      if (error instanceof AppError && error.code === 'pairing_refused') {
        finish('refused', 'link_refused', 'WhatsApp refused to give a pairing code for this number.')
      } else {
        // Asking has ended the QR code that was shown before.
        pairing.onCodeGone()
      }
      throw error
    })
    if (code === null || mine !== generation) {
      fail('start_failed', { detail: lastError ?? 'The session was closed meanwhile.' })
    }
    if (current() !== 'qr') return null
    if (timeLeft() <= 0) {
      // The caller has its timeout already: a code that nobody sees must not take the place of the QR.
      pairing.onCodeGone()
      fail('whatsapp_timeout')
    }
    return pairing.onCode(code)
  }

  async function logout(): Promise<boolean | null> {
    const linked = authDir.saved() !== null
    // A saved session on its way up can still be told; one that hangs cannot.
    if (linked && isRunning()) {
      await waitUntil(() => state !== 'starting' && state !== 'authenticated', LOGOUT_WAIT_MS)
    }
    timers.clearAll()
    reconnectAt = null
    let told = false
    const farewell = new Promise<void>((resolve) => {
      if (engine === null) return resolve()
      dropEngine(async (leaving) => {
        told = await leaving.logout()
        resolve()
      })
      changed()
    })
    await farewell
    forget()
    signal('stop')
    reconnects.reset()
    // A browser that resists is ended all the same; only the answer does not wait for it. A new start does.
    await withDeadline(clock, 'Closing the browser', LOGOUT_CLOSE_MS, closed).catch(() => {})
    return linked ? told : null
  }

  return {
    status() {
      const linked = authDir.saved() !== null
      const isReady = state === 'ready'
      return {
        state,
        ready: isReady,
        authenticated: isReady || state === 'authenticated',
        auth_dir: authDir.path,
        chrome_executable: options.chromeExecutable ?? '',
        headless: options.headless,
        has_qr: pairing.qr() !== null,
        last_error: lastError,
        account,
        linked,
        connected: isReady && connected,
        since_at: new Date(since).toISOString(),
        reason,
        next_step:
          loggingOut === null || state === 'stopped'
            ? nextStep({
                state,
                reason,
                lastError,
                connected,
                linked,
                reconnecting: reconnectAt !== null,
                archiveHint: authDir.hint() ?? archive.hint(),
              })
            : 'Wait: the account is being logged out.',
        pairing: pairing.view(),
        reconnect:
          reconnectAt === null
            ? null
            : { attempt: reconnects.attempt(), next_attempt_at: new Date(reconnectAt).toISOString() },
        whatsapp_web_version: version,
        ...archive.view(),
      }
    },
    qr: () => pairing.qr(),
    pairingCode: () => pairing.code(),
    touch: () => pairing.touch(),
    start: () => start(),
    requestPairingCode(phone) {
      const deadline = clock.now() + PAIRING_MS
      // One at a time: each code ends the one before.
      const mine = lastPairing.then(() => requestPairingCode(phone, deadline))
      lastPairing = mine.catch(() => {})
      return withDeadline(clock, 'Asking for a pairing code', PAIRING_MS, mine).catch((error) => {
        if (error instanceof AppError) throw error
        fail('whatsapp_timeout', { cause: error })
      })
    },
    logout() {
      if (over) fail('shutting_down')
      loggingOut ??= logout().finally(() => {
        loggingOut = null
      })
      return loggingOut
    },
    engine() {
      requireOpen()
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
      if (options.chromeExecutable === null) return
      if (authDir.saved() !== null) launch()
      else if (authDir.hasUnmarkedProfile()) launch(true)
    },
    suspect() {
      if (state === 'ready' || state === 'authenticated') probe()
    },
    async close() {
      over = true
      // A logout that has begun is finished first: half of one would leave a device that nobody can use.
      await loggingOut?.catch(() => {})
      timers.clearAll()
      pairing.clear()
      dropEngine()
      await closed
      archive.close()
    },
  }
}
