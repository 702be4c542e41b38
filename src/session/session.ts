/** The session of one linked account: runs the state machine, owns the engine and reconnects. */
import { type Clock, withDeadline } from '../clock.ts'
import type { Engine, EngineEnd, EngineEvent, OpenEngine } from '../engine/engine.ts'
import { AppError, fail } from '../errors.ts'
import type { Log } from '../log.ts'
import { type PhoneNumber, toJid } from '../model/ids.ts'
import type { Restriction } from '../model/restriction.ts'
import type { Account, Reason, SessionState, Status } from '../model/status.ts'
import { type AbilitiesView, createAbilities } from './abilities.ts'
import type { AccountDir } from './account-dir.ts'
import type { Archive } from './archive.ts'
import { explainUnlink } from './early-unlink.ts'
import { nextState, type Signal } from './machine.ts'
import { createMemoryWatch, type MemoryLimits } from './memory-watch.ts'
import { nextStep } from './next-step.ts'
import { createPairing, type PairingCode } from './pairing.ts'
import { createReconnects } from './reconnect.ts'
import { createSessionChanges } from './session-changes.ts'
import { createTimers } from './timers.ts'

/** The longest time that `start` waits for the first result of a start. */
const FIRST_RESULT_MS = 25_000
/**
 * The limit of `requestPairingCode`, within the contract's 60 s: a start if required, then WhatsApp's
 * response.
 */
const PAIRING_MS = 58_000
const OFFLINE_MS = 30_000
const RESTART_OFFLINE_MS = 120_000
const PROBE_EVERY_MS = 30_000
/** After this time in `ready` the count of reconnect attempts starts again from zero. */
const WELL_AFTER_MS = 5 * 60_000
/**
 * Parts of a logout's 30 s: a session that still starts gets 5 s, the engine's logout 15 s, closing the
 * browser 8 s.
 */
const LOGOUT_WAIT_MS = 5_000
const CLOSE_MS = 8_000
/** With less, Chromium writes no databases. */
const LEAST_FREE_BYTES = 16 * 2 ** 20

export type Session = {
  /** The current status. Cheap; never opens the browser. */
  status(): Status
  /** The text of the valid QR code, or null. */
  qr(): string | null
  /** The valid pairing code, or null. As secret as the QR code. */
  pairingCode(): PairingCode | null
  /** Keeps the QR code alive: call it when a client shows or reads the code. */
  touch(): void
  /**
   * Starts the session, and linking if no session is saved. A call during a start waits for that start.
   * Resolves at the first result (`qr`, `authenticated`, `ready`, or an error), at the latest after 25 s;
   * read the result from the status. Fails with `browser_not_found`, `logout_in_progress`, `shutting_down`.
   */
  start(): Promise<void>
  /**
   * Returns a pairing code for this number, or null if the account is linked already. Starts the session if
   * required. Resolves within 58 s. Fails as `start`, and with `session_exists`, `pairing_refused`,
   * `pairing_rate_limited`, `start_failed`, `whatsapp_error`, `whatsapp_timeout`.
   */
  requestPairingCode(phone: PhoneNumber): Promise<PairingCode | null>
  /**
   * Unlinks the device, closes the browser and deletes the profile. Works in every state, within 30 s.
   * Returns true if WhatsApp confirmed, false if not (the phone may still list the device), null if nothing
   * was linked.
   */
  logout(): Promise<boolean | null>
  /**
   * The engine of a ready and connected session. Fails with `not_linked`, `starting`, `not_connected`,
   * `not_supported_by_whatsapp_web`, `shutting_down`.
   */
  engine(): Engine
  /** What this build of WhatsApp Web is known to offer. Cheap. */
  abilities(): AbilitiesView
  /** Fails with `not_linked` unless a session is saved. */
  requireLinked(): void
  /** Calls `listener` after every change of the status. Returns the unsubscribe function. */
  onChange(listener: () => void): () => void
  /**
   * Closes the browser. The device stays linked. Resolves once the browser is closed, at the latest after 8 s.
   * Fails with `logout_in_progress`, `shutting_down`.
   */
  stop(): Promise<void>
  /** Closes the browser and starts again. Resolves and fails as {@link Session.start}. */
  restart(): Promise<void>
  /** Connects if a session is saved; for the server's start. Returns at once. */
  resume(): void
  /** Says why a session that does not run is not resumed (yet): the owner stopped it, or its turn has not come. */
  hold(why: 'stopped' | 'queued'): void
  /** Probes the engine at once; for callers whose request failed in a way that the engine may have caused. */
  suspect(): void
  /** Closes the browser and all timers for good. The device stays linked. */
  close(): Promise<void>
}

export type SessionOptions = {
  openEngine: OpenEngine
  authDir: AccountDir
  archive: Archive
  clock: Clock
  log: Log
  /** Absolute path; null if no browser was found. */
  chromeExecutable: string | null
  headless: boolean
  memory: MemoryLimits
  /** Returns the error code of the control database; null if there is no problem. */
  controlProblem?(): string | null
  /** Adapts the next step to the paths of the account. */
  words?(text: string): string
  /** Called when a caller starts the session, which ends a stop by its owner. Must not throw. */
  onStart?(): void
}

export function createSession(options: SessionOptions): Session {
  const { archive, authDir, clock, log, words = (text) => text } = options
  let state: SessionState = 'stopped'
  let since = clock.now()
  let reason: Reason | null = null
  let lastError: string | null = null
  let account: Account | null = null
  let version: string | null = null
  let restriction: Restriction | null = null
  let reconnectAt: number | null = null
  /** This start tries a profile without a marker: a QR code means that the profile holds no session. */
  let onTrial = false
  /** The profile outlives the end of its session. */
  let keepsProfile = false

  let engine: Engine | null = null
  /** Events of an engine that is not the current one are ignored. */
  let generation = 0
  /** Settles when every earlier engine is closed and its leftovers are removed. */
  let closed: Promise<void> = Promise.resolve()
  let loggingOut: Promise<boolean | null> | null = null
  let lastPairing: Promise<unknown> = Promise.resolve()
  let over = false

  const reconnects = createReconnects()
  const abilities = createAbilities(clock)
  const timers = createTimers<'offline' | 'restart' | 'probe' | 'well' | 'reconnect'>(clock)
  /** Runs on while no browser does. */
  const restrictionEnd = createTimers<'restriction'>(clock)
  const listeners = new Set<() => void>()
  const changes = createSessionChanges((to, why) => archive.take({ type: 'session', state: to, reason: why }))
  const memory = createMemoryWatch({
    limits: options.memory,
    clock,
    log,
    restart(detail) {
      finish('lost', 'memory', detail)
      launch()
    },
  })
  const pairing = createPairing(clock, options.headless, {
    changed,
    askForQr: () => void engine?.showQr(),
    startAnew() {
      log.info('the QR code expired and WhatsApp sent no new one; restarting the browser')
      dropEngine()
      scheduleReconnect('lost')
      changed()
    },
    expire: () => finish('stop', 'qr_expired', 'The QR code was not scanned in time.'),
    fail: (why, detail) => finish('refused', why, detail),
  })

  /** Applies the signal; ignores it if the table has no transition for it in this state. */
  function signal(what: Signal, why: { reason?: Reason; error?: string } = {}): void {
    const to = nextState(state, what)
    if (to === null) return log.debug({ state, signal: what }, 'a signal is ignored in this state')
    const from = state
    if (to !== from) since = clock.now()
    state = to
    reason = why.reason ?? null
    lastError = why.error ?? null
    if (to !== 'qr') pairing.clear()
    if (from !== to) log.info({ state: to, ...(reason === null ? {} : { reason }) }, 'session.changed')
    // The archive of an account that has just connected is open only after `follow`.
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

  /** Resolves once `when` holds after a change, or after `ms`. Never fails. */
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
        const detail = error instanceof AppError ? error.message : 'The browser could not be started.'
        if (isCurrent()) onEnded('start_failed', detail)
      })
  }

  /**
   * Drops the current engine: ignores its later events, runs `farewell`, closes its browser. The only way to
   * drop one.
   */
  function dropEngine(farewell: (leaving: Engine) => Promise<void> = async () => {}): void {
    generation += 1
    const leaving = engine
    engine = null
    memory.follow(null)
    archive.leave()
    if (leaving === null) return
    const gone = farewell(leaving).then(() => leaving.close())
    closed = Promise.all([closed, gone]).then(() => {})
  }

  /** Ends the current start or session for this reason. */
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
        // With no pairing code waiting, the page is only reconnecting and its QR codes continue.
        if (pairing.view()?.method === 'code') pairing.onCodeGone()
        return
      case 'passkey_asked':
        log.warn('WhatsApp requires a passkey to confirm the new device')
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
      case 'history_came':
      case 'contacts':
      case 'identity':
      case 'number':
        return archive.take(event)
      case 'missed':
        return archive.doubt()
      case 'checked':
        return abilities.onCheck(event.check)
      case 'restriction':
        return onRestriction(event.restriction)
      case 'outcome':
        if (event.failure !== null)
          log.warn({ ability: event.ability }, 'WhatsApp Web failed although nothing is missing')
        return abilities.onOutcome(event.ability, event.failure)
      case 'ended':
        return onEnded(event.end, event.detail)
    }
  }

  function onQr(text: string): void {
    if (authDir.saved() !== null) return onUnlinked()
    if (onTrial) return finish('stop', 'not_linked')
    pairing.onQr(text)
    signal('qr')
  }

  /**
   * A saved session shows a QR code: the phone no longer lists the device, or the browser could not read its profile. So the profile is
   * kept until another link succeeds.
   */
  function onUnlinked(): void {
    const free = authDir.freeBytes()
    if (free < LEAST_FREE_BYTES)
      return onEnded(
        'start_failed',
        `WhatsApp Web asks for a new link, but the disk of ${authDir.path} is full (${Math.floor(free / 2 ** 20)} MiB are free), so the browser may not have read its profile. Free disk space; the server tries again.`,
      )
    keepsProfile = true
    onEnded('logged_out', 'The phone no longer lists this device.')
  }

  function onReady(event: Extract<EngineEvent, { type: 'ready' }>): void {
    account = event.account
    version = event.whatsappWebVersion
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
    void authDir.dropAside()
    if (engine !== null) archive.follow(engine, toJid(event.account.wid), event.lid)
    memory.follow(engine)
    changes.note(state, reason, reconnects.attempt())
  }

  /** Nothing restarts because of it: that makes a restriction longer (waha#2166). */
  function onRestriction(next: Restriction | null): void {
    if (JSON.stringify(next) === JSON.stringify(restriction)) return
    restrictionEnd.clearAll()
    restriction = next
    log.info({ ...next }, next === null ? 'account.unrestricted' : 'account.restricted')
    archive.take({ type: 'restriction', restriction: next })
    if (next !== null && next.ends_at !== null)
      restrictionEnd.set('restriction', Math.max(0, Date.parse(next.ends_at) - clock.now()), () =>
        onRestriction(null),
      )
    changed()
  }

  function onConnection(value: boolean): void {
    timers.clear('offline')
    timers.clear('restart')
    if (value) {
      if (state === 'disconnected') signal('back')
    } else {
      archive.lost()
      timers.set('offline', OFFLINE_MS, () =>
        signal('lost', { reason: 'offline', error: 'The connection to WhatsApp was lost.' }),
      )
      timers.set('restart', RESTART_OFFLINE_MS, () =>
        onEnded('not_responding', 'The connection to WhatsApp was not restored in time.', 'offline'),
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
      if (!responding) return onEnded('not_responding', 'The WhatsApp Web page does not respond.')
      timers.set('probe', PROBE_EVERY_MS, probe)
    })
  }

  function onEnded(end: EngineEnd, detail: string, why?: Reason): void {
    if (end === 'logged_out') {
      const linkedAt = authDir.saved()?.linked_at ?? null
      forget()
      return finish('stop', 'logged_out', explainUnlink(detail, linkedAt, clock.now()))
    }
    if (authDir.saved() === null)
      return finish('stop', end === 'blocked' || end === 'unsupported' ? end : 'start_failed', detail)
    finish('lost', why ?? end, detail)
    if (end !== 'blocked') scheduleReconnect(end === 'conflict' || end === 'unsupported' ? end : 'lost')
    changed()
  }

  function scheduleReconnect(cause: Parameters<typeof reconnects.next>[1]): void {
    const wait = reconnects.next(clock.now(), cause)
    if (wait === null) return
    reconnectAt = clock.now() + wait
    timers.set('reconnect', wait, () => launch())
  }

  /** The device is no longer linked: removes the marker now, and the profile once the browser is closed. */
  function forget(): void {
    account = null
    restriction = null
    restrictionEnd.clearAll()
    authDir.unmark()
    dropEngine()
    const isKept = keepsProfile
    keepsProfile = false
    closed = closed.then(() => removeProfile(isKept))
  }

  async function removeProfile(isKept: boolean): Promise<void> {
    if (!isKept || authDir.setProfileAside() === null) await authDir.removeProfile()
  }

  function requireOpen(): void {
    if (over) fail('shutting_down')
    if (loggingOut !== null) fail('logout_in_progress', { retryAfterS: 5 })
  }

  function failUnsupported(): never {
    const { check } = abilities.view()
    return fail('not_supported_by_whatsapp_web', {
      ...(lastError === null ? {} : { detail: lastError }),
      facts: { whatsapp_web_version: check?.build ?? null, missing: check?.missing.link ?? [] },
    })
  }

  /** The state after an await, which the compiler cannot narrow correctly. */
  const current = (): SessionState => state
  const isConnected = () => engine?.connected() ?? false
  const isRunning = () => engine !== null || state === 'starting'

  async function start(waitMs = FIRST_RESULT_MS): Promise<void> {
    requireOpen()
    if (options.chromeExecutable === null) fail('browser_not_found')
    pairing.touch()
    options.onStart?.()
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
    // The caller has already received its timeout; a code that nothing displays would only end the previous
    // one.
    if (timeLeft() <= 0) fail('whatsapp_timeout')
    if (current() === 'ready') return null
    if (authDir.saved() !== null) fail('session_exists')
    await start(timeLeft())
    const now = current()
    if (now === 'authenticated' || now === 'ready') return null
    if (now === 'starting') fail('starting', { retryAfterS: 5 })
    if (reason === 'unsupported') failUnsupported()
    if (now !== 'qr' || engine === null) fail('start_failed', lastError === null ? {} : { detail: lastError })
    const mine = generation
    const code = await engine.requestPairingCode(phone).catch((error) => {
      if (mine !== generation) return null
      // A QR code was scanned in the meantime: no code is awaited any more.
      if (current() !== 'qr') throw error
      if (error instanceof AppError && error.code === 'pairing_refused') {
        finish('refused', 'link_refused', 'WhatsApp refused a pairing code for this number.')
      } else {
        // The request has ended the QR code that was shown before.
        pairing.onCodeGone()
      }
      throw error
    })
    if (code === null || mine !== generation) {
      fail('start_failed', { detail: lastError ?? 'The session was closed in the meantime.' })
    }
    if (current() !== 'qr') return null
    if (timeLeft() <= 0) {
      // The caller has already received its timeout: an undelivered code must not replace the QR code.
      pairing.onCodeGone()
      fail('whatsapp_timeout')
    }
    return pairing.onCode(code)
  }

  async function logout(): Promise<boolean | null> {
    const linked = authDir.saved() !== null
    // WhatsApp can still be informed through a saved session that is starting, but not through one that
    // hangs.
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
    // A browser that does not close in time is still ended. This response does not wait for it; a new start
    // does.
    await withDeadline(clock, 'Closing the browser', CLOSE_MS, closed).catch(() => {})
    return linked ? told : null
  }

  return {
    status() {
      const linked = authDir.saved() !== null
      const isReady = state === 'ready'
      const { hint, ...kept } = archive.view()
      const step =
        loggingOut === null || state === 'stopped'
          ? nextStep({
              state,
              reason,
              lastError,
              connected: isConnected(),
              restriction,
              hasPairingCode: pairing.view()?.method === 'code',
              linked,
              reconnecting: reconnectAt !== null,
              archiveHint: authDir.hint() ?? hint,
            })
          : 'Wait: the account is logging out.'
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
        connected: isReady && isConnected(),
        since_at: new Date(since).toISOString(),
        reason,
        next_step: step === null ? null : words(step),
        pairing: pairing.view(),
        reconnect:
          reconnectAt === null
            ? null
            : { attempt: reconnects.attempt(), next_attempt_at: new Date(reconnectAt).toISOString() },
        whatsapp_web_version: version,
        restriction,
        memory: memory.view(),
        control_problem: options.controlProblem?.() ?? null,
        ...kept,
      }
    },
    qr: () => pairing.qr(),
    pairingCode: () => pairing.code(),
    touch: () => pairing.touch(),
    start: () => start(),
    requestPairingCode(phone) {
      const deadline = clock.now() + PAIRING_MS
      // One at a time: each code ends the previous one.
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
      if (state === 'ready' && engine?.connected()) return engine
      if (authDir.saved() === null) fail('not_linked')
      if (reason === 'stopped')
        fail('not_connected', { hint: 'The account is stopped. POST /api/auth/start, then retry.' })
      if (reason === 'unsupported' || abilities.view().check?.missing.link) failUnsupported()
      if (state === 'starting' || state === 'authenticated') fail('starting', { retryAfterS: 5 })
      const wait = reconnectAt === null ? 5 : Math.ceil((reconnectAt - clock.now()) / 1000) + 5
      return fail('not_connected', { retryAfterS: Math.max(1, wait) })
    },
    abilities: abilities.view,
    requireLinked() {
      if (authDir.saved() === null) fail('not_linked')
    },
    onChange,
    async stop() {
      requireOpen()
      reconnects.reset()
      finish('stop', 'stopped')
      await withDeadline(clock, 'Closing the browser', CLOSE_MS, closed).catch(() => {})
    },
    async restart() {
      requireOpen()
      finish('stop', 'stopped')
      await start()
    },
    hold(why) {
      if (state === 'stopped') signal('stop', { reason: why })
    },
    resume() {
      const canStart = options.chromeExecutable !== null && !isRunning()
      if (canStart && authDir.saved() !== null) launch()
      else if (canStart && authDir.hasUnmarkedProfile()) launch(true)
      // Its turn has come, and there is nothing to start.
      else if (reason === 'queued') signal('stop')
    },
    suspect() {
      if (state === 'ready' || state === 'authenticated') probe()
    },
    async close() {
      over = true
      // Finish a logout that has begun: half of one leaves a device that is linked but unusable.
      await loggingOut?.catch(() => {})
      timers.clearAll()
      restrictionEnd.clearAll()
      pairing.clear()
      dropEngine()
      await closed
      await archive.close()
    },
  }
}
