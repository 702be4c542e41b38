/** The session of one linked account, for its callers: start, link, use, stop, log out. */
import { createDeferred, withDeadline } from '../clock.ts'
import type { Engine } from '../engine/engine.ts'
import { fail } from '../errors.ts'
import type { PhoneNumber } from '../model/ids.ts'
import type { Status } from '../model/status.ts'
import type { AbilitiesView } from './abilities.ts'
import type { PairingCode } from './pairing.ts'
import { createPairingRequests } from './pairing-request.ts'
import { createSessionRunner, type RunnerOptions } from './session-runner.ts'
import { toStatus } from './standing.ts'

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
  /** Sets why a stopped session does not connect by itself: its owner stopped it, or it waits for its turn. */
  setIdleReason(why: 'stopped' | 'queued'): void
  /** Probes the engine at once; for callers whose request failed in a way that the engine may have caused. */
  probeNow(): void
  /** WhatsApp did not acknowledge a message in time: probes the engine at once. After three in a row, the browser restarts. */
  unacked(): void
  /** When WhatsApp's server last answered, Unix ms; null if it was not asked yet. */
  answeredAt(): number | null
  /**
   * The server stops: callers that wait for a start or a pairing code fail with `shutting_down`. The session goes on until
   * {@link Session.close}.
   */
  endWaits(): void
  /** Closes the browser and all timers for good. The device stays linked. */
  close(): Promise<void>
}

export type SessionOptions = RunnerOptions & {
  /** Absolute path; null if no browser was found. */
  chromeExecutable: string | null
  /** Returns the error code of the control database; null if there is no problem. */
  controlProblem?(): string | null
  /** Adapts the next step to the paths of the account. */
  words?(text: string): string
  /** Called when a caller starts the session, which ends a stop by its owner. Must not throw. */
  onStart?(): void
}

export function createSession(options: SessionOptions): Session {
  const { archive, authDir, clock, words = (text) => text } = options
  const runner = createSessionRunner(options)
  const { link, abilities, listeners, reconnecting, engines, connection, pairing, standing } = runner
  let loggingOut: Promise<boolean | null> | null = null
  /** The server stops: callers that wait for a start get an error, and can begin no other. */
  let isEnding = false
  const ending = createDeferred<void>()
  /** The session is closed for good. */
  let isClosed = false

  const requestPairingCode = createPairingRequests({
    clock,
    engines,
    pairing,
    isLinked: link.isSaved,
    standing,
    loaded: (waitMs) => listeners.waitUntil(() => isEnding || !isUnderWay(), waitMs),
    start,
    requireOpen: requireStarting,
    ending: ending.promise,
    onRefused: () =>
      runner.finish('refused', 'link_refused', 'WhatsApp refused a pairing code for this number.'),
    failUnsupported,
  })

  function requireOpen(): void {
    if (isClosed) fail('shutting_down')
    if (isEnding && isUnderWay()) fail('shutting_down')
    if (loggingOut !== null) fail('logout_in_progress', { retryAfterS: 5 })
  }

  /** As {@link requireOpen}, for callers that may open a browser. */
  function requireStarting(): void {
    if (isEnding) fail('shutting_down')
    requireOpen()
  }

  function failUnsupported(): never {
    const { check } = abilities.view()
    const { lastError } = standing()
    return fail('not_supported_by_whatsapp_web', {
      ...(lastError === null ? {} : { detail: lastError }),
      facts: { whatsapp_web_version: check?.build ?? null, missing: check?.missing.link ?? [] },
    })
  }

  const isUnderWay = () => standing().state === 'starting' || standing().state === 'authenticated'
  const isRunning = () => engines.current() !== null || standing().state === 'starting'
  const closeInTime = () =>
    withDeadline(clock, 'Closing the browser', CLOSE_MS, engines.closed()).catch(() => {})

  async function start(waitMs = FIRST_RESULT_MS): Promise<void> {
    requireStarting()
    if (options.chromeExecutable === null) fail('browser_not_found')
    pairing.touch()
    options.onStart?.()
    if (!isRunning()) {
      reconnecting.reset()
      runner.launch()
    }
    runner.endTrial()
    await listeners.waitUntil(() => isEnding || standing().state !== 'starting', waitMs)
    if (isEnding && standing().state === 'starting') fail('shutting_down')
  }

  async function logout(): Promise<boolean | null> {
    const linked = link.isSaved()
    // WhatsApp can still be informed through a saved session that is starting, but not through one that
    // hangs.
    if (linked && isRunning()) await listeners.waitUntil(() => !isUnderWay(), LOGOUT_WAIT_MS)
    runner.stopTimers()
    let told = false
    const loggedOut = new Promise<void>((resolve) => {
      if (engines.current() === null) return resolve()
      engines.drop(async (leaving) => {
        told = await leaving.logout()
        resolve()
      })
      listeners.tell()
    })
    await loggedOut
    runner.forget()
    runner.signal('stop')
    reconnecting.reset()
    // A browser that does not close in time is still ended. This response does not wait for it; a new start
    // does.
    await closeInTime()
    return linked ? told : null
  }

  return {
    status() {
      // Each field by its name: a spread after other fields takes as long as all else here.
      const { hint, sync, archive: seen } = archive.view()
      return toStatus({
        ...runner.view(),
        isLoggingOut: loggingOut !== null,
        authDir: authDir.path,
        chromeExecutable: options.chromeExecutable,
        isHeadless: options.headless,
        repair: authDir.hint() ?? hint,
        controlProblem: options.controlProblem?.() ?? null,
        words,
        sync,
        archive: seen,
      })
    },
    qr: () => pairing.qr(),
    pairingCode: () => pairing.code(),
    touch: () => pairing.touch(),
    start: () => start(),
    requestPairingCode,
    logout() {
      if (isClosed) fail('shutting_down')
      loggingOut ??= logout().finally(() => {
        loggingOut = null
      })
      return loggingOut
    },
    engine() {
      requireOpen()
      const { state, reason } = standing()
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
      runner.finish('stop', 'stopped')
      await closeInTime()
    },
    async restart() {
      requireStarting()
      runner.finish('stop', 'stopped')
      await start()
    },
    setIdleReason(why) {
      if (standing().state === 'stopped') runner.signal('stop', { reason: why })
    },
    resume() {
      const canStart = options.chromeExecutable !== null && !isRunning()
      if (canStart && link.isSaved()) runner.launch()
      else if (canStart && authDir.hasUnmarkedProfile()) runner.launch(true)
      // Its turn has come, and there is nothing to start.
      else if (standing().reason === 'queued') runner.signal('stop')
    },
    probeNow() {
      if (standing().state === 'ready' || standing().state === 'authenticated') connection.probe()
    },
    unacked() {
      if (standing().state === 'ready') connection.onAck(false)
    },
    answeredAt: connection.answeredAt,
    endWaits() {
      isEnding = true
      ending.resolve()
      listeners.tell()
    },
    async close() {
      isClosed = true
      // Finish a logout that has begun: half of one leaves a device that is linked but unusable.
      await loggingOut?.catch(() => {})
      await runner.close()
      await archive.close()
    },
  }
}
