/** The session of one linked account: runs the state machine, owns the engine and reconnects. */
import { type Clock, withDeadline } from '../clock.ts'
import type { Engine, EngineEnd, EngineEvent, OpenEngine } from '../engine/engine.ts'
import { AppError, fail } from '../errors.ts'
import type { Log } from '../log.ts'
import { type PhoneNumber, toJid } from '../model/ids.ts'
import type { Account, Reason, Status } from '../model/status.ts'
import { type AbilitiesView, createAbilities } from './abilities.ts'
import type { AccountDir } from './account-dir.ts'
import type { Archive } from './archive.ts'
import { createConnectionWatch } from './connection-watch.ts'
import { explainUnlink } from './early-unlink.ts'
import { createEngines } from './engines.ts'
import { createLink } from './link.ts'
import { createListeners } from './listeners.ts'
import { nextState, type Signal } from './machine.ts'
import { createMemoryWatch, type MemoryLimits } from './memory-watch.ts'
import { hadNoNetwork } from './next-step.ts'
import { createPairing, type PairingCode } from './pairing.ts'
import { createPairingRequests } from './pairing-request.ts'
import { createReconnecting } from './reconnecting.ts'
import { createRestrictionWatch } from './restriction-watch.ts'
import { createSessionChanges } from './session-changes.ts'
import { type Standing, toStatus } from './standing.ts'

/** The longest time that `start` waits for the first result of a start. */
const FIRST_RESULT_MS = 25_000
/**
 * Parts of a logout's 30 s: a session that still starts gets 5 s, the engine's logout 15 s, closing the
 * browser 8 s.
 */
const LOGOUT_WAIT_MS = 5_000
const CLOSE_MS = 8_000
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
  setIdleReason(why: 'stopped' | 'queued'): void
  /** Probes the engine at once; for callers whose request failed in a way that the engine may have caused. */
  probeNow(): void
  /** A message got no ack of WhatsApp in time: probes the engine at once. After three in a row, the browser restarts. */
  unacked(): void
  /** When WhatsApp's server last answered, Unix ms; null if it was not asked yet. */
  answeredAt(): number | null
  /** The server stops: callers that wait for a start fail with `shutting_down`. The session goes on until {@link Session.close}. */
  endWaits(): void
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
  let standing: Standing = { state: 'stopped', since: clock.now(), reason: null, lastError: null }
  let account: Account | null = null
  let version: string | null = null
  /** This start tries a profile without a marker: a QR code means that the profile holds no session. */
  let onTrial = false
  let loggingOut: Promise<boolean | null> | null = null
  /** Callers that wait for a start are answered. */
  let isEnding = false
  let over = false

  const link = createLink(authDir, clock)
  const abilities = createAbilities(clock)
  const listeners = createListeners(clock)
  const changed = listeners.tell
  const reconnecting = createReconnecting(clock, () => launch())
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
  const engines = createEngines({
    openEngine: options.openEngine,
    log,
    onEvent,
    onFailed: (error) =>
      onEnded(
        'start_failed',
        error instanceof AppError ? error.message : 'The browser could not be started.',
      ),
    onDrop() {
      memory.follow(null)
      archive.leave()
    },
  })
  const connection = createConnectionWatch(clock, engines, log, {
    onBack() {
      if (standing.state === 'disconnected') signal('back')
    },
    onLost: archive.lost,
    onOffline: () => signal('lost', { reason: 'offline', error: 'The connection to WhatsApp was lost.' }),
    onSilent: (detail, why) => onEnded('not_responding', detail, why),
  })
  // Nothing restarts because of one: that makes a restriction longer (waha#2166).
  const restriction = createRestrictionWatch(clock, (next) => {
    log.info({ ...next }, next === null ? 'account.unrestricted' : 'account.restricted')
    archive.take({ type: 'restriction', restriction: next })
    changed()
  })
  const pairing = createPairing(clock, options.headless, {
    changed,
    askForQr: () => void engines.current()?.showQr(),
    startAnew() {
      log.info('the QR code expired and WhatsApp sent no new one; restarting the browser')
      engines.drop()
      reconnecting.plan('lost')
      changed()
    },
    expire: () => finish('stop', 'qr_expired', 'The QR code was not scanned in time.'),
    fail: (why, detail) => finish('refused', why, detail),
  })
  const requestPairingCode = createPairingRequests({
    clock,
    engines,
    pairing,
    isLinked: link.isSaved,
    standing: () => standing,
    loaded: (waitMs) => listeners.waitUntil(() => isEnding || !isUnderWay(), waitMs),
    start,
    requireOpen,
    onRefused: () => finish('refused', 'link_refused', 'WhatsApp refused a pairing code for this number.'),
    failUnsupported,
  })

  /** Applies the signal; ignores it if the table has no transition for it in this state. */
  function signal(what: Signal, why: { reason?: Reason; error?: string } = {}): void {
    const { state: from } = standing
    const to = nextState(from, what)
    if (to === null) return log.debug({ state: from, signal: what }, 'a signal is ignored in this state')
    standing = {
      state: to,
      since: to === from ? standing.since : clock.now(),
      reason: why.reason ?? null,
      lastError: why.error ?? null,
    }
    const { reason } = standing
    if (to !== 'qr') pairing.clear()
    if (from !== to) log.info({ state: to, ...(reason === null ? {} : { reason }) }, 'session.changed')
    // The archive of an account that has just connected is open only after `follow`.
    if (what !== 'ready') noteChange()
    changed()
  }

  function noteChange(): void {
    changes.note(standing.state, standing.reason, reconnecting.attempt())
  }

  function stopTimers(): void {
    reconnecting.cancel()
    connection.stop()
  }

  function launch(trial = false): void {
    stopTimers()
    onTrial = trial
    engines.drop()
    signal('start')
    engines.open()
  }

  /** Ends the current start or session for this reason. */
  function finish(how: Signal, why: Reason, detail?: string): void {
    engines.drop()
    stopTimers()
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
        return link.remember()
      case 'ready':
        return onReady(event)
      case 'connection':
        connection.onConnection(event.connected)
        return changed()
      case 'ack':
        if (event.ack >= 1) connection.onAck(true)
        return archive.take(event)
      case 'missed':
        return archive.doubt()
      case 'checked':
        return abilities.onCheck(event.check)
      case 'restriction':
        return restriction.set(event.restriction)
      case 'outcome':
        if (event.failure !== null)
          log.warn({ ability: event.ability }, 'WhatsApp Web failed although nothing is missing')
        return abilities.onOutcome(event.ability, event.failure)
      case 'ended':
        return onEnded(event.end, event.detail)
      default:
        return archive.take(event)
    }
  }

  function onQr(text: string): void {
    if (link.isSaved()) return onUnlinked()
    if (onTrial) return finish('stop', 'not_linked')
    pairing.onQr(text)
    signal('qr')
  }

  function onUnlinked(): void {
    const doubt = link.uncertainty()
    if (doubt !== null) onEnded('start_failed', doubt)
    else onEnded('logged_out', 'The phone no longer lists this device.')
  }

  function onReady(event: Extract<EngineEvent, { type: 'ready' }>): void {
    account = event.account
    version = event.whatsappWebVersion
    signal('ready')
    reconnecting.settle()
    connection.start()
    link.confirm(event.account.wid)
    const engine = engines.current()
    if (engine !== null) archive.follow(engine, toJid(event.account.wid), event.lid)
    memory.follow(engine)
    noteChange()
  }

  function onEnded(end: EngineEnd, detail: string, why?: Reason): void {
    if (end === 'logged_out') {
      const linkedAt = link.linkedAt()
      forget()
      return finish('stop', 'logged_out', explainUnlink(detail, linkedAt, clock.now()))
    }
    if (!link.isSaved())
      return finish('stop', end === 'blocked' || end === 'unsupported' ? end : 'start_failed', detail)
    finish('lost', why ?? end, detail)
    const lost = hadNoNetwork(why ?? end, detail) ? 'unreached' : 'lost'
    if (end !== 'blocked') reconnecting.plan(end === 'conflict' || end === 'unsupported' ? end : lost)
    changed()
  }

  /** The device is no longer linked: removes the marker now, and the profile once the browser is closed. */
  function forget(): void {
    account = null
    restriction.forget()
    const removeProfile = link.forget()
    engines.drop()
    engines.afterwards(removeProfile)
  }

  function requireOpen(): void {
    if (over) fail('shutting_down')
    if (isEnding && isUnderWay()) fail('shutting_down')
    if (loggingOut !== null) fail('logout_in_progress', { retryAfterS: 5 })
  }

  function failUnsupported(): never {
    const { check } = abilities.view()
    const { lastError } = standing
    return fail('not_supported_by_whatsapp_web', {
      ...(lastError === null ? {} : { detail: lastError }),
      facts: { whatsapp_web_version: check?.build ?? null, missing: check?.missing.link ?? [] },
    })
  }

  const isUnderWay = () => standing.state === 'starting' || standing.state === 'authenticated'
  const isConnected = () => engines.current()?.connected() ?? false
  const isRunning = () => engines.current() !== null || standing.state === 'starting'
  const closeInTime = () =>
    withDeadline(clock, 'Closing the browser', CLOSE_MS, engines.closed()).catch(() => {})

  async function start(waitMs = FIRST_RESULT_MS): Promise<void> {
    requireOpen()
    if (options.chromeExecutable === null) fail('browser_not_found')
    pairing.touch()
    options.onStart?.()
    if (!isRunning()) {
      reconnecting.reset()
      launch()
    }
    onTrial = false
    await listeners.waitUntil(() => isEnding || standing.state !== 'starting', waitMs)
    if (isEnding && standing.state === 'starting') fail('shutting_down')
  }

  async function logout(): Promise<boolean | null> {
    const linked = link.isSaved()
    // WhatsApp can still be informed through a saved session that is starting, but not through one that
    // hangs.
    if (linked && isRunning()) await listeners.waitUntil(() => !isUnderWay(), LOGOUT_WAIT_MS)
    stopTimers()
    let told = false
    const loggedOut = new Promise<void>((resolve) => {
      if (engines.current() === null) return resolve()
      engines.drop(async (leaving) => {
        told = await leaving.logout()
        resolve()
      })
      changed()
    })
    await loggedOut
    forget()
    signal('stop')
    reconnecting.reset()
    // A browser that does not close in time is still ended. This response does not wait for it; a new start
    // does.
    await closeInTime()
    return linked ? told : null
  }

  return {
    status() {
      const { hint, ...kept } = archive.view()
      return toStatus({
        standing,
        account,
        isLinked: link.isSaved(),
        isConnected: isConnected(),
        provenAt: connection.provenAt(),
        isLoggingOut: loggingOut !== null,
        hasQr: pairing.qr() !== null,
        pairing: pairing.view(),
        reconnect: reconnecting.view(),
        restriction: restriction.view(),
        whatsappWebVersion: version,
        memory: memory.view(),
        authDir: authDir.path,
        chromeExecutable: options.chromeExecutable,
        isHeadless: options.headless,
        repair: authDir.hint() ?? hint,
        controlProblem: options.controlProblem?.() ?? null,
        words,
        ...kept,
      })
    },
    qr: () => pairing.qr(),
    pairingCode: () => pairing.code(),
    touch: () => pairing.touch(),
    start: () => start(),
    requestPairingCode,
    logout() {
      if (over) fail('shutting_down')
      loggingOut ??= logout().finally(() => {
        loggingOut = null
      })
      return loggingOut
    },
    engine() {
      requireOpen()
      const { state, reason } = standing
      const engine = engines.current()
      if (state === 'ready' && engine?.connected()) return engine
      if (!link.isSaved()) fail('not_linked')
      if (reason === 'stopped')
        fail('not_connected', { hint: 'The account is stopped. POST /api/auth/start, then retry.' })
      if (reason === 'unsupported' || abilities.view().check?.missing.link) failUnsupported()
      if (state === 'starting' || state === 'authenticated') fail('starting', { retryAfterS: 5 })
      return fail('not_connected', {
        retryAfterS: Math.max(1, Math.ceil((reconnecting.dueMs() ?? 0) / 1000) + 5),
      })
    },
    abilities: abilities.view,
    requireLinked() {
      if (!link.isSaved()) fail('not_linked')
    },
    onChange: listeners.add,
    async stop() {
      requireOpen()
      reconnecting.reset()
      finish('stop', 'stopped')
      await closeInTime()
    },
    async restart() {
      requireOpen()
      finish('stop', 'stopped')
      await start()
    },
    setIdleReason(why) {
      if (standing.state === 'stopped') signal('stop', { reason: why })
    },
    resume() {
      const canStart = options.chromeExecutable !== null && !isRunning()
      if (canStart && link.isSaved()) launch()
      else if (canStart && authDir.hasUnmarkedProfile()) launch(true)
      // Its turn has come, and there is nothing to start.
      else if (standing.reason === 'queued') signal('stop')
    },
    probeNow() {
      if (standing.state === 'ready' || standing.state === 'authenticated') connection.probe()
    },
    unacked() {
      if (standing.state === 'ready') connection.onAck(false)
    },
    answeredAt: connection.answeredAt,
    endWaits() {
      isEnding = true
      changed()
    },
    async close() {
      over = true
      // Finish a logout that has begun: half of one leaves a device that is linked but unusable.
      await loggingOut?.catch(() => {})
      stopTimers()
      restriction.stop()
      pairing.clear()
      engines.drop()
      await engines.closed()
      await archive.close()
    },
  }
}
